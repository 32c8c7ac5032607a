// LinkMessage — what a link takes from a broker, and what becomes of it.
//
// The links know neither rooms' members nor dialects: they hand a message over by a closure and
// learn whether it could be used. Handing over is synchronous, so the order of a broker's queue is
// the order of the calls, and an acknowledgement is sent when the message is somebody else's.

package import Rooms

/// One message of a broker's.
package struct LinkMessage: Sendable, Equatable {
    /// Which of the configured subscriptions or consumers it came by: its place in their list.
    package var subscription: Int
    /// The channel (Redis) or routing key (RabbitMQ) it was sent to.
    package var origin: [UInt8]
    /// The pattern or binding that matched, if it has wildcards.
    package var pattern: String?
    /// What each wildcard of the pattern stood for, in order.
    package var captures: [[UInt8]]
    /// The room that the subscription's template makes of it; `nil` where there is no template.
    package var room: Room?
    /// As it came; ``PayloadText`` makes JSON of it.
    package var payload: [UInt8]
    /// The publisher's name for it (AMQP property `message-id`).
    package var messageID: [UInt8]?

    package init(
        subscription: Int, origin: [UInt8], pattern: String? = nil, captures: [[UInt8]] = [],
        room: Room? = nil, payload: [UInt8], messageID: [UInt8]? = nil
    ) {
        self.subscription = subscription
        self.origin = origin
        self.pattern = pattern
        self.captures = captures
        self.room = room
        self.payload = payload
        self.messageID = messageID
    }
}

/// What became of a message.
package enum LinkVerdict: Sendable, Equatable {
    case taken
    /// It could not be understood and is dropped; why. It counts as received all the same.
    case rejected(String)
}

/// Takes a message. Called on the link's thread, one message after the other; a broker waits for as
/// long as it takes, so more than a fraction of the heartbeat is too long.
package typealias LinkHandler = @Sendable (LinkMessage) -> LinkVerdict

/// What happens to a link, for a log.
package enum LinkEvent: Sendable, Equatable {
    /// It serves. `gap` is how long it did not, `nil` the first time: what was sent meanwhile has
    /// passed unseen, unless a durable queue kept it.
    case connected(gap: Duration?)
    /// It served and does not any more.
    case lost(reason: String, retryIn: Duration)
    /// An attempt to connect failed: nobody there, or the broker refused.
    case refused(reason: String, retryIn: Duration)
    /// A message was dropped because it could not be used.
    case rejected(origin: String, reason: String)
}

/// Takes events. Called on the links' threads.
package typealias LinkReporter = @Sendable (LinkEvent) -> Void

/// Why a connection to a broker ended, or could not be made. For people.
package struct LinkFailure: Error, Equatable {
    package let reason: String

    package init(_ reason: String) { self.reason = reason }

    /// What the system refused.
    package init(_ operation: String, errno code: CInt) {
        reason = "\(operation): \(systemText(code))"
    }
}
