// Slow readers: what thousands that never read cost the others, in counts.

import Engine
import Telemetry
import Testing
import Uring
import WebSocket

@Suite("slow readers, simulated")
struct SlowReaderTests {
    /// A room with a writer, a reader, and many that take `window` octets and read none.
    private struct Room {
        let world: TestWorld
        let writer: SimulatedClient
        let reader: SimulatedClient
        let deaf: [SimulatedClient]

        init(
            deafCount: Int, window: Int, cores: Int = 1, limits: Limits = Limits(),
            sendQueueSize: Int? = nil, messageSize: Int? = nil
        ) {
            var options = SimulatedOptions()
            options.socketLimit = 2 * deafCount  // accepting pauses before a core is full
            options.bufferCount = 256
            world = TestWorld(
                cores: cores, limits: limits, sendQueueSize: sendQueueSize,
                messageSize: messageSize, options: options)
            let world = world
            writer = world.open()
            reader = world.open(core: cores - 1)
            deaf = (0..<deafCount).map { world.open(core: $0 % cores) }
            for client in deaf + [reader] { client.write(Call.subscribe("a")) }
            world.exchangeAll()
            _ = reader.takeMessages()
            for client in deaf { client.socket.sendWindow = window }
        }

        /// Publishes one event; only writer and reader read.
        func publish(_ number: Int, size: Int) -> String {
            let filling = String(repeating: "x", count: size)
            let data = #"{"n":\#(number),"x":"\#(filling)"}"#
            writer.write(Call.publish("a", data: data))
            world.exchange(writer, reader)
            return Call.event("a", data: data)
        }

        func total(_ gauge: Gauge) -> Int {
            world.world.state.metrics.reduce(0) { $0 + $1.value(of: gauge) }
        }

        func total(_ limit: LimitName) -> UInt64 {
            world.world.state.metrics.reduce(0) { $0 + $1.value(of: limit) }
        }

        func total(_ slow: SlowConsumer) -> UInt64 {
            world.world.state.metrics.reduce(0) { $0 + $1.value(of: slow) }
        }
    }

    @Test("what the process queues never passes its limit while a thousand readers are given up")
    func processLimit() {
        for cores in [1, 2] {
            var limits = Limits()
            limits.processSendQueueSize = 1_000_000
            limits.kernelUnsentSize = 500
            let room = Room(deafCount: 1_000, window: 100, cores: cores, limits: limits)
            var events: [String] = []
            var peak = 0
            for number in 0..<30 {
                events.append(room.publish(number, size: 200))
                room.world.world.checkBounds()  // shares within the limit, queues within shares
                peak = max(peak, room.total(.backlogOctets))
            }
            #expect(peak > 200_000 && peak <= limits.processSendQueueSize)
            #expect(room.total(.processSendQueueShare) > 400)
            #expect(room.reader.takeMessages() == events)
            room.world.end()
            #expect(room.total(.reset) == room.total(.processSendQueueShare))
            #expect(room.world.world.violations == [])
        }
    }

    @Test(
        "a thousand that stop reading share the log's memory, and no publication is copied for them"
    )
    func sharing() {
        let room = Room(deafCount: 1_000, window: 100)
        var events: [String] = []
        for number in 0..<200 { events.append(room.publish(number, size: 200)) }
        #expect(room.total(.backlogOctets) > 40_000_000)
        // Forty megabytes are queued, and a megabyte is held.
        #expect(room.world.world.storedOctets < 1 << 20)
        // Whoever reads on gets everything, in order.
        for client in room.deaf { client.socket.sendWindow = 1 << 30 }
        room.world.exchangeAll()
        for client in room.deaf.prefix(20) {
            #expect(client.takeMessages().suffix(200) == events.suffix(200))
        }
        room.world.end()
        #expect(room.world.world.violations == [])
    }

