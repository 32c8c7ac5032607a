// HTTPLink — all HTTP back ends of a server, on one thread through libcurl's multi interface.
//
// The thread starts with the first back end and lives until `stop`; it blocks all signals. What
// is asked of it and when is decided by each back end's ``Admission``.

internal import CSystem
internal import Glibc
internal import Lockfree

/// Why there is no back end.
package enum HTTPLinkError: Error, Equatable {
    /// What is wrong with the settings; a sentence.
    case settings(String)
    /// No memory, no descriptors or no thread was to be had.
    case system(errno: Int32)
    case stopped

    package var sentence: String {
        switch self {
        case .settings(let sentence): sentence
        case .system(let errno):
            "its thread cannot be started: \(unsafe String(cString: carillon_error_text(errno)))"
        case .stopped: "the link has been stopped"
        }
    }
}

/// A thread that asks back ends. To be stopped when it is no longer needed.
package final class HTTPLink: Sendable {
    private struct State {
        var backEnds: [HTTPBackEnd] = []
        var waker: Waker?
        var thread: pthread_t?
        var isStopped = false
    }

    private let state = Guarded(State())

    package init() {}

    /// Adds a back end; the first one starts the thread.
    package func add(
        _ settings: HTTPBackEndSettings
    ) throws(HTTPLinkError) -> HTTPBackEnd {
        if let problem = settings.problem { throw .settings(problem) }
        let backEnd = try state.withLock { state throws(HTTPLinkError) in
            if state.isStopped { throw .stopped }
            let waker: Waker
            if let started = state.waker { waker = started } else { waker = try start(&state) }
            let backEnd = HTTPBackEnd(settings, waker: waker, seed: .random(in: 0 ... .max))
            state.backEnds.append(backEnd)
            return backEnd
        }
        return backEnd
    }

    private func start(_ state: inout State) throws(HTTPLinkError) -> Waker {
        guard let multi = Multi() else { throw .system(errno: ENOMEM) }
        let waker = Waker(multi)
        let loop = LinkLoop(multi, waker) { [self] in roster }
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(loop).toOpaque()
        let status = unsafe pthread_create(&thread, nil, runLink, context)
        guard status == 0 else {
            unsafe Unmanaged<LinkLoop>.fromOpaque(context).release()
            throw .system(errno: status)
        }
        state.waker = waker
        state.thread = thread
        return waker
    }

    /// The back ends, and whether all is over.
    private var roster: (backEnds: [HTTPBackEnd], isStopped: Bool) {
        state.withLock { ($0.backEnds, $0.isStopped) }
    }

    /// Completes everything under way with ``BackEndFailure/stopped`` and closes all connections.
    ///
    /// Waits for the completions, unless it is called from one of them. Later requests are refused.
    package func stop() {
        let (thread, waker) = state.withLock { state in
            let ended = (state.thread, state.waker)
            state.isStopped = true
            state.thread = nil
            return ended
        }
        guard let thread, let waker else { return }
        waker.wake()
        if pthread_equal(thread, pthread_self()) != 0 {
            pthread_detach(thread)
        } else {
            pthread_join(thread, nil)
        }
    }
}

private func runLink(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context = unsafe context {
        unsafe carillon_prepare_thread("http-link", true)
        unsafe Unmanaged<LinkLoop>.fromOpaque(context).takeRetainedValue().run()
    }
    return nil
}
