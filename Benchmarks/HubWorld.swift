// HubWorld — three dialects in one realm on cores without a kernel, for what concerns them all.
//
// Subscribers are opened behind the handshake's back and never speak. Who does speak comes by a
// request for a WebSocket and sends frames, as from a socket.

import Bytes
import DialectKit
import Echo
import Engine
import HighTemplar
import OpenAPIRPC
import Rooms
import Synchronization
import Telemetry
import WAMPAuthentication
import WAMPRouter
import WebSocket

/// Whom a subscriber speaks with; the place of its route.
enum SpokenForm: Int, CaseIterable {
    case openAPI, echo, highTemplar, wamp

    var path: String {
        switch self {
        case .openAPI: "/stream"
        case .echo: "/echo"
        case .highTemplar: "/rooms"
        case .wamp: "/"
        }
    }

    var subprotocol: String? { self == .wamp ? "wamp.2.json" : nil }

    /// How subscribers of this form read ``HubWorld/room``.
    var reading: Reading {
        switch self {
        case .openAPI: 2  // the channel is `market.eu`
        case .echo, .highTemplar: 0
        case .wamp: 17
        }
    }

    /// What ends a subscriber's messages.
    func tail(_ number: Int) -> [UInt8] {
        self == .highTemplar ? Array(#","requestId":\#(1000 + number)}"#.utf8) : []
    }
}

/// Numbers that do not repeat and are the same in every run: a router asks until one is free.
private final class Dice: Sendable {
    private let state = Atomic<UInt64>(0x5EED)

    func next() -> UInt64 {
        state.wrappingAdd(SplitMix64.step, ordering: .relaxed).newValue
    }
}

/// Used by one thread.
struct HubWorld {
    /// Where everybody meets.
    let room = Benchmarks.room("market", "eu", "tick")
    let fanOut: FanOutWorld

    init(connectionLimit: Int, coreCount: Int = 1) {
        let registry = Registry()
        let dice = Dice()
        let router = WAMPRouter(
            realms: [
                RealmSettings(
                    name: "realm1", number: .standard,
                    principals: Principals(anonymousRole: "anonymous", principals: []))
            ],
            services: registry,
            surroundings: RouterSurroundings(
                wallClock: { 0 }, clock: { 0 }, random: { dice.next() },
                randomOctets: { [UInt8](repeating: 0x5E, count: $0) }),
            firstID: DialectID(rawValue: 3))
        var settings = EngineSettings()
        settings.routes = Self.routes(registry)
        for dialect in router.makeDialects() {
            settings.forms.append((dialect.id, dialect))
            guard dialect.form == .json else { continue }
            settings.routes.append(
                Route(
                    path: SpokenForm.wamp.path, subprotocol: SpokenForm.wamp.subprotocol,
                    dialect: dialect, dialectID: dialect.id))
        }
        precondition(settings.routes.map(\.path) == SpokenForm.allCases.map(\.path))
        fanOut = FanOutWorld(
            settings: settings, connectionLimit: connectionLimit, registry: registry,
            coreCount: coreCount)
    }

    private static func routes(_ registry: Registry) -> [Route] {
        let ids = (0..<3).map { DialectID(rawValue: $0) }
        var rooms = HighTemplarSettings()
        rooms.allowedRooms = try? AllowedRooms(json: #"[{"market":"*"}]"#)
        return [
            Route(
                path: SpokenForm.openAPI.path,
                dialect: OpenAPIDialect(
                    id: ids[0], realm: .standard, settings: OpenAPISettings(),
                    directory: registry),
                dialectID: ids[0]),
            Route(path: SpokenForm.echo.path, dialect: EchoDialect(), dialectID: ids[1]),
            Route(
                path: SpokenForm.highTemplar.path,
                dialect: HighTemplarDialect(
                    id: ids[2], realm: .standard, settings: rooms, api: nil, directory: registry,
                    triggers: TriggerIntake(realm: .standard),
                    surroundings: HighTemplarSurroundings(
                        wallClock: { 0 }, zoneOffset: { _ in 0 }, random: { 0x5EED })),
                dialectID: ids[2]),
        ]
    }

    /// Opens subscribers of ``room``, one after the other on each core.
    ///
    /// - Parameter windowBits: What their messages are deflated with; `nil`: they are plain.
    func subscribe(
        _ count: Int, _ form: SpokenForm, windowBits: Int? = nil, reading: Reading? = nil
    ) {
        for number in 0..<count {
            fanOut.open(
                route: form.rawValue, subscribedTo: .exact(room), reading: reading ?? form.reading,
                tail: form.tail(number), windowBits: windowBits,
                core: number % fanOut.state.coreCount)
        }
    }

    /// A client that speaks, behind its handshake.
    func connect(_ form: SpokenForm, deflate: DeflateOffer? = nil) -> FanOutPeer {
        var request = OctetBuffer()
        ClientHandshake(
            random: (1, 2), subprotocols: form.subprotocol.map { [$0] } ?? [], deflate: deflate
        ).writeRequest(host: "benchmark", target: form.path, into: &request)
        return fanOut.connect(request.octets.array)
    }

    /// Lets a client say something, and everybody do what follows.
    func say(_ frame: [UInt8], _ peer: FanOutPeer) {
        fanOut.receive(frame, from: peer)
        fanOut.settle()
    }

    /// A counter over all cores.
    func count(of counter: Counter) -> Int {
        fanOut.state.metrics.reduce(0) { $0 + Int($1.value(of: counter)) }
    }
}

/// A client's frame with one text.
func textFrame(_ text: [UInt8]) -> [UInt8] {
    var buffer = OctetBuffer()
    FrameWriter.writeMessage(
        .text, unsafe text.span.bytes, mask: MaskKey(bits: 0x5EED_1234), into: &buffer)
    return buffer.octets.array
}