    @Test(
        "a few slow readers are copied small pieces, so that no segment stays for a hundred octets")
    func copying() {
        let world = TestWorld()
        let deaf = world.open()
        let writer = world.open()
        deaf.write(Call.subscribe("slow"))
        writer.write(Call.subscribe("busy"))
        world.exchangeAll()
        deaf.socket.sendWindow = 10
        let filling = #""\#(String(repeating: "x", count: 60_000))""#
        for number in 0..<400 {
            writer.write(Call.publish("slow", data: "[\(number)]"))
            writer.write(Call.publish("busy", data: filling))
            world.exchange(writer)
        }
        // Twenty-four megabytes have passed by since the first of the slow one's events.
        #expect(world.world.storedOctets < 8 << 20)
        deaf.socket.sendWindow = 1 << 20
        world.exchange(deaf)
        #expect(deaf.takeMessages().count == 401)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("many that are given up at once are closed some in each turn, and reset")
    func closingInSlices() {
        let room = Room(
            deafCount: 1_000, window: 100, sendQueueSize: 8_192, messageSize: 2_048)
        var events: [String] = []
        for number in 0..<6 { events.append(room.publish(number, size: 1_500)) }
        let world = room.world.world
        let metrics = world.state.metrics[0]
        // All of them go over their limit with one publication.
        #expect(metrics.value(of: .closed) >= 1_000)
        var closed = 0
        var most = 0
        world.advance(by: 6_000_000_000)
        for _ in 0..<2_000 {
            world.turn(of: 0)
            let count = room.deaf.count { $0.socket.isReset }
            most = max(most, count - closed)
            closed = count
        }
        #expect(closed == 1_000)
        #expect(most > 50 && most <= 256)
        #expect(room.reader.takeMessages() == events)
        room.world.end()
        #expect(world.violations == [])
    }

    @Test(
        "a fan-out takes a slice of sends per turn, and who is not in the room does not wait for it"
    )
    func slices() {
        var options = SimulatedOptions()
        options.socketLimit = 2_000
        let world = TestWorld(options: options, flushSlice: 64)
        let readers = (0..<1_000).map { _ in world.open() }
        for reader in readers { reader.write(Call.subscribe("a")) }
        world.exchangeAll()
        let other = world.open(TestWorld.echo)
        let writer = world.open()
        writer.write(Call.publish("a", data: "[1]"))
        writer.push()
        let before = world.world.sendCount
        while world.world.sendCount == before { world.world.turn(of: 0) }
        var most = 0
        var turns = 0
        var answered: Int?
        other.write(.binary, [1])
        other.push()
        var sends = world.world.sendCount
        while readers.contains(where: { $0.socket.availableCount == 0 }), turns < 100 {
            world.world.turn(of: 0)
            turns += 1
            most = max(most, world.world.sendCount - sends)
            sends = world.world.sendCount
            if answered == nil, other.socket.availableCount > 0 { answered = turns }
        }
        #expect(most <= 64 + 1)
        #expect(turns >= 14 && turns < 25)
        #expect((answered ?? .max) <= 3)
        world.exchangeAll()
        for reader in readers {
            #expect(reader.takeMessages().last == Call.event("a", data: "[1]"))
        }
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a publication is posted to the cores whose rooms it reaches, and to no others")
    func posts() {
        let world = TestWorld(cores: 3)
        let here = world.open(core: 0)
        let there = world.open(core: 1)
        let writer = world.open(core: 0)
        here.write(Call.subscribe("a"))
        there.write(Call.subscribe("b"))
        world.exchangeAll()
        let metrics = world.world.state.metrics
        for number in 0..<50 {
            writer.write(Call.publish("a", data: "[\(number)]"))
            world.exchangeAll()
        }
        #expect(metrics.map { $0.value(of: .mailsPosted) } == [0, 0, 0])
        #expect(metrics.map { $0.value(of: .deliveries) } == [50, 0, 0])
        for number in 0..<50 {
            writer.write(Call.publish("b", data: "[\(number)]"))
            world.exchangeAll()
        }
        #expect(metrics.map { $0.value(of: .mailsPosted) } == [50, 0, 0])
        #expect(metrics.map { $0.value(of: .deliveries) } == [50, 50, 0])
        // With the last subscriber the interest ends.
        there.write(Call.unsubscribe("b"))
        world.exchangeAll()
        writer.write(Call.publish("b", data: "[]"))
        world.exchangeAll()
        #expect(metrics.map { $0.value(of: .mailsPosted) } == [50, 0, 0])
        world.end()
        #expect(world.world.violations == [])
    }
}
