// Farewell — what the clients of a server that goes are told.

/// Why a server goes.
package enum Farewell: Sendable {
    /// It ends.
    case goingAway
    /// A successor is there already: whoever comes back is served at once.
    case restarting

    /// The close code (RFC 6455 §7.4.1; 1012 is of the IANA registry that it set up).
    package var code: UInt16 {
        switch self {
        case .goingAway: 1001
        case .restarting: 1012
        }
    }

    /// The reason beside the code.
    package var reason: String {
        switch self {
        case .goingAway: "going away"
        case .restarting: "service restart"
        }
    }
}
