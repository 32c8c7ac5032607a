// A world whose routes have a gate: openapi-ws, WAMP and echo before one table of answers.

import Bytes
import Carillon
import DialectKit
import Echo
import Engine
import Hub
import OpenAPIRPC
import Proxy
import Rooms
import WAMP
import WAMPAuthentication

@testable import WAMPRouter

/// A back end whose answers tests give beforehand, by target, or one by one. Used from one thread.
final class HeldBackEnd: BackEnd, @unchecked Sendable {
    typealias Answer = Result<BackEndAnswer, BackEndFailure>

    let name = "held"
    /// What is answered at once.
    var answers: [String: (status: Int, body: String)] = [:]
    private(set) var questions: [(target: String, body: String)] = []
    private(set) var canceledCount = 0
    private var waiting: [(number: Int, completion: @Sendable (Answer) -> Void)] = []

    var waitingCount: Int { waiting.count }

    func send(
        _ request: BackEndRequest, _ completion: @escaping @Sendable (Answer) -> Void
    ) -> any BackEndTicket {
        let number = questions.count
        questions.append((request.target, String(decoding: request.body, as: UTF8.self)))
        if let (status, body) = answers[request.target] {
            completion(.success(BackEndAnswer(status: status, body: Array(body.utf8))))
        } else {
            waiting.append((number, completion))
        }
        return Ticket(backEnd: self, number: number)
    }

    /// Answers a question; the first is the one that has waited longest.
    func answer(_ status: Int, _ body: String = "", at place: Int = 0) {
        waiting.remove(at: place).completion(
            .success(BackEndAnswer(status: status, body: Array(body.utf8))))
    }

    /// What a link does at the end of its time limit.
    func fail(_ failure: BackEndFailure) { waiting.removeFirst().completion(.failure(failure)) }

    private final class Ticket: BackEndTicket {
        let backEnd: HeldBackEnd
        let number: Int

        init(backEnd: HeldBackEnd, number: Int) {
            self.backEnd = backEnd
            self.number = number
        }

        func cancel() {
            guard let place = backEnd.waiting.firstIndex(where: { $0.number == number }) else {
                return
            }
            backEnd.canceledCount += 1
            backEnd.waiting.remove(at: place).completion(.failure(.canceled))
        }
    }
}

final class GateWorld: ClientWorld {
    static let stream = "/stream"
    static let open = "/open"
    static let wamp = "/wamp"
    static let batched = "wamp.2.json.batched"

    let world: SimulatedWorld
    let backEnd = HeldBackEnd()
    let router: WAMPRouter
    private(set) var clients: [SimulatedClient] = []

    init(
        seed: UInt64 = 1, asking questions: GateQuestions = .all, limits: Limits = Limits(),
        wamp: RouterSettings = RouterSettings()
    ) {
        let backEnd = backEnd
        func target(_ name: String, _ question: GateQuestions) -> ProxyTarget? {
            questions.contains(question) ? ProxyTarget(backEnd, name) : nil
        }
        func gate(_ dialect: String) -> BackEndGate {
            var settings = BackEndGateSettings(dialect: dialect)
            settings.connect = target("/connect", .connect)
            settings.subscribe = target("/subscribe", .subscribe)
            settings.publish = target("/publish", .publish)
            return BackEndGate(settings)
        }
        let registry = Registry()
        var settings = EngineSettings()
        settings.limits = limits
        settings.handlers = [
            .backEnd(.prefix(Array("shop.".utf8)), asking: ProxyTarget(backEnd, "/rpc"))
        ]
        func route(_ path: String, _ id: DialectID) -> Route {
            let dialect = OpenAPIDialect(
                id: id, realm: .standard, settings: OpenAPISettings(testMethods: true),
                directory: registry)
            return Route(path: path, dialect: dialect, dialectID: id)
        }
        var stream = route(Self.stream, DialectID(rawValue: 0))
        stream.gate = gate("openapi-ws")
        var echo = Route(
            path: "/echo", dialect: EchoDialect(), dialectID: DialectID(rawValue: 1))
        echo.gate = gate("echo")
        settings.routes = [stream, echo, route(Self.open, DialectID(rawValue: 2))]
        var numbers = SeededRandom(seed: seed)
        let octets = (0..<64).map { _ in numbers.next() }
        let dice = Dice(octets)
        router = WAMPRouter(
            settings: wamp,
            realms: [
                RealmSettings(
                    name: "realm1", number: .standard,
                    principals: Principals(anonymousRole: "anonymous", principals: []))
            ], services: registry,
            surroundings: RouterSurroundings(
                wallClock: { 0 }, clock: { 0 }, random: { dice.next() },
                randomOctets: { count in
                    (0..<count).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
                }), firstID: DialectID(rawValue: 3))
        for dialect in router.makeDialects() {
            settings.forms.append((dialect.id, dialect))
            guard let subprotocol = dialect.form.subprotocol else { continue }
            var route = Route(
                path: Self.wamp, subprotocol: subprotocol, dialect: dialect,
                dialectID: dialect.id)
            route.gate = gate("wamp")
            settings.routes.append(route)
        }
        world = SimulatedWorld(
            seed: seed, coreCount: 1, settings: settings, registry: registry,
            options: SimulatedOptions())
    }

    private final class Dice: @unchecked Sendable {
        private let numbers: [UInt64]
        private var place = 0

        init(_ numbers: [UInt64]) { self.numbers = numbers }

        func next() -> UInt64 {
            place += 1
            return numbers[place % numbers.count] &+ UInt64(place)
        }
    }

    /// Asks for a WebSocket and lets everything happen that can.
    func request(_ path: String, _ subprotocols: [String] = []) -> SimulatedClient {
        let client = SimulatedClient(
            world.connect(to: 0), seed: world.random.next(), subprotocols: subprotocols)
        client.requestUpgrade(path)
        clients.append(client)
        exchange(client)
        return client
    }

    /// Opens a WebSocket that the gate admits with `grant`.
    func open(
        _ path: String, _ subprotocols: [String] = [], grant: String = ""
    ) -> SimulatedClient {
        backEnd.answers["/connect"] = (200, grant)
        let client = request(path, subprotocols)
        precondition(client.isOpen, "\(client.arrivals)")
        _ = client.takeArrivals()
        return client
    }

    /// A WAMP session that speaks in batches.
    func join(grant: String = "") -> SimulatedClient {
        let client = open(Self.wamp, [Self.batched], grant: grant)
        let hello =
            #"[1,"realm1",{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}]"#
        precondition(say(client, hello).count == 1)
        return client
    }

    /// Writes messages, one frame each, and gives the texts that come back.
    func write(_ client: SimulatedClient, _ messages: String...) -> [String] {
        for message in messages { client.write(message) }
        exchangeAll()
        return client.takeMessages()
    }

    /// Writes WAMP messages in one batch, and gives the messages that come back.
    func say(_ client: SimulatedClient, _ messages: String...) -> [String] {
        client.write(messages.map { $0 + "\u{1E}" }.joined())
        return heard(client)
    }

    func heard(_ client: SimulatedClient) -> [String] {
        exchangeAll()
        return client.takeMessages().flatMap { $0.split(separator: "\u{1E}").map(String.init) }
    }

    /// Answers the question that waits, and lets everything happen.
    func answer(_ status: Int, _ body: String = "") {
        backEnd.answer(status, body)
        exchangeAll()
    }
}

/// Whether a client was told that it may not.
func isDenied(_ text: String) -> Bool { text.contains("not authorized") }
