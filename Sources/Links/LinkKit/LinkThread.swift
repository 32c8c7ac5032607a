// LinkThread — the thread a link lives on, and how it stands still.
//
// A link waits in exactly one place, `wait`: for its socket, for a deadline, or for somebody who
// wakes it through an eventfd. Stopping is polite first: the thread is woken and finishes what it
// began (acknowledgements above all). A thread that is inside a library call and does not come back
// in time finds its socket shut down, which ends every such call; one that looks up a name is left
// to itself.

internal import CSystem
internal import Glibc
internal import Lockfree
internal import Synchronization

/// Why ``LinkThread/wait(for:writing:until:)`` came back; empty when the time was over.
package struct LinkWake: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// There is something to read, be it an end or an error.
    package static let readable = LinkWake(rawValue: 1)
    package static let writable = LinkWake(rawValue: 2)
    /// Somebody called ``LinkThread/wake()`` or asked the thread to stop.
    package static let woken = LinkWake(rawValue: 4)
}

/// A thread with all signals blocked.
///
/// Safety: the two eventfds are opened in `init`, closed in `deinit`, and never changed. A running
/// thread holds a reference, so `deinit` comes after its end.
package final class LinkThread: Sendable {
    private struct State {
        var thread: pthread_t?
        /// A duplicate of the socket in use, so that its number is ours for as long as it is here.
        var exposed: CInt?
        /// It is inside a call that nothing ends.
        var isBeyondReach = false
    }

    /// What the system calls it, at most 15 octets.
    package let name: String
    private let wakeDescriptor: CInt
    private let overDescriptor: CInt
    private let stopping = Atomic<Bool>(false)
    private let state = Guarded(State())

    /// - Throws: The system has no descriptors left.
    package init(name: String) throws(LinkFailure) {
        let wake = carillon_eventfd()
        guard wake >= 0 else { throw LinkFailure("eventfd", errno: -wake) }
        let over = carillon_eventfd()
        guard over >= 0 else {
            close(wake)
            throw LinkFailure("eventfd", errno: -over)
        }
        self.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        wakeDescriptor = wake
        overDescriptor = over
    }

    deinit {
        close(wakeDescriptor)
        close(overDescriptor)
    }

    // MARK: - From other threads

    /// Runs `body` on the thread. Once only; ``stop(patience:)`` must follow.
    package func start(
        _ body: @escaping @Sendable (LinkThread) -> Void
    ) throws(LinkFailure) {
        let work = Work(thread: self, body: body)
        let context = unsafe Unmanaged.passRetained(work).toOpaque()
        // Held while the thread is made, so that it cannot be over before it is known.
        let status = state.withLock { state in
            precondition(state.thread == nil, "a link's thread starts once")
            var thread = pthread_t()
            let status = unsafe pthread_create(&thread, nil, runLink, context)
            if status == 0 { state.thread = thread }
            return status
        }
        guard status == 0 else {
            unsafe Unmanaged<Work>.fromOpaque(context).release()
            throw LinkFailure("a thread", errno: status)
        }
    }

    /// Ends the thread and waits for its end. Not from the thread itself. Calling it again, or
    /// without a start, does nothing.
    ///
    /// - Parameter patience: How long the thread may take to finish politely. What cannot be
    ///   interrupted (``beyondReach(_:)``) is not waited for any longer: the thread ends by itself
    ///   behind it, and does nothing more.
    package func stop(patience: Duration = .seconds(2)) {
        // A plain flag: what it protects is carried by the eventfd and by the join.
        stopping.store(true, ordering: .relaxed)
        wake()
        let thread = state.withLock { state in
            let thread = state.thread
            state.thread = nil
            return thread
        }
        guard let thread else { return }
        precondition(pthread_equal(thread, pthread_self()) == 0, "a thread cannot await itself")
        if waitOnce([pollfd(fd: overDescriptor, events: Int16(POLLIN), revents: 0)], patience)
            .isEmpty
        {
            let isBeyondReach = state.withLock { state in
                if let socket = state.exposed { _ = shutdown(socket, CInt(SHUT_RDWR)) }
                return state.isBeyondReach
            }
            if isBeyondReach {
                pthread_detach(thread)
                return
            }
        }
        pthread_join(thread, nil)
    }

    /// Makes the thread's `wait` come back.
    package func wake() { _ = carillon_eventfd_signal(wakeDescriptor) }

    // MARK: - On the thread

    package var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// Waits until `descriptor` is ready, somebody wakes the thread, or the time is over.
    ///
    /// - Parameters:
    ///   - descriptor: What to watch for something to read; `nil` to watch nothing.
    ///   - writing: Whether room to write is waited for as well.
    ///   - deadline: `nil` waits for as long as it takes.
    package func wait(
        for descriptor: CInt? = nil, writing: Bool = false,
        until deadline: ContinuousClock.Instant?
    ) -> LinkWake {
        // A wake-up may have been taken by a wait that was for something else.
        if isStopping { return .woken }
        var places = [pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0)]
        if let descriptor {
            let events = CInt(POLLIN) | (writing ? CInt(POLLOUT) : 0)
            places.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
        }
        while true {
            let left = deadline.map { max(.zero, $0 - .now) }
            let seen = waitOnce(places, left)
            if !seen.isEmpty { return seen }
            // An interrupted wait, or one longer than poll can.
            if let deadline, deadline <= .now { return [] }
        }
    }

    /// Waits for `time`, or until the thread is to stop. Other wake-ups do not shorten it.
    package func pause(_ time: Duration) {
        let deadline = ContinuousClock.now + time
        while !isStopping, deadline > .now { _ = wait(until: deadline) }
    }

    /// Lets ``stop(patience:)`` end the calls that use `descriptor`, until ``withdraw()``.
    package func expose(_ descriptor: CInt) {
        let copy = carillon_duplicate(descriptor)
        // Without a descriptor left for it, stopping is only slower.
        guard copy >= 0 else { return }
        state.withLock { state in
            precondition(state.exposed == nil)
            state.exposed = copy
        }
    }

    /// Runs what nothing can interrupt and nobody should wait for: a resolver may take half a
    /// minute for a name when no name server answers.
    package func beyondReach<R>(_ body: () -> R) -> R {
        state.withLock { $0.isBeyondReach = true }
        defer { state.withLock { $0.isBeyondReach = false } }
        return body()
    }

    package func withdraw() {
        state.withLock { state in
            if let copy = state.exposed { close(copy) }
            state.exposed = nil
        }
    }

    private func waitOnce(_ places: [pollfd], _ limit: Duration?) -> LinkWake {
        var places = places
        // Rounded up, so that the last millisecond is not spent in circles.
        let milliseconds = limit.map { limit in
            limit > .zero ? CInt(clamping: Int64(min(limit, day) / .milliseconds(1)) + 1) : 0
        }
        guard unsafe poll(&places, nfds_t(places.count), milliseconds ?? -1) > 0 else { return [] }
        var wake: LinkWake = []
        if places[0].revents != 0 {
            wake.insert(.woken)
            if places[0].fd == wakeDescriptor { drain() }
        }
        if places.count > 1 {
            let seen = CInt(places[1].revents)
            if seen & ~CInt(POLLOUT) != 0 { wake.insert(.readable) }
            if seen & CInt(POLLOUT) != 0 { wake.insert(.writable) }
        }
        return wake
    }

    private func drain() {
        var count: UInt64 = 0
        _ = unsafe read(wakeDescriptor, &count, MemoryLayout<UInt64>.size)
    }

    fileprivate func isOver() { _ = carillon_eventfd_signal(overDescriptor) }
}

private let day = Duration.seconds(86_400)

/// What a new thread is given.
private final class Work: Sendable {
    let thread: LinkThread
    let body: @Sendable (LinkThread) -> Void

    init(thread: LinkThread, body: @escaping @Sendable (LinkThread) -> Void) {
        self.thread = thread
        self.body = body
    }
}

private func runLink(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    let work = unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
    unsafe carillon_prepare_thread(work.thread.name, true)
    work.body(work.thread)
    work.thread.isOver()
    return nil
}
