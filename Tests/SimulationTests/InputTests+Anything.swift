// Input of every kind at random, small limits, two cores: the accounts are right at every step,
// whatever is cut, begun, inflated, held or left in the middle.

import Engine
import HTTP1
import Testing
import WebSocket

/// Takes bodies, and answers when told to.
final class PatientHandler: RequestHandler, @unchecked Sendable {
    private var waiting: [Responder] = []

    func respond(to request: borrowing Request, via responder: Responder) -> HandlerOutcome? {
        guard request.path != "/now" else {
            return .now(Response(status: 200, body: Array("now".utf8)))
        }
        waiting.append(responder)
        return .later
    }

    func bodyLimit(method: Method, path: String, listener: Int) -> Int? { 1 << 20 }

    var isAsked: Bool { !waiting.isEmpty }

    /// Those who were not answered are kept by what they would answer to.
    func forget() { waiting = [] }

    func answer() {
        waiting.removeFirst().respond(Response(status: 200, body: Array("later".utf8)))
    }
}

extension InputTests {
    @Test("accounts are right whatever is cut, begun, inflated, held and left")
    func anything() {
        var (hits, peak) = (0, 0)
        for seed in 1...100 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var options = SimulatedOptions()
            options.bufferSize = random.pick([64, 300, 4_096])
            var limits = Self.limits(random.pick([5_000, 20_000, 100_000]))
            limits.framesPerTurn = random.pick([4, 128])
            limits.inflatedPerTurn = random.pick([1_024, 262_144])
            limits.parkedSize = random.pick([4_096, 262_144])
            let cores = random.within(1...2)
            let handler = PatientHandler()
            let world = TestWorld(
                seed: seed, cores: cores, limits: limits, options: options, handler: handler)
            for _ in 0..<random.within(50...200) {
                if random.chance(100), handler.isAsked { handler.answer() }
                act(in: world, cores: cores, &random)
                if random.chance(200) { world.world.pass(UInt64(random.below(300_000_000))) }
                if random.chance(500) { world.world.settle() }
                world.world.checkBounds()
                peak = max(peak, world.world.inputSize)
            }
            hits += Self.hits(world.world)
            world.end()
            while world.calls.count > 0 { world.calls.answer() }
            handler.forget()
            #expect(world.world.violations == [], "seed \(seed)")
            guard world.world.violations.isEmpty else { return }
        }
        #expect(hits > 50 && peak > 20_000, "\(hits) closed, \(peak) octets")
    }

    private func act(in world: TestWorld, cores: Int, _ random: inout SeededRandom) {
        let core = random.below(cores)
        guard world.clients.count > 3, !random.chance(150) else {
            if random.chance(300) {
                _ = world.connect(core: core)
                return
            }
            let path = random.pick([TestWorld.echo, TestWorld.stream])
            _ = world.request(path, core: core, deflate: random.chance(500))
            return
        }
        let client = random.pick(world.clients)
        if random.chance(300) {
            client.read(random.pick([10, .max]))
        } else if random.chance(20) {
            client.socket.reset()
        } else if random.chance(20) {
            client.socket.finishSending()
        } else if random.chance(100), world.calls.count > 0 {
            world.calls.answer(at: random.below(world.calls.count))
        } else if client.isOpen {
            say(client, &random)
        } else if client.outbox.isEmpty, client.refusal == nil {
            client.write(octets: Self.post(random.pick(["/now", "/later"]), size: 5_000))
            client.write(octets: Array(repeating: 0x20, count: random.within(0...5_000)))
        }
        client.push(random.pick([1, 100, 5_000, .max]))
    }

    private func say(_ client: SimulatedClient, _ random: inout SeededRandom) {
        let filling = String(repeating: "x", count: random.pick([0, 100, 3_000, 20_000]))
        switch random.below(8) {
        case 0: client.write(Call.call("slow", "{}"))
        case 1: client.write(Call.echo("\"\(filling)\""), fragmentSize: random.within(1...999))
        case 2: client.write(Call.echo("\"\(filling)\""), compressed: true)
        case 3: client.write(.binary, Array(repeating: 1, count: 900), isFinal: false)
        case 4: client.write(.continuation, Array(filling.utf8), isFinal: random.chance(500))
        case 5: client.write(.ping, Array(repeating: 1, count: random.within(0...125)))
        case 6: if random.chance(200) { client.writeClose(1000) }
        default: for _ in 0..<random.below(40) { client.write(Call.echo("1")) }
        }
    }
}
