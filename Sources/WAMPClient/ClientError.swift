// ClientError — everything that keeps a client from what it wants, told apart by what to do next.
//
// A router can be unreachable, refuse the transport, refuse the session, refuse one request, leave,
// or break the protocol. Each of these is a case with what was said in it; the words for people are
// those of the commands.

package import HTTP1
package import WAMP
package import WebSocket

/// Why something did not happen.
package enum ClientError: Error, Sendable {
    // Before there is a connection.

    /// No address; the sentence says what one looks like.
    case badAddress(String)
    /// The name has no address; the text is the resolver's.
    case hostNotFound(String, reason: String)
    /// The system refused; `code` is its `errno`.
    case system(operation: StaticString, code: CInt)

    // Before there is a transport.

    /// HTTP in place of an upgrade; the body is cut at ``WAMPClient/bodyLimit`` octets.
    case upgradeRefused(status: Int, body: String)
    /// What came is no HTTP at all.
    case notHTTP(HeadError)
    case badUpgrade(HandshakeFailure)
    /// The server ended the connection in place of an answer.
    case hungUp
    /// The WebSocket opened and the server speaks no WAMP on it, or not in our serialization.
    case noSubprotocol
    case rawSocket(RawSocketError)

    // Before there is a session.

    /// ABORT, with `Details.message`.
    case aborted(reason: String, message: String?)
    /// The router asks for a proof, and nobody was named who has one.
    case credentialRequired(method: String)
    /// The proof cannot be made, or the router gives none in turn.
    case cannotAuthenticate(String)

    // One request.

    /// ERROR.
    case refused(ErrorReply)

    // At any time.

    /// GOODBYE that the router began, with `Details.message`; it was answered.
    case farewell(reason: String, message: String?)
    /// The router closed the WebSocket.
    case closed(CloseCode?, reason: String)
    /// The connection ended without a word.
    case lost
    /// It did not come within the time there was.
    case timedOut(Awaited)
    /// The interrupt descriptor of ``ClientOptions`` became readable.
    case interrupted
    /// What the router sent is no WebSocket frame.
    case frame(FrameError)
    /// What the router sent is no WAMP; we said so and left.
    case violation(String)
    /// What we wanted to say is larger than the router takes, in octets; nothing was sent.
    case oversized(limit: Int)
    /// What the router says is larger than we take, in octets.
    case incomingOversized(limit: Int)
    /// More came while we waited for an answer than is kept, in octets.
    case flooded(limit: Int)
}

/// What a client waits for.
package enum Awaited: Sendable {
    case connection
    /// The first octets of the router.
    case opening
    case welcome
    case acknowledgement
    /// The end of a call, or a progressive result.
    case answer
    /// That the router takes what we send.
    case room
    /// A pong, or anything else, after a long silence.
    case sign
    case goodbye
}

/// An ERROR: a request that was answered in the negative.
package struct ErrorReply: Sendable {
    /// What was asked for: `.call`, `.subscribe` and so on.
    package let request: MessageCode
    package let uri: String
    package let details: Details
    package let arguments: Arguments

    package init(_ request: MessageCode, uri: String, details: Details, arguments: Arguments) {
        self.request = request
        self.uri = uri
        self.details = details
        self.arguments = arguments
    }
}

extension ClientError {
    /// Whether it is about who we are: another identity would help, another try would not.
    package var isAboutIdentity: Bool {
        switch self {
        case .credentialRequired, .cannotAuthenticate: true
        case .aborted(let reason, _): Self.isAboutIdentity(reason)
        case .refused(let refusal): Self.isAboutIdentity(refusal.uri)
        case .upgradeRefused(let status, _): status == 401 || status == 403
        default: false
        }
    }

    /// Reference §5.4, §11 and §12; Crossbar has a word of its own for a method that is missing.
    private static func isAboutIdentity(_ uri: String) -> Bool {
        switch uri {
        case "wamp.error.not_authorized", "wamp.error.authorization_failed",
            "wamp.error.authorization_denied", "wamp.error.authorization_required",
            "wamp.error.authentication_denied", "wamp.error.authentication_failed",
            "wamp.error.authentication_required", "wamp.error.no_matching_auth_method",
            "wamp.error.no_auth_method", "wamp.error.no_such_principal",
            "wamp.error.no_such_role", "wamp.error.option_disallowed.disclose_me":
            true
        default: false
        }
    }

    /// Whether the session is over, or never was.
    package var endsSession: Bool {
        switch self {
        case .timedOut(let awaited): awaited != .acknowledgement && awaited != .answer
        case .refused, .interrupted, .oversized, .flooded: false
        default: true
        }
    }
}
