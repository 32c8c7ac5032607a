// ConnectQuestion — an endpoint whose back end decides whether a connection comes to be (§1.3).
//
// `POST` of EndpointContext's object with all headers. A status of 2xx accepts. Any other refuses
// with that status and the text `reason` of a JSON object, if the body is one; no answer at all is
// a failure that nobody expected.
//
// What the back end accepted exists, and is told to it when it ends (§4), also when the client had
// left before the answer came. So the question is three parties' business: the core that begins and
// abandons it, the link's thread that brings the answer, and the core once more, which opens.

import Bytes
import Codecs
import DialectKit
import Lockfree
import PathExpressions
import Rooms

internal final class ConnectQuestion: PendingOpening {
    private enum State {
        case asking((any BackEndTicket)?)
        /// The back end said yes to this connection; the core has not heard of it.
        case accepted(UInt64)
        /// There is a session, or a refusal, or nobody.
        case settled
        case abandoned
    }

    private let hook: ShampooHook
    private let dialect: ShampooDialect
    private let place: Int
    private let request: OpeningRequest
    private let match: PathMatch
    private let context: EndpointContext
    private let rooms: [Room]
    private let state = Guarded<State>(.asking(nil))

    init(
        _ hook: ShampooHook, _ dialect: ShampooDialect, at place: Int, _ request: OpeningRequest,
        _ match: PathMatch, _ context: EndpointContext, rooms: [Room]
    ) {
        self.hook = hook
        self.dialect = dialect
        self.place = place
        self.request = request
        self.match = match
        self.context = context
        self.rooms = rooms
    }

    func begin(
        connection: UInt64,
        _ decide: @escaping @Sendable (@escaping @Sendable () -> OpeningDecision) -> Void
    ) {
        let body = EndpointContext.question(
            dialect.endpoints[place], match, request, connection: connection)
        let ticket = hook.backEnd.send(BackEndRequest(hook, body: body)) { result in
            if let refusal = Self.refusal(result) {
                self.refused()
                decide { .refuse(refusal) }
            } else {
                self.accepted(connection)
                decide { self.open() }
            }
        }
        state.withLock { if case .asking = $0 { $0 = .asking(ticket) } }
    }

    /// The answer may be on its way. With an end to be told of, the question is left to end by
    /// itself: only so is it known whether there is one.
    func abandon() {
        let before = state.withLock { state in
            let before = state
            if case .settled = before { return before }
            state = .abandoned
            return before
        }
        switch before {
        case .asking(let ticket):
            if dialect.endpoints[place].disconnect == nil { ticket?.cancel() }
        case .accepted(let connection): dialect.tellEnd(of: connection, at: place, context)
        case .settled, .abandoned: break
        }
    }

    private func accepted(_ connection: UInt64) {
        let isTooLate = state.withLock { state in
            if case .asking = state {
                state = .accepted(connection)
                return false
            }
            return true
        }
        if isTooLate { dialect.tellEnd(of: connection, at: place, context) }
    }

    private func refused() { state.withLock { $0 = .settled } }

    private func open() -> OpeningDecision {
        let isThere = state.withLock { state in
            guard case .accepted = state else { return false }
            state = .settled
            return true
        }
        guard isThere else { return .refuse(.initializationCrashed) }
        let session = ShampooSession(of: dialect, at: place, context, rooms: rooms)
        return .accept(session, subprotocol: ShampooDialect.subprotocol)
    }

    /// What the client is refused with; `nil` accepts it.
    static func refusal(_ result: Result<BackEndAnswer, BackEndFailure>) -> Refusal? {
        guard case .success(let answer) = result else { return .initializationCrashed }
        if (200...299).contains(answer.status) { return nil }
        if let reason = reason(in: answer.body) {
            return .initialization(status: answer.status, reason: reason)
        }
        // Without a word about it, a status of the server's own failures is one.
        if answer.status == 500 { return .initializationCrashed }
        return .initialization(status: answer.status)
    }

    /// The text `reason` of a JSON object.
    private static func reason(in body: [UInt8]) -> String? {
        guard UTF8Checker.accepts(unsafe body.span.bytes) else { return nil }
        var scanner = JSONScanner(unsafe body.span.bytes)
        guard var members = try? scanner.beginObject() else { return nil }
        var reason: String?
        while let key = try? scanner.nextKey(&members) {
            guard let value = try? scanner.value() else { return nil }
            guard scanner.string(key, equals: "reason") else { continue }
            reason = nil
            guard value.kind == .string else { continue }
            reason = String(decoding: value.repairedText(in: scanner.text), as: UTF8.self)
        }
        return (try? scanner.end()) == nil || reason?.isEmpty == true ? nil : reason
    }
}
