// Streams among subscribers: limits of receivers, slow readers, two cores, and kernels of any temper.

import Engine
import Telemetry
import Testing
import Uring

@Suite("fan-out to streams, simulated")
struct StreamFanOutTests {
    private func text(_ size: Int) -> String { "\"" + String(repeating: "x", count: size) + "\"" }

    /// What the events among `messages` carry.
    private func arguments(_ messages: [String]) -> [String] {
        messages.filter { $0.hasPrefix("[36,") }.map { message in
            let start = message.firstRange(of: ",{},[")!.upperBound
            return String(message[start...].dropLast(2))
        }
    }

    @Test("subscribers on all cores get each event once and in order, as small ones and large ones")
    func events() {
        let world = StreamWorld(cores: 2)
        let subscribers = (0..<6).map { world.subscriber(of: "a.b", core: $0 % 2) }
        let publisher = world.join(core: 1)
        var sent: [String] = []
        for number in 0..<40 {
            let argument = number % 3 == 0 ? text(3000 + number) : "\(number)"
            sent.append(argument)
            publisher.write(Say.publish("a.b", argument, request: number + 1))
        }
        world.exchangeAll()
        #expect(publisher.takeMessages().count == 40)
        for subscriber in subscribers {
            #expect(arguments(subscriber.takeMessages()) == sent)
        }
        #expect(
            world.world.state.metrics.reduce(0) { $0 + $1.value(of: Counter.deliveries) } == 240)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("an event larger than a receiver takes is dropped for that receiver alone, and counted")
    func limitedEvents() {
        for cores in 1...2 {
            let world = StreamWorld(cores: cores)
            let small = world.subscriber(of: "a", exponent: 2)
            let medium = world.subscriber(of: "a", core: cores - 1, exponent: 3)
            let large = world.subscriber(of: "a")
            let publisher = world.join(core: cores - 1, exponent: 2)
            let arguments = ["1", text(1_900), text(2_040), text(4_000), text(4_090), "2"]
            for (number, argument) in arguments.enumerated() {
                publisher.write(Say.publish("a", argument, request: number + 1))
            }
            world.exchangeAll()
            #expect(publisher.takeMessages().count == arguments.count)
            #expect(self.arguments(small.takeMessages()) == ["1", text(1_900), "2"])
            #expect(
                self.arguments(medium.takeMessages()) == [
                    "1", text(1_900), text(2_040), text(4_000), "2",
                ])
            #expect(self.arguments(large.takeMessages()) == arguments)
            let dropped = world.world.state.metrics.reduce(0) {
                $0 + $1.value(of: RoomFlow.dropped)
            }
            #expect(dropped == 4)
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a result or an invocation that its receiver does not take is an error of the caller")
    func limitedCalls() {
        let world = StreamWorld()
        let callee = world.join(exponent: 2)
        let caller = world.join(exponent: 2)
        let other = world.join()
        callee.write(#"[64,1,{},"p"]"#)
        world.exchangeAll()
        #expect(callee.takeMessages().count == 1)
        // The invocation is larger than the callee takes.
        other.write(#"[48,1,{},"p",[\#(text(2_100))]]"#)
        world.exchangeAll()
        #expect(callee.takeMessages() == [])
        let answers = other.takeMessages()
        #expect(answers.count == 1)
        #expect(answers[0].hasPrefix("[8,48,1,"))
        #expect(answers[0].contains("wamp.error.payload_size_exceeded"))
        // The result is larger than the caller takes.
        caller.write(#"[48,7,{},"p"]"#)
        world.exchangeAll()
        let invocations = callee.takeMessages()
        #expect(invocations.count == 1 && invocations[0].hasPrefix("[68,"))
        let number = invocations[0].split(separator: ",")[1]
        callee.write(#"[70,\#(number),{},[\#(text(2_100))]]"#)
        world.exchangeAll()
        let errors = caller.takeMessages()
        #expect(errors.count == 1)
        #expect(errors[0].hasPrefix("[8,48,7,"))
        #expect(errors[0].contains("wamp.error.payload_size_exceeded"))
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a reader that falls behind is sent whole frames in order when it reads on")
    func slowReader() {
        var options = SimulatedOptions()
        options.sendWindow = 1_000
        let world = StreamWorld(options: options)
        let slow = world.subscriber(of: "a")
        let publisher = world.join()
        for number in 0..<100 {
            publisher.write(Say.publish("a", text(100 + number * 7), request: number + 1))
        }
        world.exchange([publisher])
        #expect(publisher.takeMessages().count == 100)
        #expect(world.world.backlogSize > 20_000)
        while slow.read(333) > 0 { world.world.settle() }
        #expect(arguments(slow.takeMessages()) == (0..<100).map { text(100 + $0 * 7) })
        #expect(slow.isAtBoundary)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a reader over its limit is closed at a frame's end, and nobody else notices")
    func overflow() {
        var limits = Limits()
        limits.sendQueueSize = 20_000
        limits.messageSize = 2_048
        var options = SimulatedOptions()
        options.sendWindow = 1_000
        let world = StreamWorld(limits: limits, messageSize: 2_048, options: options)
        let slow = world.subscriber(of: "a", exponent: 2)
        let other = world.subscriber(of: "a")
        let publisher = world.join()
        for number in 0..<60 {
            publisher.write(Say.publish("a", text(1_000), request: number + 1))
            world.exchange([publisher, other])
        }
        #expect(arguments(other.takeMessages()).count == 60)
        #expect(world.world.state.metrics[0].value(of: .sendQueueSize) == 1)
        while slow.read() > 0 { world.world.settle() }
        let events = arguments(slow.takeMessages())
        #expect(events.count >= 15 && events.count < 60)
        #expect(events.allSatisfy { $0 == text(1_000) })
        #expect(slow.isAtBoundary)
        #expect(slow.socket.isFinished)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("who sends and never reads is not read any more at half its limit")
    func neverReads() {
        var limits = Limits()
        limits.sendQueueSize = 64_000
        let world = StreamWorld(limits: limits, messageSize: 2_048)
        let client = world.join(exponent: 2)
        client.socket.sendWindow = 1_000
        for _ in 0..<400 {
            client.write(kind: 1, Array(repeating: 1, count: 500))
            client.push()
            world.world.settle()
        }
        #expect(world.world.backlogSize > 32_000)
        #expect(world.world.backlogSize < 64_000)
        #expect(client.socket.unreadCount > 50_000)
        world.exchangeAll()
        #expect(client.takeArrivals().count == 400)
        #expect(client.socket.unreadCount == 0)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("whatever the kernel does, every survivor gets all events in order and nothing is left")
    func foulKernels() {
        var survivors = 0
        for seed in 1...60 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var options = SimulatedOptions()
            options.faults = SimulatedFaults(&random)
            options.bufferSize = random.within(1...600)
            options.sendWindow = random.within(200...20_000)
            if random.chance(300) {
                options.features.subtract([.multishotReceive, .multishotAccept])
            }
            let world = StreamWorld(
                seed: seed, cores: random.within(1...3), options: options)
            let clients = (0..<8).map { world.connect(core: $0 % world.world.coreCount) }
            for client in clients {
                client.writeHandshake(exponent: UInt8(random.within(2...15)))
                client.write(Say.hello)
                client.write(Say.subscribe("a"))
            }
            world.exchangeAll()
            world.pass(seconds: 1, clients)
            for client in clients { _ = client.takeMessages() }
            let publisher = clients[0]
            var sent: [String] = []
            for number in 0..<30 {
                let argument = text(random.below(1_500))
                sent.append(argument)
                publisher.write(Say.publish("a", argument, request: number + 2))
                publisher.push(random.within(1...2_000))
                for _ in 0..<random.below(6) { world.world.step() }
                for client in clients { client.read(random.below(3_000)) }
            }
            world.exchangeAll()
            world.pass(seconds: 1, clients)
            guard !publisher.socket.isReset else {
                world.end()
                #expect(world.world.violations == [], "seed \(seed)")
                continue
            }
            for client in clients.dropFirst() where !client.socket.isReset {
                survivors += 1
                #expect(arguments(client.takeMessages()) == sent, "seed \(seed)")
            }
            world.end()
            #expect(world.world.violations == [], "seed \(seed)")
        }
        #expect(survivors > 200)
    }
}
