// Mail — what other threads ask of a core. Posting never blocks and never fails.

import Bytes
import DialectKit
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

/// How a drain is paced: times are nanoseconds of the monotonic clock.
package struct DrainPlan: Sendable {
    /// Listeners close at this time.
    package let acceptsUntil: UInt64
    /// Closes are spread evenly from `acceptsUntil` on over this long.
    package let spread: UInt64
    /// What is left then is dropped.
    package let deadline: UInt64

    package init(acceptsUntil: UInt64, spread: UInt64, deadline: UInt64) {
        self.acceptsUntil = acceptsUntil
        self.spread = spread
        self.deadline = deadline
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
