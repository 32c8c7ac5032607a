// HTTPBackEnd — one application as dialects see it, reached through an ``HTTPLink``.
//
// `send` decides on the caller's thread, under a short lock, whether a request is taken; the link's
// thread does everything else. No completion is called while a lock is held.

internal import Bytes
internal import CSystem
package import DialectKit
internal import Lockfree
package import Telemetry

/// An HTTP application. Made by ``HTTPLink/add(_:)``.
package final class HTTPBackEnd: BackEnd {
    typealias Completion = @Sendable (Result<BackEndAnswer, BackEndFailure>) -> Void

    package let settings: HTTPBackEndSettings
    /// Connected means: its circuit is closed, or it was found to accept connections again.
    package let status: LinkStatus
    /// Where it answered last. When its name cannot be looked up, that is where to go on asking.
    let lastAddress = Guarded<String?>(nil)
    private let waker: Waker
    private let desk: Guarded<Desk>

    package var name: String { settings.name }

    /// Its requests, and what of them the status has been told.
    private struct Desk {
        var admission: Admission<Completion>
        var told = Admission<Completion>.Figures()
    }

    init(_ settings: HTTPBackEndSettings, waker: Waker, seed: UInt64) {
        self.settings = settings
        self.waker = waker
        status = LinkStatus(kind: .http, name: settings.name, isConnected: true)
        desk = Guarded(Desk(admission: Admission(settings, seed: seed)))
    }

    /// Sends a request, or joins one.
    ///
    /// A request that cannot be put on the wire as it is (a line end in a header value, a target
    /// that leads to another host) is not sent: ``BackEndFailure/unreachable(_:)`` says why.
    @discardableResult
    package func send(
        _ request: BackEndRequest,
        _ completion: @escaping @Sendable (Result<BackEndAnswer, BackEndFailure>) -> Void
    ) -> any BackEndTicket {
        let question: Question
        do throws(RequestError) {
            question = try Question(request, for: settings)
        } catch {
            status.count(.failures)
            completion(.failure(.unreachable(error.sentence)))
            return Ticket(nil, 0)
        }
        let now = carillon_monotonic_now()
        let submission = update { admission in
            admission.submit(
                question, isShared: request.isShared, timeLimit: request.timeLimit,
                asker: completion, now: now)
        }
        switch submission {
        case .admitted(let number): return Ticket(self, number)
        case .refused(let failure):
            completion(.failure(failure))
            return Ticket(nil, 0)
        }
    }

    private final class Ticket: BackEndTicket {
        private let backEnd: HTTPBackEnd?
        private let number: UInt64

        init(_ backEnd: HTTPBackEnd?, _ number: UInt64) {
            self.backEnd = backEnd
            self.number = number
        }

        func cancel() { backEnd?.update { [number] in $0.cancel(number) } }
    }

    /// Changes the requests and wakes the link's thread if that gives it something to do.
    private func update<R>(_ change: (inout Admission<Completion>) -> R) -> R {
        let (result, wakes) = desk.withLock { desk in
            let result = change(&desk.admission)
            tell(&desk)
            return (result, desk.admission.wantsTurn)
        }
        if wakes { waker.wake() }
        return result
    }

    /// Carries the figures over to the status. Under the lock, so that none goes back in time.
    private func tell(_ desk: inout Desk) {
        status.isConnected = desk.admission.isServing
        let new = desk.admission.figures
        let old = desk.told
        guard new != old else { return }
        status.count(.requests, new.requests - old.requests)
        status.count(.shared, new.shared - old.shared)
        status.count(.failures, new.failures - old.failures)
        status.count(.breaks, new.breaks - old.breaks)
        status.count(.inFlight, new.inFlight - old.inFlight)
        status.count(.waiting, new.waiting - old.waiting)
        desk.told = new
    }

    // MARK: - The link's thread

    /// What there is to do now. The caller completes the endings.
    func turn(now: UInt64) -> Admission<Completion>.Turn {
        change { $0.turn(now: now) }
    }

    func finish(_ flight: UInt64, _ outcome: FlightOutcome, now: UInt64) {
        change { $0.finish(flight, outcome, now: now) }
    }

    func knocked(isConnected: Bool, now: UInt64) {
        change { $0.knocked(isConnected: isConnected, now: now) }
    }

    func stop() {
        change { $0.stop() }
    }

    /// As ``update(_:)``, by the one who need not be woken.
    private func change<R>(_ change: (inout Admission<Completion>) -> R) -> R {
        desk.withLock { desk in
            let result = change(&desk.admission)
            tell(&desk)
            return result
        }
    }
}
