// DealerAction — what the dealer wants done, in the order in which it wants it.
//
// The engine carries a list out by posting to the mailboxes of the parties named. Mailboxes keep
// the order of one sender and the dealer of a realm runs under one lock, so the order of this list
// is the order that a party sees.

package import Rooms

/// Arguments or a result. The dealer never looks inside; it crosses cores by reference.
package typealias CallPayload = AnyObject & Sendable

/// One question to one callee.
package struct Invocation: Sendable {
    package let callee: PartyID
    /// Counts from 1 per callee; later parts of a call and answers name the same.
    package let id: UInt64
    package let registration: RegistrationID
    /// What was called; set where the registration is a pattern.
    package let procedure: Room?
    /// Set where the caller is to be disclosed.
    package let caller: PartyID?
    /// What the callee is to keep itself, in nanoseconds; 0 is none.
    package let timeout: UInt64
    package let receivesProgress: Bool
    /// More parts of the arguments follow.
    package let isPart: Bool
    package let payload: (any CallPayload)?
}

package enum DealerAction: Sendable {
    case invoke(Invocation)
    /// Tells a callee to stop; `reason` is set when it was not the caller who wanted it.
    case interrupt(PartyID, invocation: UInt64, CancelMode, reason: CallError?)
    case result(PartyID, request: UInt64, isProgress: Bool, (any CallPayload)?)
    case error(PartyID, request: UInt64, CallError, (any CallPayload)?)
    case registered(PartyID, request: UInt64, RegistrationID)
    case registrationRefused(PartyID, request: UInt64, RegistrationError)
    case unregistered(PartyID, request: UInt64, RegistrationID)
    case unregistrationRefused(PartyID, request: UInt64, RegistrationError)
    /// The party is no longer a callee of the registration, and did not ask for that.
    case revoked(PartyID, RegistrationID, reason: String)
    case violation(PartyID, Violation)
    case meta(RegistrationEvent)
}

extension DealerAction {
    /// Whom it is for; `nil` for those who watch.
    package var party: PartyID? {
        switch self {
        case .invoke(let invocation): invocation.callee
        case .interrupt(let party, _, _, _), .result(let party, _, _, _),
            .error(let party, _, _, _), .registered(let party, _, _),
            .registrationRefused(let party, _, _), .unregistered(let party, _, _),
            .unregistrationRefused(let party, _, _), .revoked(let party, _, _),
            .violation(let party, _):
            party
        case .meta: nil
        }
    }
}

/// What those hear who watch registrations. The party is the one that caused it by coming, going
/// or being removed.
package enum RegistrationEvent: Sendable {
    case created(PartyID, RegistrationDetails)
    case registered(PartyID, RegistrationID)
    case unregistered(PartyID, RegistrationID)
    case deleted(PartyID, RegistrationID)

    /// The topic in WAMP.
    package var topic: String {
        switch self {
        case .created: "wamp.registration.on_create"
        case .registered: "wamp.registration.on_register"
        case .unregistered: "wamp.registration.on_unregister"
        case .deleted: "wamp.registration.on_delete"
        }
    }
}

/// How a caller takes its question back.
package enum CancelMode: CaseIterable, Sendable {
    /// The caller stops waiting; the callee is not told.
    case skip
    /// The callee is told and its answer is waited for.
    case kill
    /// The callee is told and its answer is not waited for.
    case killNoWait
}

/// Why a dialect, or the engine, does not want a call to be made. A class, since few calls have
/// one.
package final class CallRefusal: Sendable {
    package let uri: String
    /// For people.
    package let text: String

    package init(uri: String, text: String) {
        self.uri = uri
        self.text = text
    }

    /// As many octets of calls wait for answers as may.
    package static let outOfMemory = CallRefusal(
        uri: CallError.unavailable, text: "no memory for another call")
}

/// What a caller can ask for with a call.
package struct CallOptions: Sendable {
    /// In nanoseconds; 0 is none.
    package var timeout: UInt64 = 0
    /// The dialect has decided against the call, whatever its procedure. The dealer is told all the
    /// same: a request id that it knows belongs to a call that has an answer of its own.
    package var refusal: CallRefusal?
    package var wantsProgress = false
    /// More parts of the arguments follow under the same request id.
    package var isPart = false
    /// The callee may know who calls. What configuration allows and demands is decided before.
    package var disclosesCaller = false
    /// The callee may not know who calls, even where it registered so as to know.
    package var hidesCaller = false
    /// The request id was used before, in a protocol whose ids count up: where no call of it is
    /// pending, this is a part that comes too late, however late.
    package var isRepeated = false

    package init() {}
}

/// What has happened since the dealer was made.
package struct DealerCounters: Equatable, Sendable {
    /// Calls that came in, without further parts.
    package var calls = 0
    /// Calls that ended with a result or an error of the callee.
    package var answered = 0
    /// Calls that ended without a callee's answer, with an error to the caller.
    package var failed = 0
    /// Calls that ended without any answer: the caller left, or canceled without knowing how.
    package var dropped = 0
    /// Answers and parts that came when their call had ended.
    package var late = 0
    package var rerouted = 0
    package var violations = 0

    package init() {}
}
