// WAMPSpeech — what clients of a WAMP router say, in three serializations.
//
// A conversation of several steps with ids in it is no template, so this dialect has words of its
// own. They are put together by the encoders of the `WAMP` module, whose decoder reads the answers:
// nothing of the protocol is known a second time here. Rooms are topics: `load.r12`, and with
// events `load.r12.topic.e3`, so that wildcards have a component to leave out.

internal import Bytes
internal import Codecs
internal import Hub
internal import WAMP

/// How a subscriber that wants more than one topic asks for them.
struct TopicPattern: Sendable, Equatable {
    /// What stands behind the room's number.
    let behindRoom: String
    let match: MatchPolicy
}

/// What a client says that it makes up itself; payload goes beside it.
enum WAMPWords {
    case hello
    case authenticate
    case subscribe(topic: [UInt8], MatchPolicy)
    case register
    case publish(request: UInt64, topic: [UInt8])
    case call(request: UInt64)
    /// With the id of the invocation.
    case yield(UInt64)
    case goodbye
}

/// The choices of one run; the same for all its clients.
final class WAMPSpeech: Sendable {
    let subprotocol: Subprotocol
    let realm: String
    let authID: String?
    let ticket: String?
    /// What requesters call, as UTF-8.
    let procedure: [UInt8]
    /// Whether several callees register it.
    let isShared: Bool
    /// Whether rooms have events to be told apart.
    let usesEvents: Bool

    init(
        _ subprotocol: Subprotocol, realm: String = "realm1", authID: String? = nil,
        ticket: String? = nil, procedure: String = WAMPSpeech.procedure, isShared: Bool = false,
        usesEvents: Bool = false
    ) {
        self.subprotocol = subprotocol
        self.realm = realm
        self.authID = authID
        self.ticket = ticket
        self.procedure = Array(procedure.utf8)
        self.isShared = isShared
        self.usesEvents = usesEvents
    }

    /// What callees of ours register.
    static let procedure = "load.echo"
    /// The id of the first request of a session: SUBSCRIBE or REGISTER of those who have one.
    static let firstRequest: UInt64 = 1

    var serialization: Serialization { subprotocol.serialization }
    var isBatched: Bool { subprotocol.isBatched }
    var isBinary: Bool { serialization != .json }

    func topic(room: Int, event: Int) -> [UInt8] {
        Array((usesEvents ? "load.r\(room).topic.e\(event)" : "load.r\(room)").utf8)
    }

    /// What a subscriber of `room` asks for.
    func subscription(room: Int, _ coverage: Coverage) -> WAMPWords {
        guard let pattern = coverage.topics else {
            return .subscribe(topic: topic(room: room, event: 0), .exact)
        }
        return .subscribe(
            topic: Array("load.r\(room)\(pattern.behindRoom)".utf8), pattern.match)
    }

    /// The same wishes as in other dialects, in turn: all events of a room, one, those that begin
    /// with e1, and what is never published; by prefix and by wildcard.
    static func coverages(eventCount: Int, beginWithOne: UInt64) -> [Coverage] {
        (0..<eventCount).flatMap { event in
            let one = "e\(event)"
            let wishes: [(after: String, match: MatchPolicy, events: UInt64)] = [
                (".", .prefix, .max),
                (".topic.\(one)", .exact, 1 << UInt64(event)),
                (".topic.e1", .prefix, beginWithOne),
                (".none", .prefix, 0),
                ("..", .wildcard, .max),
                ("..\(one)", .wildcard, 1 << UInt64(event)),
            ]
            return wishes.map { wish in
                Coverage(
                    pattern: "load.r%R\(wish.after)", events: wish.events,
                    topics: TopicPattern(behindRoom: wish.after, match: wish.match))
            }
        }
    }
}

// MARK: - Writing

extension WAMPSpeech {
    /// Appends what travels as one WebSocket message.
    ///
    /// - Parameter payload: For `publish`, `call` and `yield`.
    func write(
        _ words: WAMPWords, _ payload: borrowing Payload, into buffer: inout OctetBuffer
    ) {
        let framing = BatchFraming(serialization)
        let start = isBatched ? framing.begin(in: &buffer) : 0
        do throws(CodecError) {
            switch serialization {
            case .json: try append(words, payload, MessageEncoder<JSONWriter>.self, &buffer)
            case .messagePack:
                try append(words, payload, MessageEncoder<MessagePackWriter>.self, &buffer)
            case .cbor: try append(words, payload, MessageEncoder<CBORWriter>.self, &buffer)
            }
        } catch {
            preconditionFailure("payload is ours, or was decoded: \(error)")
        }
        if isBatched { framing.end(start, in: &buffer) }
    }

