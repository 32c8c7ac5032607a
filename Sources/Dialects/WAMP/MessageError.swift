// MessageError — what a peer can get wrong in a message, and how that is answered (reference §2.2,
// §3, §4).
//
// Three answers exist. A violation ends the session with ABORT. A refusal answers the one request
// with ERROR and the session goes on. Something ignored is neither: an unacknowledged PUBLISH is
// never answered, and a session that was told goodbye hears nothing more.

/// Why a message is not carried out.
package enum MessageError: Error, Equatable, Sendable {
    /// ABORT with `wamp.error.protocol_violation`; the code is `nil` while it is not known.
    case violation(MessageCode?, Fault)
    /// HELLO names a realm that cannot exist: ABORT with `wamp.error.invalid_uri`.
    case invalidRealm
    /// ERROR for this request; the session goes on.
    case refusal(MessageCode, request: UInt64, Refusal)
    /// Nothing is answered and nothing happens.
    case ignored
}

/// A violation of the protocol.
package enum Fault: Equatable, Sendable {
    /// The octets are no value in the agreed serialization.
    case undecodable
    /// More octets than a message may have.
    case oversized
    /// Text on a binary subprotocol, or the reverse.
    case wrongFrameType
    /// A batch without a message, or one that ends inside of one.
    case brokenBatch
    case notAList
    case emptyList
    case codeIsNoInteger
    case unknownCode
    case missing(Element)
    case wrongType(Element)
    /// An id of 0 or above 2^53.
    case outOfRange(Element)
    case tooManyElements
    /// A message only a router may send; for a client, one only a client may send.
    case wrongDirection
    case unexpected(SessionPhase)
    /// HELLO without any of the four roles.
    case noRoles
    /// An ERROR about something that is no request of this peer's.
    case wrongRequestType
    /// YIELD or ERROR for an invocation that was never issued; found by the session.
    case unknownInvocation
    /// A request id that does not follow the one before it, where that is demanded; found by the
    /// session.
    case requestOutOfSequence
    /// CALL with the id of a call in progress; found by the session.
    case requestInProgress
}

/// Why one request is not carried out.
package enum Refusal: Equatable, Sendable {
    case invalidTopic
    case invalidProcedure
    case reservedTopic
    case reservedProcedure
    /// An option whose type or value is wrong where that cannot be overlooked.
    case invalidOption(OptionKey)
}

/// What is sent to the peer.
package enum MessageAnswer: Equatable, Sendable {
    case abort(reason: URI, message: String)
    case error(MessageCode, request: UInt64, URI, text: String)
    case nothing
}

extension MessageError {
    /// The answer on the wire.
    package var answer: MessageAnswer {
        switch self {
        case .violation(let code, let fault):
            .abort(reason: .protocolViolation, message: fault.message(about: code))
        case .invalidRealm: .abort(reason: .invalidURI, message: "HELLO: invalid realm URI")
        case .refusal(let code, let request, let refusal):
            .error(code, request: request, refusal.uri, text: refusal.text)
        case .ignored: .nothing
        }
    }
}

extension Fault {
    /// A sentence for `Details.message`.
    package func message(about code: MessageCode?) -> String {
        guard let code else { return text }
        if case .unexpected(.closed) = self { return text }
        return "\(code.name): \(text)"
    }

    private var text: String {
        switch self {
        case .undecodable: "cannot be decoded"
        case .oversized: "message is too large"
        case .wrongFrameType: "wrong WebSocket frame type for this serialization"
        case .brokenBatch: "batch is empty or incomplete"
        case .notAList: "message is not a list"
        case .emptyList: "message is an empty list"
        case .codeIsNoInteger: "message code is not an integer"
        case .unknownCode: "unknown message code"
        case .missing(let element): "\(element.name) is missing"
        case .wrongType(let element): "\(element.name) is not \(element.expected)"
        case .outOfRange(let element): "\(element.name) is out of range"
        case .tooManyElements: "too many elements"
        case .wrongDirection: "not a message for this side"
        case .unexpected(.closed): "first message must be HELLO"
        case .unexpected(.challenging): "AUTHENTICATE is expected"
        case .unexpected(.established): "session is already established"
        case .unexpected(.shuttingDown): "session is closing"
        case .noRoles: "no role is announced"
        case .wrongRequestType: "request type is not one of yours"
        case .unknownInvocation: "invocation was never issued to this session"
        case .requestOutOfSequence: "request id does not follow the one before it"
        case .requestInProgress: "a call with this request id is in progress"
        }
    }
}

extension Element {
    /// What the element should have been.
    fileprivate var expected: StaticString {
        switch self {
        case .end, .request, .session, .subscription, .registration, .publication, .requestType:
            "an integer"
        case .options, .revocation, .keywords: "a map"
        case .realm, .reason, .method, .signature, .errorURI, .topic, .procedure: "a string"
        case .arguments: "a list"
        }
    }
}

extension Refusal {
    /// The URI of the ERROR.
    package var uri: URI {
        switch self {
        case .invalidTopic, .invalidProcedure: .invalidURI
        case .reservedTopic, .reservedProcedure: .notAuthorized
        case .invalidOption: .invalidArgument
        }
    }

    /// `Arguments[0]` of the ERROR, for people.
    package var text: String {
        switch self {
        case .invalidTopic: "invalid topic URI"
        case .invalidProcedure: "invalid procedure URI"
        case .reservedTopic: "topic is reserved"
        case .reservedProcedure: "procedure is reserved"
        case .invalidOption(let key): "invalid option \(key.name)"
        }
    }
}
