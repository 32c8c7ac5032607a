// WAMPInterrupt — Ctrl-C as a descriptor that becomes readable, so that GOODBYE can be said.
//
// The handler writes one octet and nothing else. Whoever presses twice does not want to wait.

import Glibc

enum WAMPInterrupt {
    /// Written once, before a signal can come; read by the handler.
    nonisolated(unsafe) private static var writeEnd: CInt = -1
    /// Counted by the handler.
    nonisolated(unsafe) private static var count = 0

    /// Takes over INT, TERM and HUP; a reader of ours that is gone is an error of `write`.
    ///
    /// - Returns: A descriptor that can be read when one of them has come; `nil` without a pipe,
    ///   and then they end the process as usual.
    static func prepare() -> CInt? {
        signal(SIGPIPE, SIG_IGN)
        var ends: [CInt] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        unsafe writeEnd = ends[1]
        unsafe count = 0  // touched here first: a handler must not be the one that initializes it
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { _ in
                unsafe WAMPInterrupt.count += 1
                if unsafe WAMPInterrupt.count > 1 { _exit(130) }
                let error = errno
                _ = unsafe write(WAMPInterrupt.writeEnd, "!", 1)
                errno = error
            }
        }
        return ends[0]
    }
}
