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
        guard let status = Self.read("/proc/\(process)/status"),
            let threads = Self.threads(of: process)
        else {
            throw Problem(
                sentence: "process \(process) cannot be taken over from: there is none, or it is "
                    + "not to be seen")
        }
        guard Self.catches(SignalWaiter.successorSignal, status), threads.contains("core-0") else {
            throw Problem(
                sentence: "process \(process) cannot be taken over from: it is no carillon, or one "
                    + "that does not know of successors")
        }
        self.process = process
    }

    /// Whether a process has a handler for a signal, so that the signal does not end it.
    ///
    /// - Parameter status: What `/proc/PID/status` says (proc_pid_status(5)).
    static func catches(_ signal: Int32, _ status: String) -> Bool {
        for line in status.split(separator: "\n") where line.hasPrefix("SigCgt:") {
            let digits = line.dropFirst("SigCgt:".count).drop { $0 == "\t" || $0 == " " }
            let mask = UInt64(digits, radix: 16) ?? 0
            return mask & 1 << UInt64(signal - 1) != 0
        }
        return false
    }

    /// The names of its threads; `nil` when it cannot be seen.
    private static func threads(of process: pid_t) -> [String]? {
        guard let folder = unsafe opendir("/proc/\(process)/task") else { return nil }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let thread = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe String(cString: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
            }
            // Not there: "." and "..", or a thread that has ended.
            guard let name = read("/proc/\(process)/task/\(thread)/comm") else { continue }
            names.append(String(name.prefix { $0 != "\n" }))
        }
        return names
    }

    private static func read(_ path: String) -> String? { try? ConfigurationSource.read(path) }

    /// Tells it that its place is taken.
    ///
    /// - Returns: `false` when it has ended meanwhile.
    func retire() -> Bool { kill(process, SignalWaiter.successorSignal) == 0 }
}
