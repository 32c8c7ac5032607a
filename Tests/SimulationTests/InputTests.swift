// Input that cannot be used yet: the process's limit on it holds, what counts against it, and who is
// closed when it is reached.

import Engine
import Telemetry
import Testing
import WebSocket

@Suite("input, simulated")
struct InputTests {
    static func limits(_ size: Int) -> Limits {
        var limits = Limits()
        limits.processReceiveQueueSize = size
        return limits
    }

    static func hits(_ world: SimulatedWorld) -> Int {
        world.state.metrics.reduce(0) { $0 + Int($1.value(of: .processReceiveQueueShare)) }
    }

    static func post(_ path: String, size: Int) -> [UInt8] {
        Array("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n".utf8)
    }

    @Test(
        "unfinished messages never take more than the limit, and an upload under way gets through")
    func unfinishedMessages() {
        for cores in [1, 2] {
            var options = SimulatedOptions()
            options.socketLimit = 2_000
            let limit = 1_000_000
            let world = TestWorld(cores: cores, limits: Self.limits(limit), options: options)
            var idle: [SimulatedClient] = []
            var peak = 0
            func begin(_ count: Int) {
                for number in 0..<count {
                    let client = world.open(TestWorld.echo, core: number % cores)
                    client.write(.binary, Array(repeating: 1, count: 10_000), isFinal: false)
                    client.push()
                    idle.append(client)
                }
                world.world.pass(10_000_000)
                world.world.checkBounds()  // accounts as they should be, within the limit
                peak = max(peak, world.world.inputSize)
            }
            for _ in 0..<15 { begin(10) }
            let honest = (0..<cores).map { world.open(TestWorld.echo, core: $0) }
            let message = Array(repeating: 2 as UInt8, count: 200_000)
            for client in honest { client.write(.binary, message) }
            for _ in 0..<15 {
                for client in honest { client.push(20_000) }
                begin(2)
            }
            #expect(peak > limit / 2 && peak <= limit)
            world.exchangeAll()
            for client in honest { #expect(client.takeArrivals() == [.binary(message)]) }
            let closed = idle.count { $0.receivedCode == 1013 }
            #expect(closed >= 100 && closed < idle.count)
            #expect(Self.hits(world.world) == closed)
            // The oldest, on each core.
            for core in 0..<cores {
                let own = stride(from: core, to: idle.count, by: cores).map { idle[$0] }
                let first = own.firstIndex { $0.receivedCode == nil } ?? 0
                #expect(own[first...].allSatisfy { $0.receivedCode == nil })
            }
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a core full of unfinished messages leaves the others their part")
    func coresOfTheirOwn() {
        var options = SimulatedOptions()
        options.socketLimit = 400
        let world = TestWorld(cores: 2, limits: Self.limits(1_000_000), options: options)
        let idle = (0..<100).map { _ in world.open(TestWorld.echo, core: 0) }
        for client in idle {
            client.write(.binary, Array(repeating: 1, count: 10_000), isFinal: false)
            client.push()
            world.world.settle()
        }
        #expect(Self.hits(world.world) > 0)
        let before = Self.hits(world.world)
        let honest = world.open(TestWorld.echo, core: 1)
        let message = Array(repeating: 2 as UInt8, count: 120_000)
        honest.write(.binary, message)
        while !honest.outbox.isEmpty {
            honest.push(10_000)
            world.world.settle()
        }
        world.exchange(honest)
        #expect(honest.takeArrivals() == [.binary(message)])
        #expect(Self.hits(world.world) == before)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("who holds little is left alone however long, of the others the oldest goes first")
    func whoGoesFirst() {
        let world = TestWorld(limits: Self.limits(200_000))
        let little = world.open(TestWorld.echo)
        little.write(.binary, [1, 2, 3], isFinal: false)
        world.exchange(little)
        var large: [SimulatedClient] = []
        for _ in 0..<4 {
            world.world.pass(1_000_000_000)
            let client = world.open(TestWorld.echo)
            client.write(.binary, Array(repeating: 1, count: 45_000), isFinal: false)
            world.exchange(client)
            large.append(client)
        }
        world.exchangeAll()
        #expect(large.map { $0.receivedCode } == [1013, nil, nil, nil])
        #expect(little.receivedCode == nil)
        large[3].write(.continuation, [], isFinal: true)
        world.exchangeAll()
        #expect(large[3].takeArrivals().count == 1)
        little.write(.continuation, [4], isFinal: true)
        world.exchangeAll()
        #expect(little.takeArrivals() == [.binary([1, 2, 3, 4])])
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("who is the oldest is not found out anew for each that is closed")
    func looks() {
        var options = SimulatedOptions()
        options.socketLimit = 2_000
        let world = TestWorld(limits: Self.limits(1_000_000), options: options)
        var idle: [SimulatedClient] = []
        for _ in 0..<900 {
            let client = world.open(TestWorld.echo)
            client.write(.binary, Array(repeating: 1, count: 3_000), isFinal: false)
            client.push()
            world.world.settle()
            world.world.advance(by: 1_000_000)
            idle.append(client)
        }
        world.exchangeAll()
        let closed = idle.count { $0.receivedCode == 1013 }
        #expect(closed >= 500)
        #expect(world.world.inputLookCount > 0)
        #expect(world.world.inputLookCount <= 1 + closed / 100)
        // The oldest all the same.
        let first = idle.firstIndex { $0.receivedCode == nil } ?? 0
        #expect(idle[first...].allSatisfy { $0.receivedCode == nil })
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("pings between its pieces do not make a message any younger")
    func pings() {
        let world = TestWorld(limits: Self.limits(200_000))
        let clients = (0..<6).map { _ in world.open(TestWorld.echo) }
        for (number, client) in clients.enumerated() {
            client.write(.binary, Array(repeating: 1, count: 16_000), isFinal: false)
            world.exchange(client)
            world.world.pass(100_000_000)
            guard number == 0 else { continue }
            for _ in 0..<300 { client.write(.ping, [1]) }  // more than are taken in a turn
            world.exchange(client)
        }
        for _ in 0..<300 { clients[0].write(.ping, [1]) }
        world.exchange(clients[0])
        while Self.hits(world.world) == 0 {
            let client = world.open(TestWorld.echo)
            client.write(.binary, Array(repeating: 1, count: 16_000), isFinal: false)
            world.exchange(client)
        }
        world.exchangeAll()
        #expect(clients[0].receivedCode == 1013)
        #expect(clients[5].receivedCode == nil)
        world.end()
        #expect(world.world.violations == [])
    }
}
