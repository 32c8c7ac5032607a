// Receiving: shares, pauses, held input, and buffers that run out.

import Engine
import Telemetry
import Testing
import Uring
import WebSocket

@Suite("receiving, simulated")
struct ReceiveTests {
    @Test("a message is read whole however its octets are cut")
    func cuts() {
        for size in [1, 2, 3, 7, 64] {
            var options = SimulatedOptions()
            options.bufferSize = size
            let world = TestWorld(options: options)
            let client = world.open()
            client.write(Call.echo(#"{"x":"whole"}"#), fragmentSize: 5)
            world.exchangeAll()
            #expect(
                client.takeMessages()
                    == [#"{"id":"e","method":"echo","response":{"x":"whole"}}"#])
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("running out of buffers neither spins nor forgets anybody")
    func exhaustedBuffers() {
        for removed in [[], .bufferRing, .multishotReceive] as [Features] {
            var options = SimulatedOptions()
            options.bufferCount = 2
            options.bufferSize = 64
            options.features.subtract(removed)
            let world = TestWorld(options: options)
            let clients = (0..<8).map { _ in world.open() }
            let before = world.world.receiveCounts
            for client in clients {
                for number in 0..<10 {
                    client.write(Call.echo("{\"n\":\(number)}", id: "\(number)"))
                }
            }
            world.exchangeAll()
            for client in clients {
                #expect(
                    client.takeMessages()
                        == (0..<10).map {
                            #"{"id":"\#($0)","method":"echo","response":{"n":\#($0)}}"#
                        })
            }
            let counts = world.world.receiveCounts
            #expect(counts.exhausted > before.exhausted)
            // Each receive that found no buffer is followed by one, not by a flood of them.
            let octets = 8 * 10 * 60
            #expect(counts.submitted - before.submitted < octets / 64 * 4)
            // And with nothing to receive nothing is submitted.
            world.world.pass(5_000_000_000)
            #expect(world.world.receiveCounts.submitted == counts.submitted)
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a burst beyond a turn's frames goes on next turn, and others go first")
    func burst() {
        let world = TestWorld()
        let flooder = world.open(TestWorld.echo)
        let other = world.open(TestWorld.echo)
        for number in 0..<300 { flooder.write(.binary, [UInt8(number % 256)]) }
        flooder.push()
        other.write(.binary, [7])
        other.push()
        // Turns are counted one by one, as the client of each sees them.
        var turns = 0
        while other.socket.availableCount == 0, turns < 20 {
            world.world.turn(of: 0)
            turns += 1
        }
        // 3 octets for each of the frames a turn allows.
        #expect(flooder.socket.availableCount <= 3 * 128 * 2)
        #expect(flooder.socket.availableCount > 0)
        world.exchangeAll()
        let echoed = flooder.takeArrivals()
        #expect(echoed == (0..<300).map { .binary([UInt8($0 % 256)]) })
        #expect(other.takeArrivals() == [.binary([7])])
        #expect(world.world.state.metrics[0].value(of: .framesPerTurn) >= 2)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a peer that sends and never reads stops being read at half its limit")
    func neverReads() {
        let world = TestWorld(sendQueueSize: 64_000, messageSize: 4_096)
        let client = world.open(TestWorld.echo)
        client.socket.sendWindow = 1_000
        for _ in 0..<400 {
            client.write(.binary, Array(repeating: 1, count: 500))
            client.push()
            world.world.settle()
            world.world.checkBounds()
        }
        // What was read at once may come on top of the half.
        #expect(world.world.backlogSize > 32_000)
        #expect(world.world.backlogSize < 48_000)
        #expect(client.socket.unreadCount > 100_000)
        // It reads again, and so do we.
        world.exchangeAll()
        #expect(client.takeArrivals().count == 400)
        #expect(client.socket.unreadCount == 0)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a held call keeps the order of what comes behind it")
    func heldCall() {
        let world = TestWorld()
        let client = world.open()
        client.write(Call.call("slow", #"{"a":1}"#, id: "1"))
        client.write(Call.echo("{}", id: "2"))
        client.write(Call.call("slow", #"{"b":2}"#, id: "3"))
        client.write(Call.echo("{}", id: "4"))
        world.exchangeAll()
        #expect(client.takeMessages() == [])
        #expect(world.calls.count == 1)
        world.calls.answer()
        world.exchangeAll()
        #expect(
            client.takeMessages() == [
                #"{"id":"1","method":"slow","response":{"a":1}}"#,
                #"{"id":"2","method":"echo","response":{}}"#,
            ])
        world.calls.answer()
        world.exchangeAll()
        #expect(
            client.takeMessages() == [
                #"{"id":"3","method":"slow","response":{"b":2}}"#,
                #"{"id":"4","method":"echo","response":{}}"#,
            ])
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a held call stays held when the clock lets a connection over its rate go on")
    func heldCallOverRate() {
        var limits = Limits()
        limits.messageRate = 2
        limits.messageBurst = 1
        let world = TestWorld(limits: limits)
        let client = world.open()
        client.write(Call.echo("{}", id: "1"))
        client.write(Call.call("slow", id: "2"))
        client.write(Call.echo("{}", id: "3"))
        world.exchangeAll()
        world.pass(seconds: 3, [client], slice: 1)
        #expect(client.takeMessages() == [#"{"id":"1","method":"echo","response":{}}"#])
        world.calls.answer()
        world.exchangeAll()
        world.pass(seconds: 3, [client], slice: 1)
        #expect(
            client.takeMessages() == [
                #"{"id":"2","method":"slow","response":{}}"#,
                #"{"id":"3","method":"echo","response":{}}"#,
            ])
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("what is parked behind a held call is limited, and read on afterwards")
    func parkedLimit() {
        var limits = Limits()
        limits.parkedSize = 4_096
        var options = SimulatedOptions()
        options.bufferCount = 4
        options.bufferSize = 256
        let world = TestWorld(limits: limits, options: options)
        let client = world.open()
        client.write(Call.call("slow", id: "0"))
        for number in 1...300 { client.write(Call.echo(#"{"n":\#(number)}"#, id: "\(number)")) }
        world.exchangeAll()
        #expect(client.socket.unreadCount > 4_096)
        #expect(client.takeMessages() == [])
        // Held for longer than a ping and its pong may take: still alive.
        world.pass(seconds: 40, [client], slice: 1)
        #expect(!client.socket.isFinished)
        world.calls.answer()
        world.exchangeAll()
        let replies = client.takeMessages()
        #expect(replies.count == 301)
        #expect(replies.last == #"{"id":"300","method":"echo","response":{"n":300}}"#)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("calls with large replies in one buffer stay within a turn's share")
    func largeReplies() {
        var options = SimulatedOptions()
        options.bufferSize = 65_536
        options.sendWindow = 0
        let world = TestWorld(sendQueueSize: 1 << 20, messageSize: 4_096, options: options)
        let client = SimulatedClient(world.world.connect(to: 0), seed: 1)
        client.socket.sendWindow = 1 << 30
        client.requestUpgrade(TestWorld.stream)
        world.exchange(client)
        // Ten thousand octets of subscriptions, told again with every subscribe.
        for number in 0..<100 {
            let name = "channel-\(number)-" + String(repeating: "x", count: 100)
            client.write(Call.subscribe(name))
        }
        world.exchange(client)
        client.socket.sendWindow = 0
        for _ in 0..<100 { client.write(Call.subscribe("last")) }
        client.push()
        world.world.settle()
        world.world.checkBounds()
        // Half of its queue, and what a turn may add.
        #expect(world.world.backlogSize < 524_288 + 262_144 + 16_384)
        #expect(!client.hasReceivedClose)
        client.socket.sendWindow = 1 << 30
        client.socket.send([])
        world.exchange(client)
        #expect(client.takeMessages().count == 200)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("what came before a FIN is answered before it")
    func burstAndFinish() {
        let world = TestWorld()
        let client = world.open(TestWorld.echo)
        for number in 0..<300 { client.write(.binary, [UInt8(number % 256)]) }
        client.push()
        client.socket.finishSending()
        world.exchangeAll()
        let arrivals = client.takeArrivals()
        #expect(arrivals.count == 301)
        #expect(arrivals.last == .close(1000))
        #expect(client.socket.isFinished)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a FIN behind a held call waits for the answer and what was parked")
    func callAndFinish() {
        let world = TestWorld()
        let client = world.open()
        client.write(Call.call("slow", id: "1"))
        client.write(Call.echo("{}", id: "2"))
        client.push()
        client.socket.finishSending()
        world.exchangeAll()
        #expect(!client.socket.isFinished)
        world.calls.answer()
        world.exchangeAll()
        #expect(
            client.takeArrivals() == [
                .message(#"{"id":"1","method":"slow","response":{}}"#),
                .message(#"{"id":"2","method":"echo","response":{}}"#), .close(1000),
            ])
        #expect(client.socket.isFinished)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("only the newest ping of a backlogged peer is answered, once it reads")
    func waitingPong() {
        let world = TestWorld()
        let client = world.open(TestWorld.echo)
        client.socket.sendWindow = 10
        client.write(.binary, Array(repeating: 1, count: 200))
        world.world.settle()
        client.push()
        world.world.settle()
        for number in 1...5 as ClosedRange<UInt8> {
            client.write(.ping, [number])
            client.push()
            world.world.settle()
        }
        world.exchangeAll()
        let pongs = client.takeArrivals().filter { if case .pong = $0 { true } else { false } }
        #expect(pongs == [.pong([5])])
        world.end()
        #expect(world.world.violations == [])
    }
}
