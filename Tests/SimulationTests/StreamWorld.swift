// The world of the stream tests: a WAMP router that is reached by RawSocket alone.

import DialectKit
import Engine
import Hub
import Lockfree
import Rooms
import WAMPAuthentication
import WAMPRouter

final class StreamWorld: ClientWorld {
    let world: SimulatedWorld
    let framing: RawSocketFraming
    private let router: WAMPRouter
    private(set) var clients: [StreamClient] = []

    /// - Parameter messageSize: Octets of the largest message from clients.
    init(
        seed: UInt64 = 1, cores: Int = 1, limits: Limits = Limits(), messageSize: Int = 1 << 16,
        options: SimulatedOptions = SimulatedOptions()
    ) {
        let registry = Registry()
        let numbers = Guarded(SeededRandom(seed: seed))
        let router = WAMPRouter(
            realms: [
                RealmSettings(
                    name: "realm1", number: .standard,
                    principals: Principals(anonymousRole: "anonymous", principals: []))
            ],
            services: registry,
            surroundings: RouterSurroundings(
                wallClock: { 0 }, clock: { 0 },
                random: { numbers.withLock { $0.next() } },
                randomOctets: { Array(repeating: 7, count: $0) }),
            firstID: DialectID(rawValue: 2))
        let dialects = router.makeDialects()
        framing = RawSocketFraming(dialects, messageSize: messageSize)
        var settings = EngineSettings()
        settings.limits = limits
        settings.forms = dialects.map { ($0.id, $0) }
        settings.framings = [framing]
        self.router = router
        world = SimulatedWorld(
            seed: seed, coreCount: cores, settings: settings, registry: registry, options: options)
    }

    /// A bare connection.
    func connect(core: Int = 0) -> StreamClient {
        let client = StreamClient(world.connect(to: core, framing: 0))
        clients.append(client)
        return client
    }

    /// A connection that has said its four octets and got its answer.
    func open(core: Int = 0, exponent: UInt8 = 15) -> StreamClient {
        let client = connect(core: core)
        client.writeHandshake(exponent: exponent)
        exchange([client])
        return client
    }

    /// A session.
    func join(core: Int = 0, exponent: UInt8 = 15) -> StreamClient {
        let client = open(core: core, exponent: exponent)
        client.write(Say.hello)
        exchange([client])
        let messages = client.takeMessages()
        precondition(messages.count == 1 && messages[0].hasPrefix("[2,"), "\(messages)")
        return client
    }

    /// A session that subscribes to `topic`.
    func subscriber(of topic: String, core: Int = 0, exponent: UInt8 = 15) -> StreamClient {
        let client = join(core: core, exponent: exponent)
        client.write(Say.subscribe(topic))
        exchange([client])
        let messages = client.takeMessages()
        precondition(messages.count == 1 && messages[0].hasPrefix("[33,"), "\(messages)")
        return client
    }
}

/// The messages of WAMP that tests send.
enum Say {
    static let hello =
        #"[1,"realm1",{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}]"#
    static let goodbye = #"[6,{},"wamp.close.close_realm"]"#

    static func subscribe(_ topic: String) -> String { #"[32,1,{},"\#(topic)"]"# }

    /// Acknowledged; `argument` is JSON.
    static func publish(_ topic: String, _ argument: String, request: Int = 2) -> String {
        #"[16,\#(request),{"acknowledge":true},"\#(topic)",[\#(argument)]]"#
    }
}
