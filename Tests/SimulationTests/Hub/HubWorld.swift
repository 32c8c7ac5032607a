// The world of the hub: all five dialects on two cores, in two realms, over one index and one
// dealer.
//
// Routes of `realm1` are those of the product; those of `realm2` are the same with a `2`.

import Bytes
import Codecs
import DialectKit
import Engine
import HighTemplar
import Hub
import Lockfree
import OpenAPIRPC
import Rohrpost
import Rooms
import Shampoo
import Telemetry
import WAMP
import WAMPAuthentication

@testable import WAMPRouter

/// What a client of the hub speaks.
enum Tongue: CaseIterable {
    case openAPI, highTemplar, rohrpost, shampoo, json, messagePack, cbor

    /// Of the WAMP forms.
    var serialization: Serialization? {
        switch self {
        case .json: .json
        case .messagePack: .messagePack
        case .cbor: .cbor
        default: nil
        }
    }

    static let wamp: [Tongue] = [.json, .messagePack, .cbor]
}

/// What differs between the worlds of tests.
struct HubOptions {
    /// Shampoo endpoints `/hear/0/`, `/hear/1/` … are in one of these rooms each.
    var rooms: [Room] = []
    var pushKey = "data"
    var pushEvent: String?
    /// How openapi-ws, rohrpost and Shampoo call.
    var rule = CallRule()
    /// Nanoseconds; 0 is none.
    var callTime: UInt64 = 0
    /// Shampoo's methods, by their procedures' names.
    var methods: [String] = []
    var handlers: [HandlerRegistration] = []
    /// What openapi-ws, rohrpost and Shampoo clients may do in `realm1`.
    var access = Access.open
    /// What WAMP clients may do there.
    var permissions = Permissions.open
    /// What high-templar clients may join.
    var allowedRooms: String?
    var subscribeMatch = SubscribeMatch.literal
    /// What `realm1` keeps.
    var history: [HistoryEntry] = []
}

final class HubWorld: ClientWorld {
    static let openAPI = DialectID(rawValue: 0)
    static let router = DialectID(rawValue: 2)
    static let highTemplar = DialectID(rawValue: 16)
    static let rohrpost = DialectID(rawValue: 17)
    static let shampoo = DialectID(rawValue: 18)
    static let realms: [Realm] = [.standard, Realm(rawValue: 1)]

    let world: SimulatedWorld
    let registry: Registry
    let options: HubOptions
    let triggers: TriggerIntake
    private(set) var clients: [SimulatedClient] = []
    private var members: [HubClient] = []

    init(seed: UInt64 = 1, _ options: HubOptions = HubOptions()) throws {
        let registry = Registry(realmCount: Self.realms.count)
        let numbers = Guarded(SeededRandom(seed: seed))
        let triggers = TriggerIntake(realm: .standard)
        let router = WAMPRouter(
            realms: Self.realms.enumerated().map { place, realm in
                var settings = RealmSettings(
                    name: "realm\(1 + place)", number: realm,
                    principals: Principals(anonymousRole: "anonymous", principals: []),
                    permissions: place == 0 ? options.permissions : .open)
                if place == 0 { settings.history = options.history }
                return settings
            },
            services: registry,
            surroundings: RouterSurroundings(
                wallClock: { 0 }, clock: { 0 },
                random: { numbers.withLock { $0.next() } },
                randomOctets: { Array(repeating: 7, count: $0) }),
            firstID: Self.router)
        var settings = EngineSettings()
        settings.handlers = options.handlers
        if router.hasHistory { settings.taps = [Tap(everything: { router.record($0) })] }
        for dialect in router.makeDialects() {
            settings.forms.append((dialect.id, dialect))
            guard let subprotocol = dialect.form.subprotocol else { continue }
            settings.routes.append(
                Route(
                    path: "/", subprotocol: subprotocol, dialect: dialect, dialectID: dialect.id))
        }
        for (place, realm) in Self.realms.enumerated() {
            settings.routes += try Self.routes(
                place == 0 ? "" : "2", realm, options, triggers, registry)
        }
        self.registry = registry
        self.options = options
        self.triggers = triggers
        world = SimulatedWorld(
            seed: seed, coreCount: 2, settings: settings, registry: registry)
    }

