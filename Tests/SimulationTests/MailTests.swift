// Mail between cores: order, and sleepers that are always woken.

import DialectKit
import Engine
import Rooms
import Telemetry
import Testing
import Uring
import WebSocket

@Suite("mail, simulated")
struct MailTests {
    /// Worlds with ring messages, without them, and with ones that fail.
    static let kinds: [(features: Features, failedMessage: Int)] = [
        (.all.subtracting(.peerNames), 0),
        (.all.subtracting([.peerNames, .ringMessages]), 0),
        (.all.subtracting(.peerNames), 600),
        (.all.subtracting([.peerNames, .skippedSuccess]), 300),
    ]

    @Test("a publication wakes the core of its subscriber, however the two interleave")
    func wakeUp() {
        var wakeUps: UInt64 = 0
        for (kind, (features, failedMessage)) in Self.kinds.enumerated() {
            for seed in 1...60 as ClosedRange<UInt64> {
                var options = SimulatedOptions()
                options.features = features
                options.faults.failedMessage = failedMessage
                options.faults.overflow = 200
                options.faults.partialEnter = 200
                let world = TestWorld(seed: seed, cores: 2, options: options)
                let reader = world.open(core: 0)
                let writer = world.open(core: 1)
                reader.write(Call.subscribe("a"))
                world.exchangeAll()
                _ = reader.takeMessages()
                var expected: [String] = []
                // The writer speaks whenever a core is about to wait.
                var left = 20
                world.world.interlude = {
                    guard left > 0 else { return }
                    left -= 1
                    expected.append(Call.event("a", data: "[\(left)]"))
                    writer.write(Call.publish("a", data: "[\(left)]"))
                    writer.push()
                }
                for _ in 0..<60 { world.world.step() }
                world.world.interlude = nil
                world.exchangeAll()
                #expect(reader.takeMessages() == expected, "kind \(kind), seed \(seed)")
                wakeUps += world.world.state.metrics[1].value(of: .mailWakeUps)
                world.end()
                #expect(world.world.violations == [], "kind \(kind), seed \(seed)")
            }
        }
        // The interesting interleaving did happen.
        #expect(wakeUps > 500)
    }

    @Test("a post from a thread without a ring ends a sleep without a time limit")
    func postFromOutside() {
        for seed in 1...60 as ClosedRange<UInt64> {
            let world = TestWorld(seed: seed, cores: 2)
            let reader = world.open(core: 0)
            reader.write(Call.subscribe("a"))
            world.exchangeAll()
            _ = reader.takeMessages()
            var room = Room()
            let (channel, event) = (Array("a".utf8), Array("e".utf8))
            try! room.append(unsafe channel.span.bytes)
            try! room.append(unsafe event.span.bytes)
            var left = 10
            var counts: [Int] = []
            let tally = Tally()
            world.world.interlude = {
                guard left > 0 else { return }
                left -= 1
                let payload = Array("[\(left)]".utf8)
                world.world.state.publish(
                    Publication(realm: .standard, room: room, payload: payload)
                ) { count in tally.counts.append(count) }
            }
            for _ in 0..<60 { world.world.step() }
            world.world.interlude = nil
            world.exchangeAll()
            counts = tally.counts
            #expect(left < 10, "nothing was posted, seed \(seed)")
            #expect(counts == Array(repeating: 1, count: 10 - left))
            #expect(reader.takeMessages().count == 10 - left)
            world.end()
            #expect(world.world.violations == [], "seed \(seed)")
        }
    }

    @Test("one publisher's publications keep their order on every core")
    func order() {
        for seed in 1...40 as ClosedRange<UInt64> {
            var options = SimulatedOptions()
            options.faults.delay = 500
            options.faults.partialEnter = 300
            options.faults.shortSend = 300
            let world = TestWorld(seed: seed, cores: 3, options: options)
            let readers = (0..<6).map { world.open(core: $0 % 3) }
            let writers = (0..<3).map { world.open(core: $0) }
            for reader in readers { reader.write(Call.subscribe("a")) }
            world.exchangeAll()
            for reader in readers { _ = reader.takeMessages() }
            for number in 0..<15 {
                for (place, writer) in writers.enumerated() {
                    writer.write(Call.publish("a", data: "[\(place),\(number)]"))
                    writer.push(20)
                }
                world.world.step()
            }
            world.exchangeAll()
            for reader in readers {
                let events = reader.takeMessages()
                #expect(events.count == 45)
                for place in 0..<3 {
                    #expect(
                        events.filter { $0.contains("[\(place),") }
                            == (0..<15).map { Call.event("a", data: "[\(place),\($0)]") })
                }
            }
            world.end()
            #expect(world.world.violations == [], "seed \(seed)")
        }
    }

    @Test("a burst of mail is read in shares, and a core's own peers are heard in between")
    func burstOfMail() {
        let world = TestWorld(cores: 1)
        let reader = world.open()
        let other = world.open(TestWorld.echo)
        reader.write(Call.subscribe("a"))
        world.exchangeAll()
        _ = reader.takeMessages()
        reader.socket.sendWindow = 1 << 30
        var room = Room()
        let (channel, event) = (Array("a".utf8), Array("e".utf8))
        try! room.append(unsafe channel.span.bytes)
        try! room.append(unsafe event.span.bytes)
        let payload = Array("\"\(String(repeating: "x", count: 50_000))\"".utf8)
        for _ in 0..<100 {
            world.world.state.publish(
                Publication(realm: .standard, room: room, payload: payload))
        }
        other.write(.binary, [1])
        other.push()
        var turns = 0
        while other.socket.availableCount == 0, turns < 100 {
            world.world.turn(of: 0)
            turns += 1
        }
        // Before the echo no more than a few shares of the five megabytes.
        #expect(turns < 6)
        #expect(reader.socket.availableCount < 1_500_000)
        world.exchangeAll()
        #expect(reader.takeMessages().count == 100)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("server_info right after a close is right, on any core")
    func registry() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let world = TestWorld(seed: seed, cores: 3)
            let asker = world.open(core: 0)
            let others = (0..<6).map { world.open(core: $0 % 3) }
            for other in others { other.write(Call.subscribe("a", "x*")) }
            world.exchangeAll()
            for (gone, other) in others.enumerated() {
                switch gone % 3 {
                case 0: other.writeClose(1000)
                case 1: other.socket.finishSending()
                default: other.write(Call.call("cancel"))
                }
                // As soon as anybody has seen the close frame, everybody knows.
                while !other.hasReceivedClose {
                    other.push()
                    world.world.step()
                    other.read()
                }
                _ = asker.takeMessages()
                asker.write(Call.call("server_info", id: "i"))
                world.exchange(asker)
                let left = 5 - gone
                let channels = left > 0 ? #"{"a":{"x*":\#(left)}}"# : "{}"
                #expect(
                    asker.takeMessages() == [
                        #"{"id":"i","method":"server_info","response":"#
                            + #"{"connections":\#(left + 1),"channels":\#(channels)}}"#
                    ])
            }
            world.end()
            #expect(world.world.violations == [])
        }
    }
}

/// Receipts as they come. Used from one thread.
private final class Tally: @unchecked Sendable {
    var counts: [Int] = []
}
