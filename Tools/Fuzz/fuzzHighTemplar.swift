// fuzzHighTemplar — whatever clients, the API and triggers say, what comes out is JSON and sound.
//
// The first octet chooses settings. Each line is a message of one connection, or behind `!` a
// trigger, behind `=` the API's answer to a bootstrap, behind `?` the query of one.

import Bytes
import Codecs
import DialectKit
import HighTemplar
import Rooms

func fuzzHighTemplar(_ bytes: UnsafeRawBufferPointer) {
    guard let first = unsafe bytes.first else { return }
    var settings = HighTemplarSettings()
    settings.subscribeMatch = first & 1 == 0 ? .literal : .pattern
    settings.repliesWithRequestID = first & 2 != 0
    settings.helloKeys = first & 4 == 0 ? .authorized : .both
    settings.subscriptionLimit = 8
    settings.refusalLimit = 2
    settings.allowedRooms = try! AllowedRooms(json: #"[{"t":"*","c":"*"},{},{"n":1}]"#)
    let intake = TriggerIntake(realm: .standard, match: first & 8 == 0 ? .covering : .exact)
    var client = TemplarClient(settings: settings, intake: intake)
    // The framing lets only UTF-8 through.
    let text = unsafe String(decoding: bytes.dropFirst(), as: UTF8.self)
    for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
        let octets = Array(line)
        switch octets.first {
        case 0x21: client.trigger(Array(octets.dropFirst()))
        case 0x3D: client.bootstrap(query: "", answer: Array(octets.dropFirst()))
        case 0x3F: client.bootstrap(query: String(Substring(line.dropFirst())), answer: [])
        default: client.send(octets)
        }
    }
}

private struct TemplarClient: ~Copyable {
    private struct Subscription: Hashable {
        let pattern: Pattern
        let tail: [UInt8]
    }

    private let settings: HighTemplarSettings
    private let intake: TriggerIntake
    private let dialect: HighTemplarDialect
    private let session: any Session
    private var commands = Commands()
    private var subscriptions: Set<Subscription> = []
    private var isClosed = false

    init(settings: HighTemplarSettings, intake: TriggerIntake) {
        self.settings = settings
        self.intake = intake
        dialect = Self.dialect(settings, intake, api: nil)
        let request = OpeningRequest(path: "/ws/", query: "", subprotocols: [], headers: [])
        guard case .accept(let session, subprotocol: nil) = dialect.open(request) else {
            preconditionFailure("with rooms of its own the route accepts everybody")
        }
        self.session = session
        session.opened(&commands)
        checkAll()
    }

    private static func dialect(
        _ settings: HighTemplarSettings, _ intake: TriggerIntake, api: (any BackEnd)?
    ) -> HighTemplarDialect {
        HighTemplarDialect(
            id: DialectID(rawValue: 1), realm: .standard, settings: settings, api: api,
            directory: NobodyElse(), triggers: intake,
            surroundings: HighTemplarSurroundings(
                wallClock: { 0 }, zoneOffset: { _ in 0 }, random: { 7 }))
    }

    mutating func send(_ octets: [UInt8]) {
        guard !isClosed else { return }
        commands.removeAll()
        commands.now += 1
        session.receive(.text, unsafe octets.span.bytes, &commands)
        precondition(!commands.list.isEmpty)
        checkAll()
    }

    private mutating func checkAll() {
        for command in commands.list where !isClosed {
            switch command {
            case .reply(let kind, let range):
                precondition(kind == .text)
                let reply = commands.octets.octets.extracting(range)
                precondition(reply.equals("pong") || isObject(reply))
            case .subscribe(let pattern, let reading, let tail):
                precondition(reading == 0 && tail.count <= Command.tailLimit)
                let isNew = subscriptions.insert(Subscription(pattern: pattern, tail: tail))
                    .inserted
                precondition(isNew)
                precondition(subscriptions.count <= settings.subscriptionLimit)
                var message = OctetBuffer()
                let publication = Publication(
                    realm: .standard, room: Room(), payload: Array("[1]".utf8))
                precondition(dialect.encode(publication, reading: reading, into: &message) != nil)
                message.append(tail)
                precondition(isObject(message.octets))
            case .unsubscribe(let pattern, let reading, let tail):
                precondition(reading == 0)
                let known = subscriptions.remove(Subscription(pattern: pattern, tail: tail))
                precondition(known != nil)
            case .wake(let time): precondition(time == settings.idleTime)
            case .close: isClosed = true
            default: preconditionFailure("the dialect does not do this")
            }
        }
    }

    private func isObject(_ text: RawSpan) -> Bool {
        (try? JSONScanner.document(text))?.kind == .object
    }

    /// Publications are of rooms, and cover some that are like them.
    mutating func trigger(_ octets: [UInt8]) {
        guard let publications = try? intake.take(unsafe octets.span.bytes) else { return }
        for publication in publications {
            precondition(publication.room.segmentCount >= 1)
            let payload = publication.value
            precondition((try? JSONScanner.document(unsafe payload.span.bytes)) != nil)
            guard let coverage = publication.coverage else { continue }
            precondition(coverage.count == publication.room.segmentCount)
            precondition(coverage[0] != nil && coverage.contains(nil))
            precondition(Pattern.wildcard(coverage).matches(publication.room))
        }
    }

    /// The answer is a refusal or a hello, and what is sent to the API fits into header lines.
    func bootstrap(query: String, answer: [UInt8]) {
        var settings = settings
        settings.notifiesAPI = true
        let api = OneAnswer(answer)
        let dialect = Self.dialect(settings, intake, api: api)
        let request = OpeningRequest(
            path: "/ws/", query: query, subprotocols: [], headers: [("cookie", query)])
        guard case .later(let opening) = dialect.open(request) else {
            preconditionFailure("the API is asked")
        }
        opening.begin(connection: 1) { decide in
            switch decide() {
            case .later: preconditionFailure("decided")
            case .refuse(let refusal): precondition(refusal.status >= 500)
            case .accept(let session, _):
                var commands = Commands()
                session.opened(&commands)
                guard case .reply(_, let range)? = commands.list.first else {
                    preconditionFailure("the hello is missing")
                }
                let hello = commands.octets.octets.extracting(range)
                precondition((try? JSONScanner.document(hello))?.kind == .object)
            }
        }
    }
}

/// Answers with its body, at once.
private final class OneAnswer: BackEnd, BackEndTicket {
    let name = "api"
    private let body: [UInt8]

    init(_ body: [UInt8]) { self.body = body }

    func send(
        _ request: BackEndRequest,
        _ completion: @escaping @Sendable (Result<BackEndAnswer, BackEndFailure>) -> Void
    ) -> any BackEndTicket {
        for header in request.headers {
            precondition(header.value.utf8.allSatisfy { $0 != 0x0A && $0 != 0x0D && $0 != 0 })
        }
        completion(
            .success(BackEndAnswer(status: 200, contentType: "application/json", body: body)))
        return self
    }

    func cancel() {}
}

private struct NobodyElse: Directory {
    func connectionCount(of dialect: DialectID, in realm: Realm) -> Int { 1 }

    func subscriptions(
        of dialect: DialectID, in realm: Realm
    ) -> [(pattern: Pattern, subscriberCount: Int)] { [] }

    func hasSubscribers(under parent: Room, of dialect: DialectID, in realm: Realm) -> Bool {
        false
    }

    func subscribedPatternCount(of dialect: DialectID, in realm: Realm) -> Int { 0 }

    func deliveryCount(of dialect: DialectID) -> Int { 0 }
}
