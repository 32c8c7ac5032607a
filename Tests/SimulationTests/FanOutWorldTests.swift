// The world of the fan-out benchmark counts what it claims to.

import Bytes
import DialectKit
import Engine
import OpenAPIRPC
import Rooms
import Telemetry
import Testing
import WebSocket

@Suite struct FanOutWorldTests {
    private static let dialect = DialectID(rawValue: 0)

    /// A world with `subscriberCount` connections, each in the same room.
    private func world(
        subscriberCount: Int, room: Room, flushSlice: Int, coreCount: Int = 1
    ) -> FanOutWorld {
        var settings = EngineSettings()
        settings.flushSlice = flushSlice
        settings.routes = [
            Route(
                path: "/stream",
                dialect: OpenAPIDialect(
                    id: Self.dialect, realm: .standard, settings: OpenAPISettings(),
                    directory: Registry()),
                dialectID: Self.dialect)
        ]
        let world = FanOutWorld(
            settings: settings, connectionLimit: subscriberCount + 16, coreCount: coreCount)
        for number in 0..<subscriberCount {
            world.open(subscribedTo: .exact(room), reading: 1, core: number % coreCount)
        }
        return world
    }

    @Test("a turn's publications leave in one send per subscriber, over several slices too")
    func joins() throws {
        var room = Room()
        try unsafe room.append(Array("news".utf8).span.bytes)
        let publication = Publication(
            realm: .standard, room: room, payload: Array("1".utf8), dialect: Self.dialect,
            reading: 1)
        // Header, then what openapi-ws writes around the payload.
        let frameSize = 2 + #"{"channel":"news","event":"","data":1}"#.utf8.count
        for flushSlice in [4, 64] {
            let world = world(subscriberCount: 10, room: room, flushSlice: flushSlice)
            for publicationCount in [1, 3] {
                let figures = world.publish(
                    Array(repeating: publication, count: publicationCount), turnCount: 5)
                #expect(figures.deliveryCount == 10 * publicationCount * 5)
                #expect(figures.sendCount == 10 * 5)
                #expect(figures.sendSize == 10 * publicationCount * 5 * frameSize)
            }
        }
    }

    @Test("what nobody subscribes to reaches nobody")
    func misses() throws {
        var room = Room()
        var other = Room()
        try unsafe room.append(Array("news".utf8).span.bytes)
        try unsafe other.append(Array("weather".utf8).span.bytes)
        let world = world(subscriberCount: 3, room: room, flushSlice: 64)
        let publication = Publication(realm: .standard, room: other, payload: Array("1".utf8))
        #expect(world.publish([publication], turnCount: 2) == FanOutFigures())
    }

    @Test("what a peer publishes reaches the subscribers of every core")
    func speaks() throws {
        let name = Array("news.x".utf8)
        let room = try Room(dotted: unsafe name.span.bytes)
        let call = Array(Call.publish("news", "x", data: "[1]").utf8)
        for coreCount in 1...2 {
            let world = world(subscriberCount: 6, room: room, flushSlice: 64, coreCount: coreCount)
            var request = OctetBuffer()
            ClientHandshake(random: (1, 2)).writeRequest(
                host: "test", target: "/stream", into: &request)
            let peer = world.connect(request.octets.array)
            #expect(world.state.metrics[0].value(of: .openWebSockets) == 1)
            var frame = OctetBuffer()
            FrameWriter.writeMessage(
                .text, unsafe call.span.bytes, mask: MaskKey(bits: 7), into: &frame)
            let before = world.figures
            for _ in 0..<3 { world.receive(frame.octets.array, from: peer) }
            world.settle()
            #expect(world.state.metrics[0].value(of: .messagesReceived) == 3)
            #expect(world.state.metrics[0].value(of: .publications) == 3)
            #expect(world.figures.deliveryCount - before.deliveryCount == 18)
            // Three replies leave together, and so do three publications for each subscriber; those of
            // another core as its mail comes in.
            #expect(world.figures.sendCount - before.sendCount == 7)
        }
    }
}
