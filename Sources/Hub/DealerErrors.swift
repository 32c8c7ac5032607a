// DealerErrors — how the dealer says no, and what each no is called on the wire.
//
// The enums are closed: a dialect without URIs switches over them. The URIs are those of the WAMP
// specification where it has one.

package import Rooms

/// Why a call ends without a result.
package enum CallError: Error, Hashable, Sendable {
    /// The procedure has no segment at all.
    case invalidProcedure
    case noSuchProcedure(Room)
    /// The call comes in parts and the callee does not take them.
    case featureNotSupported
    /// All callees have as many invocations open as they allow.
    case concurrencyReached
    /// Every callee that could be tried was unavailable.
    case noAvailableCallee
    case canceled
    /// The callee left before it answered.
    case calleeLeft
    /// The timeout the caller asked for, in nanoseconds, is over.
    case timedOut(after: UInt64)
    /// The caller, or the realm, has too many calls open.
    case tooManyCalls
    /// What the caller's dialect said before any callee was asked (``CallOptions/refusal``).
    case refused(uri: String, text: String)
    /// What the callee answered, as it is.
    case relayed(String)

    /// What a callee says that wants the call to go to another.
    package static let unavailable = "wamp.error.unavailable"

    package var uri: String {
        switch self {
        case .invalidProcedure: "wamp.error.invalid_uri"
        case .noSuchProcedure: "wamp.error.no_such_procedure"
        case .featureNotSupported: "wamp.error.feature_not_supported"
        case .concurrencyReached: "crossbar.error.max_concurrency_reached"
        case .noAvailableCallee: "wamp.error.no_available_callee"
        case .canceled, .calleeLeft: "wamp.error.canceled"
        case .timedOut: "wamp.error.timeout"
        case .tooManyCalls: "carillon.error.too_many_calls"
        case .refused(let uri, _), .relayed(let uri): uri
        }
    }
}

/// Why a registration is not made, or not ended.
package enum RegistrationError: Error, Hashable, Sendable {
    case invalidProcedure
    /// The kind of pattern is none that procedures have.
    case invalidPattern
    /// Taken: by a single callee, with another policy, or by the same party.
    case alreadyExists
    case noSuchRegistration
    case tooManyRegistrations
    case noSuchParty

    package var uri: String {
        switch self {
        case .invalidProcedure: "wamp.error.invalid_uri"
        case .invalidPattern: "wamp.error.invalid_argument"
        case .alreadyExists: "wamp.error.procedure_already_exists"
        case .noSuchRegistration: "wamp.error.no_such_registration"
        case .tooManyRegistrations: "carillon.error.too_many_registrations"
        case .noSuchParty: "wamp.error.no_such_session"
        }
    }
}

/// What only a broken party does. Its dialect fails the connection and closes the party.
package enum Violation: Hashable, Sendable {
    /// An answer to an invocation that the party was never sent.
    case unknownInvocation(UInt64)
    /// A call with the id of a pending one that takes no further parts.
    case requestInUse(UInt64)
}
