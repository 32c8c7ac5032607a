// MetaCall — a call of a procedure that the router answers itself (reference §9).
//
// Arguments are read where they lie; a wrong number or type of them is the caller's error. What a
// procedure changes elsewhere it says with commands.

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Rooms
internal import WAMP

/// Why a meta procedure has no result.
internal struct MetaError: Error {
    let uri: URI
    let text: String

    init(_ uri: URI, _ text: String) {
        self.uri = uri
        self.text = text
    }

    static func invalid(_ text: String) -> MetaError { MetaError(.invalidArgument, text) }
}

/// The arguments of such a call.
internal struct MetaCall: ~Escapable {
    let octets: RawSpan
    let serialization: Serialization
    private let arguments: [Extent]
    private let keywords: Extent

    @_lifetime(copy octets)
    init(_ message: Message, in octets: RawSpan) {
        self.octets = octets
        serialization = message.serialization
        keywords = message.keywords
        var arguments: [Extent] = []
        if !message.arguments.isAbsent,
            message.arguments.kind(in: octets, as: message.serialization) == .array
        {
            message.arguments.forEachItem(in: octets, as: message.serialization) {
                arguments.append($0)
            }
        }
        self.arguments = arguments
    }

    var count: Int { arguments.count }

    /// Checks how many arguments there are.
    func expect(_ range: ClosedRange<Int>) throws(MetaError) {
        guard range.contains(count) else {
            throw .invalid("\(count) arguments where \(range) are expected")
        }
    }

    func place(_ index: Int) -> Extent { index < count ? arguments[index] : .absent }

    func keyword(_ name: StaticString) -> Extent {
        keywords.member(name, in: octets, as: serialization)
    }

    func id(_ index: Int) throws(MetaError) -> UInt64 {
        guard let id = place(index).unsigned(in: octets, as: serialization) else {
            throw .invalid("argument \(index) is not an id")
        }
        return id
    }

    func text(_ index: Int) throws(MetaError) -> String {
        guard let text = text(at: place(index)) else {
            throw .invalid("argument \(index) is not a string")
        }
        return text
    }

    func text(at place: Extent) -> String? {
        place.text(in: octets, as: serialization).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A string among the keywords; `nil` when it is absent or null.
    func text(_ name: StaticString) throws(MetaError) -> String? {
        let place = keyword(name)
        switch place.kind(in: octets, as: serialization) {
        case nil, .null: return nil
        case .string:
            guard let text = text(at: place) else { fallthrough }
            return text
        default: throw .invalid("\(name) is not a string")
        }
    }

    /// An integer among the keywords; `nil` when it is absent or null.
    func number(_ name: StaticString) throws(MetaError) -> UInt64? {
        let place = keyword(name)
        switch place.kind(in: octets, as: serialization) {
        case nil, .null: return nil
        default:
            guard let number = place.unsigned(in: octets, as: serialization) else {
                throw .invalid("\(name) is not a positive integer")
            }
            return number
        }
    }

    /// Which roles count: by position or by name; `nil` for all.
    func roles() throws(MetaError) -> Set<ExactText>? {
        try expect(0...1)
        let list = count == 1 ? place(0) : keyword("filter_authroles")
        switch list.kind(in: octets, as: serialization) {
        case nil, .null: return nil
        case .array:
            let texts = list.texts(in: octets, as: serialization)
            return Set(texts.map { ExactText(String(decoding: $0, as: UTF8.self)) })
        default: throw .invalid("the filter is not a list of roles")
        }
    }

    /// A pattern of the first argument, a URI, and the `match` of a map behind it.
    func pattern(_ rules: URIRules) throws(MetaError) -> Pattern {
        try expect(1...2)
        var policy = MatchPolicy.exact
        if count == 2 {
            let match = place(1).member("match", in: octets, as: serialization)
            if let name = text(at: match) {
                let known = MatchPolicy.allCases.first { name.isExactly("\($0.name)") }
                guard let known else {
                    throw .invalid("match is none of exact, prefix and wildcard")
                }
                policy = known
            }
        }
        let uri = Array(try text(0).utf8)
        guard unsafe rules.accepts(uri.span.bytes, as: policy.use),
            let pattern = unsafe try? WAMPURI.pattern(uri.span.bytes, policy)
        else { throw MetaError(.invalidURI, "argument 0 is not a URI") }
        return pattern
    }

    func room(_ index: Int, _ rules: URIRules) throws(MetaError) -> Room {
        let uri = Array(try text(index).utf8)
        guard unsafe rules.accepts(uri.span.bytes, as: .name),
            let room = unsafe try? Room(dotted: uri.span.bytes)
        else { throw MetaError(.invalidURI, "argument \(index) is not a URI") }
        return room
    }

    /// A list and a map as arguments of something else; `nil` when they are something else.
    func carried(list: Extent, map: Extent) -> Arguments? {
        guard list.kind(in: octets, as: serialization) == .array else { return nil }
        let keywords: Extent
        switch map.kind(in: octets, as: serialization) {
        case nil, .null: keywords = .absent
        case .map: keywords = map
        default: return nil
        }
        return Payload(
            octets: octets, serialization: serialization, arguments: list, keywords: keywords
        ).stored()
    }
}

/// A call that the router answers when the dealer has carried out what came before it.
internal final class LaterCall: SessionNote {
    let session: UInt64
    let octets: [UInt8]

