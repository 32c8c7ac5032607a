// Happening — what a router says without being asked, or in answer to something begun earlier.

package import Hub
internal import WAMP

/// One thing that happened.
package enum Happening: Sendable {
    case event(Event)
    case invocation(Invocation)
    /// The caller of an invocation has canceled it, or is gone; an answer is still taken.
    case interrupt(invocation: UInt64, CancelMode)
    /// A progressive result of a call that was begun with `beginCall`.
    case progress(call: UInt64, Answer)
    /// Its last one.
    case result(call: UInt64, Answer)
    /// Its failure.
    case failure(call: UInt64, ErrorReply)
    /// The router has withdrawn a subscription (reference §7.12).
    case revokedSubscription(UInt64, reason: String?)
    /// The router has withdrawn a registration (reference §8.12).
    case revokedRegistration(UInt64, reason: String?)
    /// A descriptor that was watched can be read.
    case readable(CInt)
    /// Nothing happened in time.
    case timedOut

    /// Octets it holds, about.
    internal var size: Int {
        switch self {
        case .event(let event): event.arguments.octets.count
        case .invocation(let invocation): invocation.size
        case .progress(_, let answer), .result(_, let answer): answer.arguments.octets.count
        case .failure(_, let refusal): refusal.arguments.octets.count
        default: 0
        }
    }
}

/// EVENT.
package struct Event: Sendable {
    package let subscription: UInt64
    package let publication: UInt64
    /// `topic` is there when the subscription is a pattern.
    package let details: Details
    package let arguments: Arguments

    package var topic: String? { details.text("topic") }
}

/// INVOCATION.
package struct Invocation: Sendable {
    /// What an answer is addressed to.
    package let id: UInt64
    package let registration: UInt64
    /// Whether progressive results reach the caller.
    package let receivesProgress: Bool
    /// `procedure` is there when the registration is a pattern.
    package let details: Details
    package let arguments: Arguments

    package var procedure: String? { details.text("procedure") }

    /// Octets of its arguments.
    package var size: Int { arguments.octets.count }
}

/// RESULT.
package struct Answer: Sendable {
    package let details: Details
    package let arguments: Arguments
}
