// Micro-batching: who waits, for how long, and for what.

import Engine
import Testing

@Suite("paced sends, simulated")
struct PaceTests {
    private static let delay: UInt64 = 10_000_000

    private struct Room {
        let world: TestWorld
        let reader: SimulatedClient
        let writer: SimulatedClient

        init(delay: UInt64) {
            world = TestWorld(batchingDelay: delay)
            reader = world.open()
            writer = world.open()
            reader.write(Call.subscribe("a"))
            world.exchangeAll()
            _ = reader.takeMessages()
        }

        /// Publishes, and takes turns until the publisher has its answer.
        ///
        /// - Returns: Nanoseconds until then, and what the reader got meanwhile.
        func publish(_ number: Int) -> (UInt64, [String]) {
            let began = world.world.now
            writer.write(Call.publish("a", data: "[\(number)]"))
            writer.push()
            var turns = 0
            while writer.takeMessages().isEmpty, turns < 1_000 {
                world.world.step()
                writer.read(.max)
                turns += 1
            }
            reader.read(.max)
            return (world.world.now - began, reader.takeMessages())
        }
    }

    @Test("a lone publication leaves at once; the next ones share a send, and replies never wait")
    func batches() {
        let room = Room(delay: Self.delay)
        let began = room.world.world.now
        #expect(room.publish(1).1 == [Call.event("a", data: "[1]")])
        let sends = room.world.world.sendCount
        for number in 2...4 {
            let (time, events) = room.publish(number)
            #expect(time < Self.delay / 4)
            #expect(events == [])
        }
        room.world.exchangeAll()
        #expect(room.reader.takeMessages() == (2...4).map { Call.event("a", data: "[\($0)]") })
        #expect(room.world.world.sendCount == sends + 4, "three replies, one send of three")
        #expect(room.world.world.now - began < 2 * Self.delay)
        room.world.end()
        #expect(room.world.world.violations == [])
    }

    @Test("without a delay every publication leaves with its turn")
    func prompt() {
        let room = Room(delay: 0)
        for number in 1...4 {
            #expect(room.publish(number).1 == [Call.event("a", data: "[\(number)]")])
        }
        room.world.end()
        #expect(room.world.world.violations == [])
    }

    @Test("a subscriber's own reply takes along what was published before it")
    func order() {
        let room = Room(delay: Self.delay)
        _ = room.publish(1)
        _ = room.publish(2)
        room.reader.write(Call.echo("[9]"))
        room.world.exchangeAll()
        let messages = room.reader.takeMessages()
        #expect(messages.count == 2 && messages.first == Call.event("a", data: "[2]"))
        room.world.end()
        #expect(room.world.world.violations == [])
    }

    @Test("a server that stops does not wait for a pause")
    func stop() {
        let room = Room(delay: 60_000_000_000)
        _ = room.publish(1)
        _ = room.publish(2)
        room.world.world.stop()
        for _ in 0..<100 {
            room.world.world.step()
            room.reader.read(.max)
        }
        #expect(room.reader.takeMessages() == [Call.event("a", data: "[2]")])
        room.world.end()
        #expect(room.world.world.violations == [])
    }
}
