// The world of a WAMP router: one realm open to everybody, all forms, cores on simulated rings.

import Bytes
import Codecs
import DialectKit
import Engine
import Hub
import Lockfree
import Rooms
import WAMP
import WAMPAuthentication

@testable import WAMPRouter

/// Random numbers that many hold. Used from one thread.
private final class Dice: @unchecked Sendable {
    var random: SeededRandom
    /// Nanoseconds.
    var now: UInt64 = 0

    init(seed: UInt64) { random = SeededRandom(seed: seed) }
}

final class RouterWorld {
    static let firstID = DialectID(rawValue: 2)
    /// Forms that clients of schedules speak.
    static let forms: [WAMPForm] = [
        .json, .messagePack, .cbor, .batchedJSON, .batchedMessagePack, .batchedCBOR,
    ]

    let world: SimulatedWorld
    let registry: Registry
    let router: WAMPRouter
    private let dice: Dice

    init(
        seed: UInt64, cores: Int, limits: Limits = Limits(),
        options: SimulatedOptions = SimulatedOptions(), flushSlice: Int = 64,
        index: IndexLimits = .standard, handlers: [HandlerRegistration] = [],
        routes: (Registry) -> [Route] = { _ in [] }
    ) {
        let registry = Registry()
        let dice = Dice(seed: seed)
        let realm = RealmSettings(
            name: "realm1", number: .standard,
            principals: Principals(anonymousRole: "anonymous", principals: []))
        let router = WAMPRouter(
            realms: [realm], services: registry,
            surroundings: RouterSurroundings(
                wallClock: { dice.now }, clock: { dice.now }, random: { dice.random.next() },
                randomOctets: { count in
                    (0..<count).map { _ in UInt8(truncatingIfNeeded: dice.random.next()) }
                }),
            firstID: Self.firstID)
        var settings = EngineSettings()
        settings.limits = limits
        settings.flushSlice = flushSlice
        settings.index = index
        settings.handlers = handlers
        settings.routes = routes(registry)
        for dialect in router.makeDialects() {
            settings.forms.append((dialect.id, dialect))
            guard let subprotocol = dialect.form.subprotocol else { continue }
            settings.routes.append(
                Route(
                    path: "/", subprotocol: subprotocol, dialect: dialect,
                    dialectID: dialect.id))
        }
        self.registry = registry
        self.router = router
        self.dice = dice
        world = SimulatedWorld(
            seed: dice.random.next(), coreCount: cores, settings: settings, registry: registry,
            options: options)
    }

    var realm: RouterRealm { router.realms[0] }

    func connect(_ form: WAMPForm, core: Int, offersDeflate: Bool = false) -> SimulatedClient {
        let client = SimulatedClient(
            world.connect(to: core), seed: world.random.next(), offersDeflate: offersDeflate,
            subprotocols: [form.subprotocol!])
        client.requestUpgrade("/")
        return client
    }

    /// Everybody is lost, the router stops, and nothing may be left: what is, is a violation.
    func end(_ clients: [SimulatedClient]) {
        for client in clients where !client.socket.isFinished { client.socket.reset() }
        world.settle()
        world.stop()
        for _ in 0..<100 where !world.isOver { world.pass(100_000_000) }
        world.checkEmpty()
        checkBooks(isOver: true)
    }

    /// The dealer's books hold together; nothing in them, if nobody is there.
    func checkBooks(isOver: Bool = false) {
        let found = registry.dealer(of: .standard).query { dealer in
            dealer.checkInvariants()
            return (dealer.partyCount, dealer.registrationCount, dealer.pendingCallCount)
        }
        let sessions = realm.withSessions { $0.count }
        if found.0 != sessions { world.violate("\(found.0) parties of \(sessions) sessions") }
        let (records, members) = realm.books.withLock { books in
            (
                books.patterns.count,
                books.subscriptions.values.reduce(0) { $0 + $1.members.count }
            )
        }
        var held = 0
        for form in WAMPForm.allCases {
            let known = registry.subscriptions(of: router.id(of: form), in: .standard)
            held += known.reduce(0) { $0 + $1.subscriberCount }
        }
        if held != members { world.violate("\(members) members, \(held) in the index") }
        guard isOver else { return }
        if (sessions, found.0) != (0, 0) { world.violate("\(sessions) sessions are left") }
        if found.1 != 0 { world.violate("\(found.1) registrations are left") }
        if found.2 != 0 { world.violate("\(found.2) calls are left") }
        if records != 0 { world.violate("\(records) subscriptions are left") }
    }
}

/// `json` as a peer with this serialization would send it.
func wire(_ json: String, _ serialization: Serialization) -> [UInt8] {
    let text = Array(json.utf8)
    if serialization == .json { return text }
    var buffer = OctetBuffer()
    try! transcode(unsafe text.span.bytes, from: .json, to: serialization, into: &buffer)
    return buffer.octets.array
}
