// SpokenWorld — a world where clients of three dialects meet in one realm: the spoken one of the
// tests, openapi-ws and WAMP.

import DialectKit
import Engine
import Hub
import OpenAPIRPC
import Rooms
import Telemetry
import WebSocket

@testable import WAMPRouter

final class SpokenWorld: ClientWorld {
    /// Says nothing about rooms.
    static let spoken = "/spoken"
    /// Names the room in front of every message.
    static let rooms = "/rooms"
    static let stream = "/stream"
    /// Has the envelopes that the world was made with.
    static let wrapped = "/wrapped"

    let router: RouterWorld
    var world: SimulatedWorld { router.world }
    private(set) var clients: [SimulatedClient] = []

    init(
        seed: UInt64 = 1, cores: Int = 1, limits: Limits = Limits(), sendQueueSize: Int? = nil,
        messageSize: Int? = nil, options: SimulatedOptions = SimulatedOptions(),
        flushSlice: Int = 64, handlers: [HandlerRegistration] = [], holdsFirst: Bool = false,
        callTime: UInt64 = 0, wrapped: [WrappedDialect.Envelope] = [],
        opener: SpokenDialect.Opener? = nil, job: @escaping @Sendable () -> Void = {}
    ) {
        router = RouterWorld(
            seed: seed, cores: cores, limits: limits, options: options, flushSlice: flushSlice,
            handlers: handlers
        ) { registry in
            let id = DialectID(rawValue: 0)
            var settings = OpenAPISettings()
            settings.callTime = callTime
            let stream = OpenAPIDialect(
                id: id, realm: .standard, settings: settings, directory: registry)
            var routes = [
                Route(path: Self.stream, dialect: stream, dialectID: id),
                Route(
                    path: Self.spoken,
                    dialect: SpokenDialect(holdsFirst: holdsFirst, opener: opener, job: job),
                    dialectID: DialectID(rawValue: 20)),
                Route(
                    path: Self.rooms, dialect: SpokenDialect(ignoresRooms: false),
                    dialectID: DialectID(rawValue: 21)),
                Route(
                    path: Self.wrapped, dialect: WrappedDialect(wrapped),
                    dialectID: DialectID(rawValue: 22)),
            ]
            for place in routes.indices {
                routes[place].sendQueueSize = sendQueueSize
                routes[place].messageSize = messageSize
            }
            return routes
        }
    }

    /// Connects and asks for a WebSocket.
    func request(
        _ path: String = spoken, core: Int = 0, offer: DeflateOffer? = nil,
        keepsServerContext: Bool = false
    ) -> SimulatedClient {
        let client = SimulatedClient(
            world.connect(to: core), seed: world.random.next(), offer: offer)
        client.keepsServerContext = keepsServerContext
        client.requestUpgrade(path)
        client.push()
        clients.append(client)
        return client
    }

    /// Opens a WebSocket, and waits until it is.
    func open(
        _ path: String = spoken, core: Int = 0, offer: DeflateOffer? = nil,
        keepsServerContext: Bool = false
    ) -> SimulatedClient {
        let client = request(
            path, core: core, offer: offer, keepsServerContext: keepsServerContext)
        exchange(client)
        precondition(client.isOpen, "\(client.arrivals)")
        _ = client.takeArrivals()
        return client
    }

    /// A WAMP session, its welcome read.
    ///
    /// - Parameter features: JSON members besides, for caller and callee: features they announce.
    func join(
        core: Int = 0, offersDeflate: Bool = false, features: String = ""
    ) -> SimulatedClient {
        let client = router.connect(.json, core: core, offersDeflate: offersDeflate)
        clients.append(client)
        client.write(
            #"[1,"realm1",{"roles":{"publisher":{},"subscriber":{},"#
                + #""caller":{"features":{"call_canceling":true\#(features)}},"#
                + #""callee":{"features":{"call_canceling":true\#(features)}}}}]"#)
        exchange(client)
        let welcome = client.takeMessages()
        precondition(welcome.count == 1 && welcome[0].hasPrefix("[2,"), "\(welcome)")
        return client
    }

    /// Says things and lets everybody read.
    ///
    /// - Returns: What the client has heard.
    @discardableResult
    func say(_ client: SimulatedClient, _ texts: String...) -> [String] {
        for text in texts { client.write(text) }
        exchangeAll()
        return client.takeMessages()
    }

    /// Publishes from outside.
    func publish(_ room: String, _ text: String, reach: Reach = Reach()) {
        world.state.publish(
            Publication(
                realm: .standard, room: SpokenDialect.room(room), payload: .value(Array(text.utf8)),
                reach: reach))
    }

    /// A counter over all cores.
    func count(of counter: Counter) -> Int {
        world.state.metrics.reduce(0) { $0 + Int($1.value(of: counter)) }
    }

    /// Text of that many octets that deflates to about half.
    func text(_ size: Int) -> String {
        var text = ""
        text.reserveCapacity(size)
        while text.utf8.count < size {
            text +=
                ["alpha", "beta", "gamma", "delta", "x\(world.random.below(10_000))"][
                    world.random.below(5)]
        }
        return String(text.prefix(size))
    }
}
