// Runs of publications that are queued once: nobody may be able to tell.

import Engine
import Telemetry
import Testing

@Suite("runs of publications, simulated")
struct DeliverTests {
    private func events(_ messages: [String]) -> [String] {
        messages.filter { $0.hasPrefix(#"{"channel""#) }
    }

    @Test("who subscribes or leaves between two publications of a turn gets those of its time")
    func changes() {
        let world = TestWorld()
        let reader = world.open()
        let client = world.open()
        reader.write(Call.subscribe("a"))
        world.exchangeAll()
        _ = reader.takeMessages()
        client.write(Call.publish("a", data: "[1]"))
        client.write(Call.publish("a", data: "[2]"))
        client.write(Call.subscribe("a"))
        client.write(Call.publish("a", data: "[3]"))
        client.write(Call.publish("a", data: "[4]"))
        client.write(Call.unsubscribe("a"))
        client.write(Call.publish("a", data: "[5]"))
        world.exchangeAll()
        #expect(
            events(reader.takeMessages())
                == (1...5).map { Call.event("a", data: "[\($0)]") })
        #expect(
            events(client.takeMessages())
                == (3...4).map { Call.event("a", data: "[\($0)]") })
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("who is in several rooms gets what is published to them in one order")
    func rooms() {
        for flushSlice in [1, 64] {
            let world = TestWorld(flushSlice: flushSlice)
            let both = world.open()
            let one = world.open()
            let writer = world.open()
            for room in ["a", "b"] { both.write(Call.subscribe(room)) }
            one.write(Call.subscribe("b"))
            world.exchangeAll()
            _ = both.takeMessages()
            _ = one.takeMessages()
            var expected: [String] = []
            for (number, room) in ["a", "a", "b", "b", "a", "b", "a"].enumerated() {
                writer.write(Call.publish(room, data: "[\(number)]"))
                expected.append(Call.event(room, data: "[\(number)]"))
            }
            world.exchangeAll()
            #expect(both.takeMessages() == expected)
            #expect(one.takeMessages() == expected.filter { $0.contains(#""b""#) })
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("where the stamps of publications begin again nobody misses one, nor gets one twice")
    func stamps() {
        for start in (UInt32.max - 12)...UInt32.max {
            let world = TestWorld()
            let reader = world.open()
            let writer = world.open()
            // Two ways to the same publications, of which each is told once.
            for pattern in ["*", "e*"] { reader.write(Call.subscribe("a", pattern)) }
            world.exchangeAll()
            _ = reader.takeMessages()
            world.world.setStamp(start)
            for number in 0..<8 {
                writer.write(Call.publish("a", data: "[\(number)]"))
                world.exchangeAll()
            }
            #expect(
                events(reader.takeMessages())
                    == (0..<8).map { Call.event("a", data: "[\($0)]") }, "from \(start)")
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("deliveries are counted for every publication of a run")
    func counts() {
        let world = TestWorld()
        let readers = (0..<5).map { _ in world.open() }
        let writer = world.open()
        for reader in readers { reader.write(Call.subscribe("a")) }
        world.exchangeAll()
        for number in 0..<7 { writer.write(Call.publish("a", data: "[\(number)]")) }
        world.exchangeAll()
        #expect(world.world.state.metrics[0].value(of: .deliveries) == 35)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a flush that is never done keeps neither order nor memory waiting")
    func marks() {
        var options = SimulatedOptions()
        options.socketLimit = 128
        let world = TestWorld(options: options, flushSlice: 4)
        let readers = (0..<24).map { _ in world.open() }
        let writer = world.open()
        for reader in readers { reader.write(Call.subscribe("a")) }
        world.exchangeAll()
        for reader in readers { _ = reader.takeMessages() }
        let filling = String(repeating: "x", count: 3_000)
        var expected: [String] = []
        var most = 0
        for number in 0..<600 {
            let data = #"{"n":\#(number),"x":"\#(filling)"}"#
            expected.append(Call.event("a", data: data))
            writer.write(Call.publish("a", data: data))
            writer.push()
            world.world.turn(of: 0)
            for reader in readers { reader.read(.max) }
            most = max(most, world.world.storedOctets)
        }
        // Fourteen segments went through, with the publisher's replies.
        #expect(most <= 8 * 262_144)
        world.exchangeAll()
        for reader in readers { #expect(reader.takeMessages() == expected) }
        world.end()
        #expect(world.world.violations == [])
    }
}
