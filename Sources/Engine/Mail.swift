// Mail — what other threads ask of a core. Posting never blocks and never fails.

import Bytes
package import DialectKit
import Hub

/// One message to a core.
enum Mail: Sendable {
    /// Deliver to this core's subscribers.
    case publication(Publication, Receipt?)
    /// Answer the request that the connection waits for.
    case response(ConnectionID, Response)
    /// A call for a handler, to be begun here; what it has answered; that nobody waits any more.
    case invoke(HandlerParty, Invocation)
    case handled(HandlerParty, UInt64, CallOutcome)
    case interrupt(HandlerParty, UInt64)
    /// An opening that was waited for is decided.
    case opening(ConnectionID, @Sendable () -> OpeningDecision)
    /// A gate has answered the connection's question of this number.
    case permission(ConnectionID, UInt64, Bool)
    /// The dealer wants something of the connection's session.
    case dealt(ConnectionID, DealerAction)
    /// A note for the connection's session.
    case note(ConnectionID, any SessionNote)
    /// Stop accepting and close everybody by the plan.
    case drain(DrainPlan)
    /// Close what is left and end the thread.
    case stop
}

// Octets that mail of calls takes, about. Counted is the room of an item and what it carries; the
// dealer's words without a payload as well, since a flood of refusals is made of them.

extension DealerAction {
    var mailSize: Int {
        switch self {
        case .invoke(let invocation): invocation.mailSize
        case .result(_, _, _, let payload), .error(_, _, _, let payload): Mail.size(of: payload)
        default: Mail.size(of: nil)
        }
    }
}

extension Invocation {
    var mailSize: Int { Mail.size(of: payload) }
}

extension CallOutcome {
    var mailSize: Int {
        switch self {
        case .result(let arguments): Mail.size(of: arguments)
        case .failure(let error): Mail.size(of: error.arguments)
        }
    }
}

extension Mail {
    fileprivate static func size(of payload: (any CallPayload)?) -> Int {
        let room = 512
        if let answer = payload as? Arguments { return room + answer.octets.count }
        if let call = payload as? CallArguments { return room + call.arguments.octets.count }
        return room
    }
}

/// How a drain is paced: times are nanoseconds of the monotonic clock.
package struct DrainPlan: Sendable {
    /// Listeners close at this time.
    package let acceptsUntil: UInt64
    /// Closes are spread evenly from `acceptsUntil` on over this long.
    package let spread: UInt64
    /// What is left then is dropped.
    package let deadline: UInt64
    /// What clients are told. Where a successor is there, whoever watches over the server asks that
    /// one from now on: the control listener closes, too.
    package let farewell: Farewell

    package init(
        acceptsUntil: UInt64, spread: UInt64, deadline: UInt64, farewell: Farewell = .goingAway
    ) {
        self.acceptsUntil = acceptsUntil
        self.spread = spread
        self.deadline = deadline
        self.farewell = farewell
    }
}

/// The answer to an HTTP request.
package struct Response: Sendable {
    package var status: Int
    package var contentType: StaticString
    package var body: [UInt8]
    /// Further fields; values are cleaned of line ends when written.
    package var fields: [(name: StaticString, value: String)]
    /// Ends the connection behind the answer: where the next request begins cannot be known.
    package var endsConnection = false

    package init(
        status: Int, contentType: StaticString = "text/plain; charset=utf-8", body: [UInt8],
        fields: [(name: StaticString, value: String)] = []
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.fields = fields
    }
}