    private func append<Writer: ItemWriter>(
        _ words: WAMPWords, _ payload: borrowing Payload, _ encoder: MessageEncoder<Writer>.Type,
        _ buffer: inout OctetBuffer
    ) throws(CodecError) {
        let procedure = procedure
        switch words {
        case .hello: encoder.hello(hello, into: &buffer)
        case .authenticate: encoder.authenticate(signature: ticket ?? "", into: &buffer)
        case .subscribe(let topic, let match):
            encoder.subscribe(
                request: Self.firstRequest, topic: unsafe topic.span.bytes,
                match: match == .exact ? nil : match, into: &buffer)
        case .register:
            var options = ClientRegisterOptions()
            if isShared { options.invoke = .roundRobin }
            encoder.register(
                request: Self.firstRequest, procedure: unsafe procedure.span.bytes,
                options: options, into: &buffer)
        case .publish(let request, let topic):
            try encoder.publish(
                request: request, topic: unsafe topic.span.bytes, payload: payload, into: &buffer)
        case .call(let request):
            try encoder.call(
                request: request, procedure: unsafe procedure.span.bytes, payload: payload,
                into: &buffer)
        case .yield(let invocation):
            try encoder.yield(request: invocation, payload: payload, into: &buffer)
        case .goodbye: encoder.goodbye(.closeRealm, into: &buffer)
        }
    }

    private var hello: ClientHello {
        var hello = ClientHello(
            realm: realm,
            features: [.roles, .subscriberPatterns, .calleeSharedRegistration])
        if ticket != nil { hello.authMethods = ["ticket"] }
        hello.authID = authID
        hello.agent = "carillon-load \(loadVersion)"
        return hello
    }

    /// Appends the list of arguments that holds `text` and nothing else.
    func writeArguments(_ text: RawSpan, into buffer: inout OctetBuffer) {
        switch serialization {
        case .json: append(text, JSONWriter(), &buffer)
        case .messagePack: append(text, MessagePackWriter(), &buffer)
        case .cbor: append(text, CBORWriter(), &buffer)
        }
    }

    private func append(_ text: RawSpan, _ writer: some ItemWriter, _ buffer: inout OctetBuffer) {
        var writer = writer
        let list = writer.beginArray(count: 1, into: &buffer)
        writer.append(string: text, into: &buffer)
        writer.end(list, into: &buffer)
    }
}

// MARK: - Reading

extension WAMPSpeech {
    /// Where the payload lies in `octets`, when the arguments of `message` are one string and
    /// nothing else, as we write them; it may be written with longer heads than ours.
    func payloadPlace(_ message: Message, in octets: RawSpan) -> Range<Int>? {
        guard message.payloadCount == 1 else { return nil }
        let place = message.arguments.range
        let list = octets.extracting(place)
        let text =
            switch serialization {
            case .json: Self.soleText(JSONReader(list))
            case .messagePack: Self.soleText(MessagePackReader(list))
            case .cbor: Self.soleText(CBORReader(list))
            }
        guard let text else { return nil }
        return place.lowerBound + text.lowerBound..<place.lowerBound + text.upperBound
    }

    private static func soleText<Reader: ItemReader & ~Escapable>(
        _ reader: consuming Reader
    ) -> Range<Int>? {
        var reader = reader
        do throws(CodecError) {
            var list = try reader.beginArray()
            guard try reader.next(&list) else { return nil }
            let item = try reader.item()
            guard item.kind == .string, item.isPlain, try !reader.next(&list) else { return nil }
            return item.contents
        } catch {
            return nil  // The older passthru: an octet string in place of the list.
        }
    }

    /// A message for people: as it came if that is text, otherwise in words.
    func describe(_ message: Message, in octets: RawSpan) -> String {
        if serialization == .json {
            return octets.extracting(0..<min(octets.byteCount, 160)).text
        }
        return "\(message.code.name) \(Self.name(message, in: octets))"
    }

    /// The reason or the error, which is the same for all that fails alike.
    static func name(_ message: Message, in octets: RawSpan) -> String {
        message.nameText(in: octets).map { String(decoding: $0.prefix(120), as: UTF8.self) } ?? ""
    }
}
