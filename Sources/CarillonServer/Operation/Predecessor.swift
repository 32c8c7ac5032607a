// Predecessor — the process whose place this one takes, so that a new version serves without a gap.
//
// Both listen at the same addresses until the new one is ready; then the old one is told, and
// drains at once.

import Glibc

struct Predecessor {
    let process: pid_t

    /// Why a process is no predecessor.
    struct Problem: Error {
        let sentence: String
    }

    /// Only a carillon understands the signal, which ends other programs.
    init(_ process: pid_t) throws(Problem) {
        guard process != getpid() else {
            throw Problem(sentence: "process \(process) is this one")
        }
        guard let threads = Self.threads(of: process) else {
            throw Problem(
                sentence: "process \(process) cannot be taken over from: there is none, or it is "
                    + "not to be seen")
        }
        guard Self.understands(threads.filter { $0 != process }.compactMap(Self.status)) else {
            throw Problem(
                sentence: "process \(process) cannot be taken over from: it is no carillon, or one "
                    + "that does not know of successors")
        }
        self.process = process
    }

    /// Whether a process waits for our signals: then all its threads block them but the first,
    /// which fetches them. While it waits for them the kernel shows them as not blocked there.
    ///
    /// - Parameter statuses: What `/proc/TID/status` says (proc_pid_status(5)) of the other threads.
    static func understands(_ statuses: [String]) -> Bool {
        !statuses.isEmpty
            && statuses.allSatisfy { blocked(in: $0) & SignalWaiter.mask == SignalWaiter.mask }
    }

    private static func threads(of process: pid_t) -> [pid_t]? {
        guard let folder = unsafe opendir("/proc/\(process)/task") else { return nil }
        defer { unsafe closedir(folder) }
        var threads: [pid_t] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe String(cString: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
            }
            if let thread = pid_t(name) { threads.append(thread) }
        }
        return threads
    }

    /// `nil`: the thread has ended.
    private static func status(of thread: pid_t) -> String? {
        try? ConfigurationSource.read("/proc/\(thread)/status")
    }

    /// The signals that a thread blocks, as a mask; 0 where they are not told.
    static func blocked(in status: String) -> UInt64 {
        for line in status.split(separator: "\n") where line.hasPrefix("SigBlk:") {
            let digits = line.dropFirst("SigBlk:".count).drop { $0 == "\t" || $0 == " " }
            return UInt64(digits, radix: 16) ?? 0
        }
        return 0
    }

    /// Tells it that its place is taken.
    ///
    /// - Returns: `false` when it has ended meanwhile.
    func retire() -> Bool { kill(process, SignalWaiter.successorSignal) == 0 }
}
