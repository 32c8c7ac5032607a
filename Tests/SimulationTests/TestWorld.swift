// The world of the hand-written tests: one route for openapi-ws, one for echo, limits at will.

import DialectKit
import Echo
import Engine
import Hub
import OpenAPIRPC
import Rooms

/// A world with its routes, and what tests do to it in one line.
final class TestWorld: ClientWorld {
    static let stream = "/stream"
    static let echo = "/echo"
    static let dialect = DialectID(rawValue: 0)

    let world: SimulatedWorld
    let registry: Registry
    private(set) var clients: [SimulatedClient] = []
    /// Calls of the procedure `slow` that wait for an answer.
    let calls: PendingCalls

    init(
        seed: UInt64 = 1, cores: Int = 1, limits: Limits = Limits(), sendQueueSize: Int? = nil,
        messageSize: Int? = nil, options: SimulatedOptions = SimulatedOptions(),
        handler: (any RequestHandler)? = nil, flushSlice: Int = 64,
        batchingDelay: UInt64 = 0
    ) {
        let registry = Registry()
        let calls = PendingCalls()
        var settings = EngineSettings()
        settings.limits = limits
        settings.handler = handler
        settings.flushSlice = flushSlice
        settings.batchingDelay = batchingDelay
        let slow = Array("slow".utf8)
        settings.handlers = [
            HandlerRegistration(.exact(unsafe try! Room(dotted: slow.span.bytes))) {
                calls.add($0)
            }
        ]
        var stream = Route(
            path: Self.stream,
            dialect: OpenAPIDialect(
                id: Self.dialect, realm: .standard,
                settings: OpenAPISettings(testMethods: true), directory: registry),
            dialectID: Self.dialect)
        var echo = Route(
            path: Self.echo, dialect: EchoDialect(), dialectID: DialectID(rawValue: 1))
        stream.sendQueueSize = sendQueueSize
        stream.messageSize = messageSize
        echo.sendQueueSize = sendQueueSize
        echo.messageSize = messageSize
        settings.routes = [stream, echo]
        self.registry = registry
        self.calls = calls
        world = SimulatedWorld(
            seed: seed, coreCount: cores, settings: settings, registry: registry, options: options)
    }

    /// Connects and asks for a WebSocket.
    func request(_ path: String = stream, core: Int = 0, deflate: Bool = false) -> SimulatedClient {
        let client = SimulatedClient(
            world.connect(to: core), seed: world.random.next(), offersDeflate: deflate)
        client.requestUpgrade(path)
        client.push()
        clients.append(client)
        return client
    }

    /// Opens a WebSocket, and waits until it is.
    func open(_ path: String = stream, core: Int = 0, deflate: Bool = false) -> SimulatedClient {
        let client = request(path, core: core, deflate: deflate)
        exchange(client)
        precondition(client.isOpen, "\(client.arrivals)")
        _ = client.takeArrivals()
        return client
    }

    /// A bare connection.
    func connect(core: Int = 0) -> SimulatedClient {
        let client = SimulatedClient(world.connect(to: core), seed: world.random.next())
        clients.append(client)
        return client
    }
}

/// Calls that wait until a test answers them. Used from one thread.
final class PendingCalls: @unchecked Sendable {
    private var waiting: [HandledCall] = []

    var count: Int { waiting.count }

    func add(_ call: HandledCall) { waiting.append(call) }

    /// Answers one call with its own arguments.
    func answer(at place: Int = 0) {
        let handled = waiting.remove(at: place)
        handled.answer(.result(handled.call.arguments))
    }
}

/// The messages of openapi-ws that tests send.
enum Call {
    static func subscribe(_ channel: String, _ pattern: String = "*", id: String = "s") -> String {
        call("subscribe", #"{"channel":"\#(channel)","event":"\#(pattern)"}"#, id: id)
    }

    static func unsubscribe(
        _ channel: String, _ pattern: String = "*", id: String = "u"
    ) -> String {
        call("unsubscribe", #"{"channel":"\#(channel)","event":"\#(pattern)"}"#, id: id)
    }

    static func publish(
        _ channel: String, _ event: String = "e", data: String, id: String = "p"
    ) -> String {
        let payload = #"{"channel":"\#(channel)","event":"\#(event)","data":\#(data)}"#
        return call("publish", payload, id: id)
    }

    static func echo(_ payload: String, id: String = "e") -> String {
        call("echo", payload, id: id)
    }

    static func call(_ method: String, _ payload: String = "{}", id: String = "c") -> String {
        #"{"id":"\#(id)","method":"\#(method)","payload":\#(payload)}"#
    }

    static func event(_ channel: String, _ event: String = "e", data: String) -> String {
        #"{"channel":"\#(channel)","event":"\#(event)","data":\#(data)}"#
    }
}
