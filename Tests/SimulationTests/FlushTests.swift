// Sending: what a short, refused or late send may do to a stream, which is nothing.

import Engine
import Telemetry
import Testing
import Uring
import WebSocket

@Suite("sending, simulated")
struct FlushTests {
    @Test("a subscriber gets a publication, and the publisher its reply first")
    func publication() {
        let world = TestWorld(cores: 2)
        let reader = world.open(core: 0)
        let writer = world.open(core: 1)
        reader.write(Call.subscribe("a"))
        writer.write(Call.subscribe("a"))
        world.exchangeAll()
        #expect(
            reader.takeMessages() == [
                #"{"id":"s","method":"subscribe","response":{"subscribed":{"a":["*"]}}}"#
            ])
        _ = writer.takeMessages()
        writer.write(Call.publish("a", data: "[1]"))
        world.exchangeAll()
        #expect(reader.takeMessages() == [Call.event("a", data: "[1]")])
        #expect(
            writer.takeMessages() == [
                #"{"id":"p","method":"publish","response":{"channel":"a","event":"e","data":[1]}}"#,
                Call.event("a", data: "[1]"),
            ])
        world.end()
        #expect(world.world.violations == [])
    }

    /// Publishes `count` numbered events from `writer`, with `size` octets of filling each.
    private func publish(_ count: Int, size: Int, by writer: SimulatedClient) -> [String] {
        let filling = String(repeating: "x", count: size)
        return (0..<count).map { number in
            let data = #"{"n":\#(number),"x":"\#(filling)"}"#
            writer.write(Call.publish("a", data: data))
            return Call.event("a", data: data)
        }
    }

    @Test("a short send keeps the stream whole, wherever it is cut")
    func shortSend() {
        for window in 1...140 {
            let world = TestWorld()
            let reader = world.open()
            let writer = world.open()
            reader.write(Call.subscribe("a"))
            world.exchangeAll()
            _ = reader.takeMessages()
            reader.socket.sendWindow = window
            let events = publish(5, size: 10, by: writer)
            world.exchangeAll()
            #expect(reader.takeMessages() == events, "window \(window)")
            #expect(world.world.state.metrics[0].value(of: .shortSends) >= 1)
            #expect(world.world.backlogSize == 0)
            world.end()
            #expect(world.world.violations == [], "window \(window)")
        }
    }

    @Test("sends that are refused, late and cut again deliver everything in order")
    func refusedSends() {
        for seed in 1...40 as ClosedRange<UInt64> {
            var options = SimulatedOptions()
            options.faults.shortSend = 600
            options.faults.refusedSend = 400
            options.faults.overflow = 700
            options.faults.partialEnter = 500
            options.faults.delay = 500
            if seed % 2 == 0 { options.features.remove(.skippedSuccess) }
            let world = TestWorld(seed: seed, options: options)
            let reader = world.open()
            let writer = world.open()
            reader.write(Call.subscribe("a"))
            world.exchangeAll()
            _ = reader.takeMessages()
            var events: [String] = []
            for _ in 0..<5 {
                events += publish(8, size: 700, by: writer)
                writer.push()
                world.world.step()
            }
            world.exchangeAll()
            #expect(reader.takeMessages().count == 40, "seed \(seed)")
            world.end()
            #expect(world.world.violations == [], "seed \(seed)")
        }
    }

    @Test("many pieces of one turn leave in order, gathered or joined")
    func pieces() {
        // Replies and events alternate on the publisher's own connection: a piece each.
        for count in [1, 2, 4, 5, 9, 40] {
            let world = TestWorld()
            let client = world.open()
            client.write(Call.subscribe("a"))
            world.exchangeAll()
            _ = client.takeMessages()
            var expected: [String] = []
            for number in 0..<count {
                client.write(Call.publish("a", data: "[\(number)]", id: "\(number)"))
                expected.append(
                    #"{"id":"\#(number)","method":"publish","response":"#
                        + #"{"channel":"a","event":"e","data":[\#(number)]}}"#)
                expected.append(Call.event("a", data: "[\(number)]"))
            }
            world.exchangeAll()
            #expect(client.takeMessages() == expected)
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a slow consumer is closed with 1013, and others see nothing of it")
    func slowConsumer() {
        let world = TestWorld(sendQueueSize: 16_384, messageSize: 4_096)
        let deaf = world.open()
        let reader = world.open()
        let writer = world.open()
        for client in [deaf, reader] { client.write(Call.subscribe("a")) }
        world.exchangeAll()
        _ = reader.takeMessages()
        deaf.socket.sendWindow = 2_000
        var events: [String] = []
        for _ in 0..<30 {
            events += publish(1, size: 1_000, by: writer)
            world.exchange(reader, writer)
            world.world.checkBounds()
        }
        #expect(reader.takeMessages() == events)
        let metrics = world.world.state.metrics[0]
        #expect(metrics.value(of: .closed) == 1)
        #expect(!deaf.hasReceivedClose)
        world.exchange(deaf)
        #expect(deaf.receivedCode == 1013)
        let received = deaf.takeMessages()
        // What it got is the beginning of the sequence, with no hole in it.
        #expect(received.dropFirst() == events.prefix(received.count - 1))
        #expect(received.count > 10 && received.count < 25)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("an event is handed to a backlogged queue behind what is already there")
    func backlogOrder() {
        let world = TestWorld()
        let reader = world.open()
        let writer = world.open()
        reader.write(Call.subscribe("a"))
        world.exchangeAll()
        _ = reader.takeMessages()
        reader.socket.sendWindow = 100
        var events: [String] = []
        for size in [10, 6_000, 20, 9_000, 30, 5_000] {
            events += publish(1, size: size, by: writer)
            world.exchange(writer)
            reader.read(40)
        }
        world.exchangeAll()
        #expect(reader.takeMessages() == events)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a fan-out to many is one send for each, whatever the number of publications")
    func fanOut() {
        var options = SimulatedOptions()
        options.socketLimit = 300
        let world = TestWorld(options: options, flushSlice: 1_024)
        let readers = (0..<200).map { _ in world.open() }
        for reader in readers { reader.write(Call.subscribe("a")) }
        world.exchangeAll()
        for reader in readers { reader.socket.discardsOutput = true }
        let before = readers.map(\.socket.sentCount)
        let sends = world.world.sendCount
        let writer = world.open()
        let events = publish(10, size: 100, by: writer)
        writer.push()
        world.world.settle()
        let size = events.reduce(0) { $0 + $1.utf8.count + ($1.utf8.count > 125 ? 4 : 2) }
        for (reader, before) in zip(readers, before) {
            #expect(reader.socket.sentCount - before == size)
        }
        // One for each reader, one for the writer's replies, one for its 101.
        #expect(world.world.sendCount - sends <= 203)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("the process's budget closes the largest queue first")
    func processBudget() {
        var limits = Limits()
        limits.processSendQueueSize = 20_000
        limits.kernelUnsentSize = 0
        let world = TestWorld(limits: limits)
        let large = world.open()
        let small = world.open()
        let writer = world.open()
        large.write(Call.subscribe("a"))
        large.write(Call.subscribe("b"))
        small.write(Call.subscribe("b"))
        world.exchangeAll()
        for client in [large, small] { client.socket.sendWindow = 10 }
        for channel in ["a", "b", "a", "b", "a"] {
            let data = #""\#(String(repeating: "x", count: 4_000))""#
            writer.write(Call.publish(channel, data: data))
            world.exchange(writer)
        }
        world.world.pass(200_000_000)
        #expect(large.socket.isReset)
        #expect(world.world.openSessionCount == 2)
        world.exchange(small)
        #expect(small.takeMessages().count == 3)
        world.end()
        #expect(world.world.violations == [])
    }
}
