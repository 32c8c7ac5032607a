// Streams: the handshake, frames in all cuts, pings, and every way they end.

import Engine
import Telemetry
import Testing
import Uring

@Suite("streams, simulated")
struct StreamTests {
    // MARK: the handshake

    @Test("a conversation is the same wherever its octets are cut")
    func cuts() {
        func conversation(_ exchange: (StreamWorld, StreamClient) -> Void) -> [StreamClient.Frame] {
            let world = StreamWorld()
            let client = world.connect()
            client.writeHandshake()
            client.write(Say.hello)
            client.write(kind: 1, [1, 2, 3])
            client.write(Say.subscribe("a.b"))
            client.write(kind: 1, [])
            client.write(Say.publish("a.c", "7"))
            exchange(world, client)
            world.exchangeAll()
            #expect(client.answer == [0x7F, 0x71, 0, 0])
            let arrivals = client.takeArrivals()
            world.end()
            #expect(world.world.violations == [])
            return arrivals
        }
        let whole = conversation { _, _ in }
        #expect(whole.map(\.kind) == [0, 2, 0, 2, 0])
        #expect(whole[1].payload == [1, 2, 3])
        #expect(whole[3].payload == [])
        #expect(whole[0].text.hasPrefix("[2,"))
        // The smallest client that is let in has room for it, and for a longer name than that.
        #expect(whole[0].payload.count < framingLimit - 512)
        for cut in 1..<280 {
            #expect(
                whole
                    == conversation { world, client in
                        client.push(cut)
                        world.world.settle()
                    }, "cut at \(cut)")
        }
        #expect(
            whole
                == conversation { world, client in
                    while !client.outbox.isEmpty {
                        client.push(1)
                        world.world.settle()
                    }
                })
    }

    private var framingLimit: Int { 2048 }

    @Test("who asks for what there is not is told so and let go")
    func refusals() {
        let rows: [(said: [UInt8], answer: [UInt8]?)] = [
            ([0x7F, 0xF4, 0, 0], [0x7F, 0x10, 0, 0]), ([0x7F, 0xF0, 0, 0], [0x7F, 0x10, 0, 0]),
            ([0x7F, 0x11, 0, 0], [0x7F, 0x20, 0, 0]), ([0x7F, 0xF1, 0, 1], [0x7F, 0x30, 0, 0]),
            ([0x7F, 0xF1, 0x80, 0], [0x7F, 0x30, 0, 0]), (Array("GET / HTTP/1.1\r\n".utf8), nil),
            ([0x00], nil),
        ]
        for (said, answer) in rows {
            let world = StreamWorld()
            let client = world.connect()
            client.write(octets: said)
            world.exchangeAll()
            #expect(client.answer == answer, "\(said)")
            #expect(client.socket.isFinished)
            #expect(world.world.state.metrics[0].value(of: HandshakeResult.malformed) == 1)
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a full table says so, and the rest of its clients are served")
    func full() {
        var limits = Limits()
        limits.connectionsPerCore = 0.5
        var options = SimulatedOptions()
        options.socketLimit = 8
        let world = StreamWorld(limits: limits, options: options)
        let clients = (0..<4).map { _ in world.join() }
        let late = world.open()
        #expect(late.answer == [0x7F, 0x40, 0, 0])
        #expect(late.socket.isFinished)
        clients[0].write(Say.publish("a", "1"))
        world.exchangeAll()
        #expect(clients[0].takeMessages().count == 1)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a handshake that does not come to its end is given up after ten seconds")
    func handshakeTime() {
        // A line feed among the octets is no line of a request.
        for said in [[], [0x7F], [0x7F, 0x0A, 0]] as [[UInt8]] {
            let world = StreamWorld()
            let client = world.connect()
            client.write(octets: said)
            world.pass(seconds: 9.8, [client])
            #expect(!client.socket.isFinished)
            world.pass(seconds: 0.4, [client])
            #expect(client.socket.isFinished)
            #expect(client.answer == nil)
            #expect(world.world.state.metrics[0].value(of: .handshakeTime) == 1)
            world.pass(seconds: 2, [client])
            #expect(world.world.state.connectionCount == 0)
            world.end()
            #expect(world.world.violations == [])
        }
    }

    // MARK: pings

    @Test("a ping's payload comes back, unless its own client would not take it")
    func pongs() {
        let world = StreamWorld()
        let client = world.open(exponent: 2)
        let largest = [UInt8](repeating: 9, count: 2048)
        client.write(kind: 1, largest)
        client.write(kind: 1, largest + [9])
        client.write(kind: 1, [4])
        world.exchangeAll()
        #expect(
            client.takeArrivals() == [
                .init(kind: 2, payload: largest), .init(kind: 2, payload: [4]),
            ])
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("who has shown a ping is pinged when silent, and dropped without an answer")
    func serverPings() {
        var limits = Limits()
        limits.pingInterval = 25 * Limits.second
        limits.pongTime = 10 * Limits.second
        let world = StreamWorld(limits: limits)
        let knowing = world.join()
        let simple = world.join()
        knowing.write(kind: 1, [1])
        world.exchangeAll()
        #expect(knowing.takeArrivals() == [.init(kind: 2, payload: [1])])
        world.pass(seconds: 60, world.clients)
        let pings = knowing.takeArrivals()
        #expect(pings.count == 2)
        #expect(pings.allSatisfy { $0.kind == 1 && $0.payload.count > 1 })
        #expect(simple.takeArrivals() == [])
        knowing.answersPings = false
        world.pass(seconds: 40, world.clients)
        #expect(knowing.socket.isFinished)
        #expect(!simple.socket.isFinished)
        #expect(world.world.state.metrics[0].value(of: .pongTimeout) == 1)
        simple.write(Say.publish("a", "1"))
        world.exchangeAll()
        #expect(simple.takeMessages().count == 1)
        world.end()
        #expect(world.world.violations == [])
    }

    // MARK: the end

    @Test("frames before a broken one are answered, then the connection is dropped")
    func brokenFrames() {
        let rows: [([UInt8], code: Int)] = [
            ([0x10, 0, 0, 1, 0], 1002), ([0x80], 1002), ([0x03, 0, 0, 0], 1002),
            ([0x07], 1002), ([0x08, 0, 0, 1], 1002), ([0x00, 0x01, 0x00, 0x01], 1009),
            ([0x08, 0, 0, 0], 1009), ([0x01, 0xFF, 0xFF, 0xFF], 1009),
        ]
        for (octets, code) in rows {
            let world = StreamWorld()
            let client = world.join()
            client.write(Say.publish("a", "1"))
            client.write(octets: octets)
            client.write(Say.publish("a", "2"))
            world.exchangeAll()
            #expect(client.takeMessages().count == 1, "\(octets)")
            #expect(client.socket.isFinished)
            let metrics = world.world.state.metrics[0]
            #expect(metrics.value(of: .messageSize) == (code == 1009 ? 1 : 0))
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a message that is no WAMP is answered with ABORT and FIN")
    func brokenMessages() {
        for text in ["[", "{}", #"[1,"realm1",{}]x"#, ""] {
            let world = StreamWorld()
            let client = world.open()
            client.write(text)
            world.exchangeAll()
            let messages = client.takeMessages()
            #expect(messages.count == 1 && messages[0].hasPrefix("[3,"), "\(messages)")
            #expect(client.socket.isFinished)
            world.end()
            #expect(world.world.violations == [])
        }
        let world = StreamWorld()
        let client = world.open()
        client.write(kind: 0, [0x5B, 0x22, 0xFF, 0x22, 0x5D])  // not UTF-8
        world.exchangeAll()
        #expect(client.takeMessages().count == 1)
        #expect(client.socket.isFinished)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test(
        "GOODBYE is answered; a client that stays is closed, with nothing lost and no close frame")
    func goodbye() {
        let world = StreamWorld()
        let client = world.join()
        client.write(Say.goodbye)
        world.exchangeAll()
        #expect(client.takeMessages() == [#"[6,{},"wamp.close.goodbye_and_out"]"#])
        #expect(!client.socket.isFinished)
        world.pass(seconds: 2.2, [client])
        #expect(client.socket.isFinished)
        #expect(client.isAtBoundary && client.arrivals.isEmpty)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a FIN between frames is an ordinary end, one within a frame a loss")
    func peerFinishes() {
        for (rest, code) in [([], 1000), ([0x00, 0x00], 1006)] as [([UInt8], UInt16)] {
            let world = StreamWorld()
            let client = world.join()
            client.write(octets: rest)
            client.push()
            client.socket.finishSending()
            world.exchangeAll()
            #expect(client.socket.isFinished)
            #expect(world.world.state.connectionCount == 0)
            let reason: CloseReason = code == 1000 ? .asked : .connectionLost
            let close = CloseKey(code: code, side: .peer, reason: reason)
            #expect(world.world.state.metrics[0].value(of: close) == 1)
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a drain says GOODBYE, closes, and lets nobody new in")
    func drain() {
        let world = StreamWorld()
        let polite = world.join()
        let silent = world.join()
        world.world.drain(
            delay: Limits.second, spread: Limits.second, deadline: 20 * Limits.second)
        world.pass(seconds: 2.2, world.clients)
        for client in [polite, silent] {
            #expect(client.takeMessages() == [#"[6,{},"wamp.close.system_shutdown"]"#])
        }
        polite.write(#"[6,{},"wamp.close.goodbye_and_out"]"#)
        world.exchangeAll()
        #expect(polite.socket.isFinished)
        world.pass(seconds: 3, world.clients)
        #expect(silent.socket.isFinished)
        let late = world.open()
        #expect(late.socket.isReset || late.answer == nil)
        world.end()
        #expect(world.world.violations == [])
    }
}