    private static func routes(
        _ mark: String, _ realm: Realm, _ options: HubOptions, _ triggers: TriggerIntake,
        _ registry: Registry
    ) throws -> [Route] {
        let access = realm == .standard ? options.access : .open
        var openAPISettings = OpenAPISettings()
        openAPISettings.calls = options.rule
        openAPISettings.callTime = options.callTime
        openAPISettings.access = access
        var templarSettings = HighTemplarSettings()
        templarSettings.idleTime = 0
        templarSettings.subscribeMatch = options.subscribeMatch
        let rooms = options.rooms.compactMap(TemplarRoom.init).map(\.text)
        templarSettings.allowedRooms = try AllowedRooms(
            json: options.allowedRooms ?? "[\(rooms.joined(separator: ","))]")
        let rohrpostSettings = RohrpostSettings(
            access: access, calls: CallableTypes(every: options.rule),
            callTimeLimit: options.callTime, groupTemplate: NameTemplate(subscription: "{id}"))
        let methods = Dictionary(
            uniqueKeysWithValues: options.methods.map {
                ($0, ShampooMethod(options.rule, timeLimit: options.callTime))
            })
        var endpoints = try options.rooms.enumerated().map { place, room in
            try ShampooEndpoint(
                name: "hear", path: "^/hear\(mark)/\(place)/$", rooms: [room.text],
                pushEvent: options.pushEvent, pushKey: options.pushKey, access: access)
        }
        endpoints.append(
            try ShampooEndpoint(
                name: "call", path: "^/call\(mark)/$", methods: methods, access: access))
        let shampoo = ShampooDialect(id: Self.shampoo, realm: realm, endpoints: endpoints)
        let paths = options.rooms.indices.map { "/hear\(mark)/\($0)/" } + ["/call\(mark)/"]
        return [
            Route(
                path: "/stream\(mark)",
                dialect: OpenAPIDialect(
                    id: openAPI, realm: realm, settings: openAPISettings, directory: registry),
                dialectID: openAPI, realm: realm),
            Route(
                path: "/ws\(mark)/",
                dialect: HighTemplarDialect(
                    id: highTemplar, realm: realm, settings: templarSettings, api: nil,
                    directory: registry, triggers: triggers,
                    surroundings: HighTemplarSurroundings(
                        wallClock: { 0 }, zoneOffset: { _ in 0 }, random: { 0 })),
                dialectID: highTemplar, realm: realm),
            Route(
                path: "/rohrpost\(mark)/",
                dialect: RohrpostDialect(
                    id: rohrpost, realm: realm, settings: rohrpostSettings, wallClock: { 0 }),
                dialectID: rohrpost, realm: realm),
        ]
            + paths.map {
                Route(
                    path: $0, subprotocol: ShampooDialect.subprotocol, dialect: shampoo,
                    dialectID: Self.shampoo, realm: realm)
            }
    }

    // MARK: clients

    /// A client that has said hello, if that is usual in its dialect.
    ///
    /// - Parameters:
    ///   - place: Of the room that Shampoo connections hear; `nil` is the endpoint for calls.
    func join(
        _ tongue: Tongue, core: Int = 0, realm: Int = 1, hearing place: Int? = nil,
        deflate: Bool = false
    ) -> HubClient {
        let mark = realm == 1 ? "" : "\(realm)"
        let path =
            switch tongue {
            case .openAPI: "/stream\(mark)"
            case .highTemplar: "/ws\(mark)/"
            case .rohrpost: "/rohrpost\(mark)/"
            case .shampoo: place.map { "/hear\(mark)/\($0)/" } ?? "/call\(mark)/"
            case .json, .messagePack, .cbor: "/"
            }
        var offers: [String] = []
        if tongue == .shampoo { offers = ["shampoo"] }
        if let serialization = tongue.serialization {
            offers = [WAMPForm.plain(serialization).subprotocol!]
        }
        let client = SimulatedClient(
            world.connect(to: core), seed: world.random.next(), offersDeflate: deflate,
            subprotocols: offers)
        client.requestUpgrade(path)
        clients.removeAll { $0.socket.isFinished }
        clients.append(client)
        let member = HubClient(tongue, client, self)
        members.append(member)
        exchange(client)
        _ = client.takeArrivals().first
        if tongue.serialization != nil {
            member.say(
                "[1,\"realm\(realm)\",{\"roles\":{\"publisher\":{},\"subscriber\":{},\"caller\":{},"
                    + "\"callee\":{\"features\":{\"call_canceling\":true}}}}]")
            _ = member.heard()
        }
        return member
    }

    // MARK: what comes from elsewhere

    /// Publishes as embedders and the HTTP API do.
    func publish(_ room: Room, _ json: String, in realm: Realm = .standard) {
        publish(Publication(realm: realm, room: room, payload: Array(json.utf8)))
    }

    func publish(_ publication: Publication) {
        world.state.publish(publication)
        exchangeAll()
    }

    /// A trigger of high-templar's application, in `realm1`.
    func trigger(_ rooms: [String], _ json: String) throws {
        let body = Array("{\"rooms\":[\(rooms.joined(separator: ","))],\"data\":\(json)}".utf8)
        for publication in try unsafe triggers.take(body.span.bytes) { publish(publication) }
    }

    /// Messages that dialects could not say, on all cores.
    var droppedCount: Int {
        world.state.metrics.reduce(0) { $0 + Int($1.value(of: .dropped)) }
    }

    /// Everybody leaves; what is left of anything is a violation.
    func finish() {
        exchangeAll()
        world.checkQuiet()
        for client in clients where !client.socket.isFinished { client.socket.reset() }
        world.settle()
        world.stop()
        for _ in 0..<100 where !world.isOver { world.pass(100_000_000) }
        world.checkEmpty()
        for realm in Self.realms {
            let left = registry.dealer(of: realm).query { dealer in
                dealer.checkInvariants()
                return dealer.pendingCallCount
            }
            if left != 0 { world.violate("\(left) calls are left") }
        }
    }
}

extension WAMPForm {
    static func plain(_ serialization: Serialization) -> WAMPForm {
        switch serialization {
        case .json: .json
        case .messagePack: .messagePack
        case .cbor: .cbor
        }
    }
}
