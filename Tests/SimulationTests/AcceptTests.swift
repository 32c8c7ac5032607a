// Accepting: failures that pass, failures that pause, and a table that is full.

import Engine
import Telemetry
import Testing
import Uring

@Suite("accepting, simulated")
struct AcceptTests {
    @Test("out of descriptors the listener rests 100 ms and recovers by itself")
    func exhausted() {
        for removed in [[], .multishotAccept] as [Features] {
            var options = SimulatedOptions()
            options.features.subtract(removed)
            let world = TestWorld(options: options)
            _ = world.open()
            world.world.faults.failedAccept = 1_000
            let client = world.request()
            // An abort takes the connection along; a missing descriptor leaves it waiting.
            world.exchangeAll()
            let metrics = world.world.state.metrics[0]
            if !client.socket.isReset {
                #expect(metrics.value(of: Gauge.listenerPaused) == 1)
                let turns = world.world.turnCount
                world.world.pass(90_000_000)
                #expect(world.world.turnCount - turns < 10)
                #expect(!client.isOpen)
                world.world.faults.failedAccept = 0
                world.world.pass(30_000_000)
                world.exchangeAll()
                #expect(client.isOpen)
                #expect(metrics.value(of: Gauge.listenerPaused) == 0)
            }
            world.world.faults.failedAccept = 0
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("connections that were aborted while waiting do not stop the others")
    func aborted() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var options = SimulatedOptions()
            options.faults.failedAccept = 300
            options.faults.endedMultishot = 300
            let world = TestWorld(seed: seed, options: options)
            let clients = (0..<20).map { _ in world.request() }
            world.exchangeAll()
            world.world.pass(2_000_000_000)
            world.exchangeAll()
            for client in clients { #expect(client.isOpen || client.socket.wasBroken) }
            world.end()
            #expect(world.world.violations == [], "seed \(seed)")
        }
    }

    @Test("a full table answers 503 and keeps who is there")
    func full() {
        var limits = Limits()
        limits.connectionsPerCore = 0.5
        var options = SimulatedOptions()
        options.socketLimit = 8
        let world = TestWorld(limits: limits, options: options)
        let clients = (0..<4).map { _ in world.open() }
        let late = world.request()
        world.exchangeAll()
        #expect(late.refusal == 503)
        late.socket.finishSending()
        clients[0].writeClose(1000)
        world.exchangeAll()
        clients[0].socket.finishSending()
        world.exchangeAll()
        let next = world.open()
        #expect(next.isOpen)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("with every descriptor in use the next one waits until one is free")
    func everyDescriptor() {
        var limits = Limits()
        limits.connectionsPerCore = 1
        var options = SimulatedOptions()
        options.socketLimit = 4
        let world = TestWorld(limits: limits, options: options)
        let clients = (0..<4).map { _ in world.open() }
        let late = world.request()
        world.exchangeAll()
        #expect(!late.isOpen)
        clients[2].socket.reset()
        world.world.pass(200_000_000)
        world.exchangeAll()
        #expect(late.isOpen)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("too many handshakes at once make the listener rest, not fail")
    func handshakes() {
        var limits = Limits()
        limits.handshakesInProgress = 3
        let world = TestWorld(limits: limits)
        let silent = (0..<6).map { _ in world.connect() }
        world.exchangeAll()
        let client = world.request()
        world.exchangeAll()
        #expect(!client.isOpen)
        // A second later they need not be waited for any more.
        world.pass(seconds: 2, silent + [client])
        #expect(client.isOpen)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("sockets that say nothing make room, the oldest first, and who has begun is told")
    func oldestHandshakes() {
        var limits = Limits()
        limits.handshakesInProgress = 3
        let world = TestWorld(limits: limits)
        let slow = world.connect()
        slow.write(octets: Array("GET /stream HTTP/1.1\r\n".utf8))
        let silent = (0..<2).map { _ in world.connect() }
        world.exchangeAll()
        let metrics = world.world.state.metrics[0]
        #expect(metrics.value(of: Gauge.handshakesInProgress) == 3)
        world.pass(seconds: 2, [slow] + silent)
        // Nobody has to go while there is room.
        #expect(metrics.value(of: Gauge.handshakesInProgress) == 3)
        for number in 0..<50 {
            let client = world.open()
            #expect(metrics.value(of: Gauge.listenerPaused) == 0)
            if number == 0 {
                world.exchange(slow)
                #expect(slow.refusal == 503)
                #expect(silent.allSatisfy { !$0.socket.isFinished && !$0.socket.isReset })
            }
            client.socket.reset()
            world.exchangeAll()
            // Another one says nothing.
            _ = world.connect()
            world.exchangeAll()
            world.pass(seconds: 1.1, [])
        }
        #expect(metrics.value(of: LimitName.handshakesInProgress) >= 50)
        world.end()
        #expect(metrics.value(of: Gauge.handshakesInProgress) == 0)
        #expect(world.world.violations == [])
    }

    @Test("who goes before the handshake is done is counted as gone, and nobody else")
    func goneBeforeHandshake() {
        let world = TestWorld()
        let silent = world.connect()
        let halfway = world.connect()
        halfway.write(octets: Array("GET /stream HTTP/1.1\r\n".utf8))
        let open = world.open()
        world.exchangeAll()
        let metrics = world.world.state.metrics[0]
        #expect(metrics.value(of: HandshakeResult.peerGone) == 0)
        silent.socket.finishSending()
        halfway.socket.reset()
        open.socket.reset()
        world.exchangeAll()
        #expect(metrics.value(of: HandshakeResult.peerGone) == 2)
        #expect(metrics.value(of: Gauge.handshakesInProgress) == 0)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a crowd that comes at once waits for a moment, and all of it is served")
    func crowd() {
        var limits = Limits()
        limits.handshakesInProgress = 3
        var options = SimulatedOptions()
        options.socketLimit = 200
        let world = TestWorld(limits: limits, options: options)
        let clients = (0..<100).map { _ in world.request() }
        world.pass(seconds: 5, clients)
        #expect(clients.allSatisfy { $0.isOpen })
        world.end()
        #expect(world.world.violations == [])
    }
}