    init(session: UInt64, octets: [UInt8]) {
        self.session = session
        self.octets = octets
    }
}

/// What the procedures begin with that look into the dealer's books.
internal let dealersOwn = Array("wamp.registration.".utf8)

extension WAMPSession {
    func answer(_ later: LaterCall, _ commands: inout Commands) {
        guard phase == .established, later.session == id else { return }
        let octets = later.octets
        unsafe answerLater(octets.span.bytes, &commands)
    }

    private func answerLater(_ octets: RawSpan, _ commands: inout Commands) {
        let receiver = Receiver.router(.established, .loose)
        guard let message = try? Message.read(octets, as: serialization, for: receiver) else {
            preconditionFailure("it was read before")
        }
        answerMeta(message, octets, &commands)
    }

    /// Answers a call of a `wamp.` procedure.
    func answerMeta(_ message: Message, _ octets: RawSpan, _ commands: inout Commands) {
        guard let realm else { return }
        // Some look at all sessions or subscriptions of the realm; between two of them of a batch
        // the core looks at its clock.
        endsStep = true
        // Of a call in parts the last one is answered; these procedures have no use for the others.
        if message.options.has(.progress) { return }
        let name = message.nameText(in: octets).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard octets.byteCount <= Self.metaLimit(of: name) else {
            refuse(
                .call, message.request, .payloadSizeExceeded,
                "the call is larger than this procedure takes", &commands)
            return
        }
        let call = MetaCall(message, in: octets)
        do throws(MetaError) {
            let value: MetaValue
            if let list = realm.longList(name, call) {
                listElsewhere(message.request, list, &commands)
                return
            }
            if !realm.settings.hasMetaAPI {
                throw noSuchProcedure(name)
            } else if name.hasPrefix("wamp.session.") {
                value = try answerSession(name, call, realm, &commands)
            } else if name.hasPrefix("wamp.subscription.") {
                value = try answerSubscription(name, call, realm, &commands)
            } else if name.hasPrefix("wamp.registration.") {
                value = try answerRegistration(name, call, realm, &commands)
            } else {
                throw noSuchProcedure(name)
            }
            let result: Arguments =
                if case .null = value, name == "wamp.session.kill" {
                    Arguments()
                } else {
                    Arguments([value])
                }
            answer(message.request, result, &commands)
        } catch {
            refuse(.call, message.request, error.uri, error.text, &commands)
        }
    }

    /// Octets of a message that calls such a procedure. Its arguments are looked up one by one,
    /// each time by walking all of them, and a list of names may be compared with all sessions.
    private static func metaLimit(of name: String) -> Int {
        // With its options it is larger than its payload, which has a limit of its own.
        name == "wamp.session.add_testament" ? 2 * Testament.sizePerSession : 65_536
    }

    func answer(_ request: UInt64, _ result: Arguments, _ commands: inout Commands) {
        guard !send(.result(request: request, isProgress: false, result), &commands) else { return }
        refuse(
            .call, request, .payloadSizeExceeded, "the result is larger than you accept", &commands)
    }

    func noSuchProcedure(_ name: String) -> MetaError {
        MetaError(.noSuchProcedure, "no callee registered for procedure \(name)")
    }
}
