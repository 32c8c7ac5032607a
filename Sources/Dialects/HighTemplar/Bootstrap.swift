// Bootstrap — a client that waits for what the API says about it (specification §2).
//
// The 101 waits as well, so an API that fails is an HTTP error to the client; one that says no is a
// WebSocket with a hello and a Close. Identical questions that are under way at the same time are
// one request (``BackEndRequest/isShared``).

import DialectKit
import Lockfree

internal final class Bootstrap: PendingOpening {
    private struct State {
        var ticket: (any BackEndTicket)?
        var isAbandoned = false
    }

    private let dialect: HighTemplarDialect
    private let api: any BackEnd
    private let headers: [(name: String, value: String)]
    private let presence: Presence?
    private let state = Guarded(State())

    init(of dialect: HighTemplarDialect, api: any BackEnd, for request: OpeningRequest) {
        self.dialect = dialect
        self.api = api
        headers = ForwardedHeaders.of(request, extra: dialect.settings.extraHeaders)
        presence =
            dialect.settings.notifiesAPI
            ? Presence(api: api, settings: dialect.settings, headers: headers) : nil
    }

    func begin(
        connection: UInt64,
        _ decide: @escaping @Sendable (@escaping @Sendable () -> OpeningDecision) -> Void
    ) {
        let settings = dialect.settings
        presence?.noteOnline()
        let ticket = api.send(
            BackEndRequest(
                method: "GET", target: settings.bootstrapTarget, headers: headers,
                timeLimit: settings.bootstrapTime, isShared: true)
        ) { result in
            let outcome = BootstrapOutcome(result, self.dialect.cache)
            decide { self.decision(outcome) }
        }
        // The answer may have been there already; a ticket that is kept for nothing goes with us.
        state.withLock { $0.ticket = ticket }
    }

    private func decision(_ outcome: BootstrapOutcome) -> OpeningDecision {
        let isAbandoned = state.withLock { state in
            state.ticket = nil
            return state.isAbandoned
        }
        if isAbandoned { return .refuse(Refusal(status: 503, body: "")) }
        switch outcome {
        case .authorized(let rooms):
            return .accept(
                HighTemplarSession(of: dialect, rooms: rooms, presence: presence), subprotocol: nil)
        case .rejected:
            return .accept(
                HighTemplarSession(of: dialect, rooms: nil, presence: presence), subprotocol: nil)
        case .failed(let refusal):
            presence?.noteOffline()
            return .refuse(refusal)
        }
    }

    func abandon() {
        let ticket = state.withLock { state in
            state.isAbandoned = true
            defer { state.ticket = nil }
            return state.ticket
        }
        // Outside the lock: the request may complete at once.
        ticket?.cancel()
        presence?.noteOffline()
    }
}
