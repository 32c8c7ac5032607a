// Closing: every way a connection ends, told to the end and leaving nothing.

import Engine
import Telemetry
import Testing
import Uring
import WebSocket

@Suite("closing, simulated")
struct CloseTests {
    @Test(
        "a close is answered with its own code, then comes the FIN",
        arguments: [1000, 1001, 3000, 4999, nil] as [UInt16?])
    func closeReply(code: UInt16?) {
        let world = TestWorld()
        let client = world.open()
        client.writeClose(code)
        world.exchangeAll()
        #expect(client.takeArrivals() == [.close(code)])
        #expect(client.socket.isFinished)
        // It says FIN too, and the socket goes at once.
        client.socket.finishSending()
        world.world.settle()
        #expect(world.world.state.connectionCount == 0)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a shutdown that the kernel carries out late never meets the next connection")
    func lateShutdown() {
        var options = SimulatedOptions()
        options.faults.lateShutdown = 900
        let world = TestWorld(options: options)
        for _ in 0..<200 {
            let client = world.open()
            client.writeClose(1000)
            // Its FIN comes with the close frame, so that ours and the close of the socket meet.
            client.socket.finishSending()
            world.exchangeAll()
        }
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("hundreds that leave together are let go in slices, and those who stay are served")
    func manyAtOnce() {
        var options = SimulatedOptions()
        options.socketLimit = 1_000
        options.bufferCount = 1_024
        let world = TestWorld(options: options, flushSlice: 1_000)
        for saysSo in [true, false] {
            let leaving = (0..<400).map { _ in world.open() }
            let staying = world.open()
            for client in leaving {
                client.answersClose = false
                if saysSo { client.writeClose(1000) } else { client.socket.finishSending() }
                client.push()
            }
            staying.write(.ping, [1])
            staying.push()
            var most = 0
            var gone = 0
            for _ in 0..<200 where gone < leaving.count {
                world.world.turn(of: 0)
                for client in leaving { client.read() }
                let count = leaving.count { $0.socket.isFinished }
                most = max(most, count - gone)
                gone = count
            }
            #expect(gone == leaving.count)
            #expect(most <= 128)
            world.exchange(staying)
            #expect(staying.takeArrivals() == [.pong([1])])
            for client in leaving { client.socket.finishSending() }
            world.exchangeAll()
        }
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("frames behind a close frame are ignored")
    func framesBehindClose() {
        let world = TestWorld()
        let client = world.open()
        client.write(Call.echo("{}", id: "1"))
        client.writeClose(1000)
        client.write(Call.echo("{}", id: "2"))
        client.write(.ping, [1])
        world.exchangeAll()
        #expect(
            client.takeArrivals() == [
                .message(#"{"id":"1","method":"echo","response":{}}"#), .close(1000),
            ])
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("behind our own close frame nothing of a client is processed but its close")
    func behindOwnClose() {
        let world = TestWorld()
        let client = world.open()
        let other = world.open()
        other.write(Call.subscribe("a"))
        world.exchangeAll()
        _ = other.takeArrivals()
        client.answersClose = false
        client.write(Call.call("cancel"))
        client.write(Call.publish("a", data: "[]"))
        world.exchangeAll()
        #expect(client.takeArrivals() == [.close(1000)])
        #expect(other.takeArrivals() == [])
        #expect(!client.socket.isFinished)
        client.writeClose(1000)
        world.exchangeAll()
        #expect(client.socket.isFinished)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a peer that does not answer a close is let go after five seconds, and one more")
    func closeTimeout() {
        let world = TestWorld()
        let client = world.open()
        client.answersClose = false
        client.write(Call.call("cancel"))
        world.exchangeAll()
        world.pass(seconds: 4.8, [client])
        #expect(!client.socket.isFinished)
        world.pass(seconds: 0.4, [client])
        #expect(client.socket.isFinished)
        #expect(world.world.state.connectionCount == 1)
        world.pass(seconds: 1.2, [client])
        #expect(world.world.state.connectionCount == 0)
        let metrics = world.world.state.metrics[0]
        #expect(metrics.value(of: .closeHandshakeTime) == 1)
        #expect(metrics.value(of: .lingeringReadTime) == 1)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("what a refused peer still sends does not take our last words from it")
    func lingering() {
        let world = TestWorld()
        let client = world.open()
        client.answersClose = false
        client.write(octets: [0xC1, 0x80, 0, 0, 0, 0])  // RSV1 where nothing was agreed
        client.push()
        for _ in 0..<50 {
            client.socket.send(Array(repeating: 0x55, count: 1_000))
            world.world.settle()
        }
        world.exchange(client)
        #expect(client.takeArrivals() == [.close(1002)])
        #expect(!client.socket.isReset)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a client that half-closes gets our close frame, then the end")
    func halfClose() {
        let world = TestWorld()
        let client = world.open()
        client.socket.finishSending()
        world.exchangeAll()
        #expect(client.takeArrivals() == [.close(1000)])
        #expect(client.socket.isFinished)
        #expect(world.world.state.connectionCount == 0)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a reset ends everything of its connection and nothing of the others")
    func reset() {
        for backlogged in [false, true] {
            let world = TestWorld(cores: 2)
            let gone = world.open(core: 0)
            let other = world.open(core: 1)
            for client in [gone, other] { client.write(Call.subscribe("a")) }
            world.exchangeAll()
            _ = other.takeArrivals()
            if backlogged {
                gone.socket.sendWindow = 10
                other.write(Call.publish("a", data: "[1]"))
                world.exchange(other)
                #expect(world.world.backlogSize > 0)
                _ = other.takeArrivals()
            }
            gone.socket.reset()
            world.world.settle()
            #expect(world.world.state.connectionCount == 1)
            #expect(world.world.backlogSize == 0)
            other.write(Call.call("server_info", id: "i"))
            world.exchange(other)
            #expect(
                other.takeMessages() == [
                    #"{"id":"i","method":"server_info","response":"#
                        + #"{"connections":1,"channels":{"a":{"*":1}}}}"#
                ])
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a close behind a full queue still arrives, for whoever reads on")
    func closeBehindFullQueue() {
        let world = TestWorld(sendQueueSize: 16_384, messageSize: 4_096)
        let client = world.open()
        client.write(Call.subscribe("a"))
        world.exchangeAll()
        _ = client.takeArrivals()
        client.socket.sendWindow = 0
        let writer = world.open()
        var size = 0
        while size < 15_000 {
            writer.write(Call.publish("a", data: #""\#(String(repeating: "x", count: 900))""#))
            world.exchange(writer)
            size = world.world.backlogSize
        }
        // To the octet: an event is 41 octets longer than the filling of its data.
        let left = 16_384 - world.world.backlogSize - 41
        let rest = #""\#(String(repeating: "x", count: left))""#
        writer.write(Call.publish("a", data: rest))
        world.exchange(writer)
        #expect(world.world.backlogSize == 16_384)
        client.socket.finishSending()
        world.world.settle()
        client.socket.sendWindow = 65_536
        client.socket.finishSending()
        world.exchangeAll()
        #expect(client.takeArrivals().last == .close(1000))
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a slot and a descriptor are used again at once, and nothing old reaches the new one")
    func reuse() {
        for seed in 1...30 as ClosedRange<UInt64> {
            var options = SimulatedOptions()
            options.socketLimit = 3
            options.faults.delay = 500
            options.faults.endedMultishot = 300
            if seed % 3 == 0 { options.features.remove(.directDescriptors) }
            let world = TestWorld(seed: seed, cores: 1, options: options)
            for round in 0..<12 {
                let first = world.open()
                let second = world.open()
                first.write(Call.subscribe("a"))
                second.write(Call.echo(#"{"n":\#(round)}"#))
                world.exchange(first, second)
                second.write(Call.publish("a", data: "[\(round)]"))
                second.push()
                world.world.step()
                if round % 2 == 0 { first.socket.reset() } else { first.writeClose(1000) }
                world.exchange(first, second)
                #expect(second.takeMessages().count == 2)
                second.writeClose(1000)
                world.exchange(first, second)
                first.socket.finishSending()
                second.socket.finishSending()
                world.exchange(first, second)
            }
            world.end()
            #expect(world.world.violations == [], "seed \(seed)")
        }
    }
}
