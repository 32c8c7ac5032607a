// Wait — the one place where a client stands still: poll(2), with a deadline and a way out.
//
// A signal handler cannot say GOODBYE. It writes an octet into a pipe whose other end is the
// `interrupt` descriptor, and whoever waits throws `interrupted` and can.

internal import Glibc

/// How long to wait at most, and what ends it.
struct Wait {
    /// `nil`: for ever.
    var deadline: ContinuousClock.Instant?
    /// Readable when somebody wants us to stop. Never read.
    var interrupt: CInt?

    init(until deadline: ContinuousClock.Instant? = nil, interrupt: CInt? = nil) {
        self.deadline = deadline
        self.interrupt = interrupt
    }

    /// Waits until one descriptor is ready for `events`.
    ///
    /// - Returns: `false` when the time is over.
    /// - Throws: `interrupted`, or what poll refuses.
    func until(_ descriptor: CInt, _ events: CInt) throws(ClientError) -> Bool {
        var places = [pollfd(fd: descriptor, events: Int16(events), revents: 0)]
        return try until(&places)
    }

    /// Waits until one of several is ready; `revents` says which. Errors of a descriptor count as
    /// ready: the read that follows finds out.
    func until(_ places: inout [pollfd]) throws(ClientError) -> Bool {
        let count = places.count
        if let interrupt {
            places.append(pollfd(fd: interrupt, events: Int16(POLLIN), revents: 0))
        }
        defer { places.removeLast(places.count - count) }
        while true {
            let ready = unsafe poll(&places, nfds_t(places.count), milliseconds())
            if ready < 0 && errno != EINTR { throw .system(operation: "poll", code: errno) }
            guard ready >= 0 else { continue }
            if ready == 0, let deadline, deadline > .now { continue }  // longer than poll can
            if places.count > count, places[count].revents != 0 { throw .interrupted }
            return ready > 0
        }
    }

    /// The rest of the time, rounded up so that the last millisecond is not spent in circles.
    private func milliseconds() -> CInt {
        guard let deadline else { return -1 }
        let left = deadline - .now
        guard left > .zero else { return 0 }
        return CInt(clamping: Int64(min(left, .seconds(86_400)) / .milliseconds(1)) + 1)
    }
}
