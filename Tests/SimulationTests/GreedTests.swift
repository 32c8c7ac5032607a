// Greed: what one turn sends, copies and deflates is bounded in octets, however many want however much.

import Engine
import Telemetry
import Testing
import WebSocket

@Suite("greed, simulated")
struct GreedTests {
    private static var options: SimulatedOptions {
        var options = SimulatedOptions()
        options.socketLimit = 200
        options.bufferCount = 256
        options.sendWindow = 1 << 30
        return options
    }

    /// Runs the core's turns until all is sent.
    ///
    /// - Parameter look: Called behind each turn.
    private func run(_ world: SimulatedWorld, _ look: () -> Void) {
        for _ in 0..<2_000 {
            world.turn(of: 0)
            look()
            if world.isIdle { return }
        }
        world.violate("the core does not come to rest")
    }

    @Test("one turn sends some megabytes of what many have queued; the others wait for the next")
    func sends() {
        let world = SpokenWorld(messageSize: 4 << 20, options: Self.options, flushSlice: 320)
        let clients = (0..<60).map { _ in world.open() }
        for client in clients { client.write("sub a.b -") }
        world.exchangeAll()
        for client in clients { _ = client.takeMessages() }
        let text = "\"" + String(repeating: "x", count: 1_000_000) + "\""
        world.publish("a.b", text)
        var before = world.world.sendCount
        var most = 0
        run(world.world) {
            most = max(most, world.world.sendCount - before)
            before = world.world.sendCount
        }
        #expect(most >= 2 && most <= 5)
        world.exchangeAll()
        for client in clients { #expect(client.takeMessages() == [text]) }
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("pieces that are copied together to be sent take memory for a turn's sends, not for all")
    func copies() {
        let world = SpokenWorld(messageSize: 4 << 20, options: Self.options, flushSlice: 320)
        let clients = (0..<60).map { _ in world.open() }
        // Ten ways to subscribe to one room, more than are gathered: each delivers for itself.
        let patterns = [
            "a.b.c", "^a", "^a.", "^a.b", "^a.b.", "^a.b.c", "?a..c", "?a.b.", "?.b.c", "?..c",
        ]
        for client in clients {
            for pattern in patterns { client.write("sub \(pattern) -") }
        }
        world.exchangeAll()
        for client in clients { _ = client.takeMessages() }
        let text = "\"" + String(repeating: "x", count: 300_000) + "\""
        let atRest = world.world.storedOctets
        world.publish("a.b.c", text)
        var peak = 0
        run(world.world) { peak = max(peak, world.world.storedOctets - atRest) }
        // All of it would be 180 MB.
        #expect(peak >= 3_000_000)
        #expect(peak <= 12_000_000)
        world.exchangeAll()
        for client in clients {
            #expect(client.takeMessages() == Array(repeating: text, count: patterns.count))
        }
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("what would take a core too long to deflate is sent as it is")
    func largeMessages() {
        let world = SpokenWorld(messageSize: 4 << 20, options: Self.options)
        let client = world.open(offer: DeflateOffer())
        world.say(client, "sub a.b -")
        let small = "\"" + String(repeating: "small ", count: 170_000) + "\""
        let large = "\"" + String(repeating: "large ", count: 180_000) + "\""
        for (text, compressions) in [(small, 1), (large, 0)] {
            var before = world.count(of: .compressions)
            world.publish("a.b", text)
            world.exchangeAll()
            #expect(client.takeMessages() == [text])
            #expect(world.count(of: .compressions) - before == compressions)
            before = world.count(of: .compressions)
            #expect(world.say(client, "echo \(text)") == [text])
            #expect(world.count(of: .compressions) - before == compressions)
        }
        world.end()
        #expect(world.world.violations == [])
    }
}
