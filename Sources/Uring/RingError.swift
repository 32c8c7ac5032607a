// RingError — the kernel refused a ring; what to say and do about it.

import CSystem
import Glibc

/// Why there is no ring. The sentence names the cause and what to allow.
package enum RingError: Error, Equatable, Sendable {
    case unsupported  // ENOSYS: no such system call, or filtered so
    case forbidden  // EPERM, EACCES: seccomp profile or kernel.io_uring_disabled
    case memory  // ENOMEM: RLIMIT_MEMLOCK, even for the smallest ring
    case refused(operation: String, errno: Int32)

    package init(operation: String, errno: Int32) {
        switch errno {
        case ENOSYS: self = .unsupported
        case EPERM, EACCES: self = .forbidden
        case ENOMEM: self = .memory
        default: self = .refused(operation: operation, errno: errno)
        }
    }

    /// One sentence for the log and the terminal.
    package var sentence: String {
        let allow =
            "allow the system calls io_uring_setup, io_uring_enter and io_uring_register"
        switch self {
        case .unsupported:
            return "io_uring is not available (ENOSYS): the kernel is older than 5.19 or a "
                + "container profile hides it; \(allow)"
        case .forbidden:
            return "io_uring is forbidden (EPERM): a seccomp profile denies it or "
                + "kernel.io_uring_disabled is 1 or 2; \(allow) and set the sysctl to 0"
        case .memory:
            return "io_uring found no memory (ENOMEM): raise RLIMIT_MEMLOCK "
                + "(LimitMEMLOCK=infinity in a systemd unit)"
        case .refused(let operation, let errno):
            let text = unsafe String(cString: carillon_error_text(errno))
            return "io_uring refused \(operation): errno \(errno) (\(text))"
        }
    }
}
