// Predecessor — the process whose place this one takes, so that a new version serves without a gap.
//
// Both listen at the same addresses until the new one is ready; then the old one is told, and
// drains at once.

import Configuration
import Glibc

struct Predecessor {
    let process: pid_t

    /// Why a process is no predecessor.
    struct Problem: Error {
        let sentence: String
    }

    /// Only a carillon understands the signal, which ends other programs: nothing else blocks all of
    /// those that ours waits for.
    init(_ process: pid_t) throws(Problem) {
        guard process != getpid() else {
            throw Problem(sentence: "process \(process) is this one")
        }
        let status: String
        do throws(UnreadableFile) {
            status = try ConfigurationSource.read("/proc/\(process)/status")
        } catch {
            throw Problem(
                sentence: "process \(process) cannot be taken over from: there is none, or it is "
                    + "not to be seen (\(error.reason))")
        }
        guard Self.blocked(in: status) & SignalWaiter.mask == SignalWaiter.mask else {
            throw Problem(
                sentence: "process \(process) cannot be taken over from: it is no carillon, or one "
                    + "that does not know of successors")
        }
        self.process = process
    }

    /// The signals that the first thread of a process blocks, as a mask; 0 where they are not told.
    ///
    /// - Parameter status: What `/proc/PID/status` says (proc_pid_status(5)).
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
