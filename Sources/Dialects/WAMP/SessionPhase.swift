// SessionPhase — which messages a router takes when (reference §5.1, the events of its table).
//
// Pure: what a message does to the session is the dialect's; whether it may come at all is here,
// and asked before its elements are looked at, so that a SUBSCRIBE in front of HELLO is answered
// as such, however broken it is.

/// The state of a session, seen from the router.
package enum SessionPhase: UInt8, CaseIterable, Sendable {
    /// The transport is open and no session is: before HELLO, and after a GOODBYE was answered.
    case closed
    /// CHALLENGE was sent.
    case challenging
    /// WELCOME was sent.
    case established
    /// The router sent GOODBYE and waits for the answer.
    case shuttingDown

    /// Whether the phase takes a message that clients may send.
    package func admits(_ code: MessageCode) -> Bool {
        switch self {
        case .closed: code == .hello || code == .abort
        case .challenging: code == .authenticate || code == .abort
        case .established: code != .hello && code != .authenticate
        case .shuttingDown: code == .goodbye || code == .abort
        }
    }

    /// Whether everything else is ignored instead of being a violation.
    package var ignoresTheRest: Bool { self == .shuttingDown }
}

/// Who reads a message.
package enum Receiver: Sendable {
    /// A router, whose session is in this phase and whose realm has these rules for URIs.
    case router(SessionPhase, URIRules)
    case client
}
