// SignalWaiter — signals as events of a loop: blocked everywhere, fetched by one thread.
//
// No handler ever runs, so nothing happens between two instructions of something else.

import Glibc

enum ServiceSignal: Sendable {
    case terminate, interrupt, reload, status, drain
    /// A successor has taken our place.
    case succeeded
}

enum SignalWaiter {
    private static let numbers: [(Int32, ServiceSignal)] = [
        (SIGTERM, .terminate), (SIGINT, .interrupt), (SIGHUP, .reload), (SIGQUIT, .status),
        (SIGUSR1, .succeeded), (SIGUSR2, .drain),
    ]

    /// What a successor tells its predecessor by. It has a handler, which never runs, so that anybody
    /// can see that it does not end the process.
    static let successorSignal = SIGUSR1

    /// Blocks our signals. To be called before any other thread exists: threads inherit the mask.
    static func prepare() {
        var set = ours()
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(successorSignal) { _ in }
        // A log whose reader is gone is an error of `write`, not the end.
        signal(SIGPIPE, SIG_IGN)
    }

    /// The next signal; `nil` when `patience` (milliseconds) is over or anything else woke us.
    static func wait(patience: Int) -> ServiceSignal? {
        var set = ours()
        var limit = timespec(tv_sec: patience / 1000, tv_nsec: patience % 1000 * 1_000_000)
        let number = unsafe sigtimedwait(&set, nil, &limit)
        return numbers.first { $0.0 == number }?.1
    }

    private static func ours() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for (number, _) in numbers { unsafe sigaddset(&set, number) }
        return set
    }
}
