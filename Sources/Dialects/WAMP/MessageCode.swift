// MessageCode — the messages of WAMP and what each is made of (reference §3).
//
// The catalogue is data: one row per message says which elements follow the code and who may send
// it. The decoder walks along the row, so there is one place where shapes are decided.

/// The first element of every message.
package enum MessageCode: UInt8, CaseIterable, Sendable {
    case hello = 1
    case welcome = 2
    case abort = 3
    case challenge = 4
    case authenticate = 5
    case goodbye = 6
    case error = 8
    case publish = 16
    case published = 17
    case subscribe = 32
    case subscribed = 33
    case unsubscribe = 34
    case unsubscribed = 35
    case event = 36
    case call = 48
    case cancel = 49
    case result = 50
    case register = 64
    case registered = 65
    case unregister = 66
    case unregistered = 67
    case invocation = 68
    case interrupt = 69
    case yield = 70
}

/// What an element behind the code is.
package enum Element: UInt8, Sendable {
    /// Nothing more, but perhaps payload.
    case end
    /// The id of a request, of a call or of an invocation.
    case request
    /// The id of a session.
    case session
    /// The id of a subscription.
    case subscription
    /// The id of a registration.
    case registration
    /// The id of a publication.
    case publication
    /// The code of the request an ERROR is about.
    case requestType
    /// Options, Details or Extra.
    case options
    /// A map that may be left out: UNSUBSCRIBED and UNREGISTERED have it when they revoke.
    case revocation
    case realm
    case reason
    case method
    case signature
    case errorURI
    case topic
    case procedure
    case arguments
    case keywords

    /// The element in a sentence.
    package var name: StaticString {
        switch self {
        case .end: "end"
        case .request: "request id"
        case .session: "session id"
        case .subscription: "subscription id"
        case .registration: "registration id"
        case .publication: "publication id"
        case .requestType: "request type"
        case .options, .revocation: "options"
        case .realm: "realm"
        case .reason: "reason"
        case .method: "authentication method"
        case .signature: "signature"
        case .errorURI: "error URI"
        case .topic: "topic"
        case .procedure: "procedure"
        case .arguments: "arguments"
        case .keywords: "keyword arguments"
        }
    }
}

/// One row of the catalogue: the elements in their order, and whether payload may follow.
internal struct Shape {
    /// Five bits per element, the first one lowest; zero is ``Element/end``.
    private var bits: UInt32 = 0
    let hasPayload: Bool

    init(
        _ first: Element, _ second: Element = .end, _ third: Element = .end,
        _ fourth: Element = .end, hasPayload: Bool = false
    ) {
        bits =
            UInt32(first.rawValue) | UInt32(second.rawValue) << 5 | UInt32(third.rawValue) << 10
            | UInt32(fourth.rawValue) << 15
        self.hasPayload = hasPayload
    }

    /// Takes the next element off the row.
    mutating func next() -> Element {
        let element = Element(rawValue: UInt8(bits & 0x1F)) ?? .end
        bits >>= 5
        return element
    }
}

extension MessageCode {
    /// The elements behind the code.
    internal var shape: Shape {
        switch self {
        case .hello: Shape(.realm, .options)
        case .welcome: Shape(.session, .options)
        case .abort: Shape(.options, .reason, hasPayload: true)
        case .challenge: Shape(.method, .options)
        case .authenticate: Shape(.signature, .options)
        case .goodbye: Shape(.options, .reason)
        case .error: Shape(.requestType, .request, .options, .errorURI, hasPayload: true)
        case .publish: Shape(.request, .options, .topic, hasPayload: true)
        case .published: Shape(.request, .publication)
        case .subscribe: Shape(.request, .options, .topic)
        case .subscribed: Shape(.request, .subscription)
        case .unsubscribe: Shape(.request, .subscription)
        case .unsubscribed: Shape(.request, .revocation)
        case .event: Shape(.subscription, .publication, .options, hasPayload: true)
        case .call: Shape(.request, .options, .procedure, hasPayload: true)
        case .cancel: Shape(.request, .options)
        case .result: Shape(.request, .options, hasPayload: true)
        case .register: Shape(.request, .options, .procedure)
        case .registered: Shape(.request, .registration)
        case .unregister: Shape(.request, .registration)
        case .unregistered: Shape(.request, .revocation)
        case .invocation: Shape(.request, .registration, .options, hasPayload: true)
        case .interrupt: Shape(.request, .options)
        case .yield: Shape(.request, .options, hasPayload: true)
        }
    }

    /// Whether a client may send it.
    package var isFromClient: Bool {
        switch self {
        case .hello, .abort, .authenticate, .goodbye, .error, .publish, .subscribe, .unsubscribe,
            .call, .cancel, .register, .unregister, .yield:
            true
        case .welcome, .challenge, .published, .subscribed, .unsubscribed, .event, .result,
            .registered, .unregistered, .invocation, .interrupt:
            false
        }
    }

    /// Whether a router may send it.
    package var isFromRouter: Bool {
        switch self {
        case .abort, .goodbye, .error: true
        default: !isFromClient
        }
    }

    /// The name in capitals, as the specification writes it.
    package var name: StaticString {
        switch self {
        case .hello: "HELLO"
        case .welcome: "WELCOME"
        case .abort: "ABORT"
        case .challenge: "CHALLENGE"
        case .authenticate: "AUTHENTICATE"
        case .goodbye: "GOODBYE"
        case .error: "ERROR"
        case .publish: "PUBLISH"
        case .published: "PUBLISHED"
        case .subscribe: "SUBSCRIBE"
        case .subscribed: "SUBSCRIBED"
        case .unsubscribe: "UNSUBSCRIBE"
        case .unsubscribed: "UNSUBSCRIBED"
        case .event: "EVENT"
        case .call: "CALL"
        case .cancel: "CANCEL"
        case .result: "RESULT"
        case .register: "REGISTER"
        case .registered: "REGISTERED"
        case .unregister: "UNREGISTER"
        case .unregistered: "UNREGISTERED"
        case .invocation: "INVOCATION"
        case .interrupt: "INTERRUPT"
        case .yield: "YIELD"
        }
    }
}
