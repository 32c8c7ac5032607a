// Refusals — the reasons a session does not come in, and the words clients look for
// (reference §10.1, §15.13).
//
// Three of these texts are known to deployed clients by heart, with `wamp.error.not_authorized`.

extension JoinDecision {
    /// Nobody of that name; a long name is quoted in part.
    internal static func unknown(authID: String) -> JoinDecision {
        // Of scalars: one character of a stranger may be the whole name.
        let name =
            authID.utf8.count > Principals.authIDLimit
            ? String(authID.unicodeScalars.prefix(64)) + "…" : authID
        return .notAuthorized(#"no principal with authid "\#(name)" exists"#)
    }

    internal static func wrongProof(_ method: AuthMethod) -> JoinDecision {
        switch method {
        case .ticket: .notAuthorized("ticket in static WAMP-Ticket authentication is invalid")
        case .wampCRA: .notAuthorized("WAMP-CRA signature is invalid")
        case .wampSCRAM, .scram: .notAuthorized("SCRAM proof is invalid")
        case .cryptosign, .anonymous: .notAuthorized("cryptosign signature is invalid")
        }
    }

    internal static func notAuthorized(_ message: String) -> JoinDecision {
        .refuse(uri: "wamp.error.not_authorized", message: message)
    }

    /// The peer said something from which nothing can be computed, or we cannot compute at all.
    internal static func failed(_ message: String) -> JoinDecision {
        .refuse(uri: "wamp.error.authentication_failed", message: message)
    }

    internal static var authenticationRequired: JoinDecision {
        .refuse(
            uri: "wamp.error.authentication_required",
            message: "this realm is not open to anonymous sessions")
    }

    internal static var noMatchingMethod: JoinDecision {
        .refuse(
            uri: "wamp.error.no_matching_auth_method",
            message: "none of the authentication methods offered is configured")
    }

    /// libcrypto refused.
    internal static var unavailable: JoinDecision {
        .failed("the router cannot authenticate at the moment")
    }
}
