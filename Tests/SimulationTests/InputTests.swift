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

    // MARK: the limit

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

    // MARK: what is counted

    @Test("what inflates into much is counted as much, with the stream that inflates it")
    func inflated() {
        let world = TestWorld(limits: Self.limits(10_000_000))
        let client = world.open(TestWorld.echo, deflate: true)
        client.write(String(repeating: "much ", count: 40_000), compressed: true)
        let size = client.outbox.count
        #expect(size < 4_000)
        client.push(size - 1)
        world.world.settle()
        #expect(world.world.inputSize > 200_000 && world.world.inputSize < 600_000)
        world.world.checkBounds()
        world.exchangeAll()
        #expect(client.takeMessages().count == 1)
        #expect(world.world.inputSize == 0)
        // A first octet alone borrows a stream.
        client.write("little", compressed: true)
        client.push(7)
        world.world.settle()
        #expect(world.world.inputSize > 30_000 && world.world.inputSize < 50_000)
        client.socket.reset()
        world.world.settle()
        #expect(world.world.inputSize == 0)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("contexts that clients may keep have a limit; behind it they are told to keep none")
    func contexts() {
        // A quarter of it: two windows of 32 KiB with what belongs to them.
        let world = TestWorld(limits: Self.limits(400_000))
        func keepsContext(_ client: SimulatedClient) -> Bool {
            client.deflate?.clientNoContextTakeover == false
        }
        let text = String(repeating: "context ", count: 20)
        var clients = (0..<4).map { _ in world.open(TestWorld.echo, deflate: true) }
        #expect(clients.map(keepsContext) == [true, true, false, false])
        clients[0].writeClose(1000)
        world.exchangeAll()
        clients[0].socket.finishSending()
        world.exchangeAll()
        // What does not compress keeps none.
        _ = world.open(TestWorld.echo)
        clients.append(world.open(TestWorld.echo, deflate: true))
        clients.append(world.open(TestWorld.echo, deflate: true))
        #expect(clients[4...].map(keepsContext) == [true, false])
        for client in clients[1...] {
            for _ in 0..<3 { client.write(text, compressed: true) }
        }
        world.exchangeAll()
        for client in clients[1...] { #expect(client.takeMessages() == [text, text, text]) }
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("bodies and heads that do not end are refused with 503, and others are served")
    func bodies() {
        let world = TestWorld(limits: Self.limits(200_000), handler: PatientHandler())
        var clients: [SimulatedClient] = []
        for number in 0..<30 {
            let client = world.connect()
            if number % 3 == 0 {
                let field = "X: \(String(repeating: "x", count: 8_000))\r\n"
                client.write(octets: Array("GET /now HTTP/1.1\r\nHost: a\r\n\(field)".utf8))
            } else {
                client.write(octets: Self.post("/now", size: 20_000))
                client.write(octets: Array(repeating: 0x20, count: 10_000))
            }
            world.exchange(client)
            world.world.pass(10_000_000)
            world.world.checkBounds()
            clients.append(client)
        }
        world.exchangeAll()
        let refused = clients.filter { $0.refusal == 503 }
        #expect(refused.count > 5 && refused.count < 25)
        #expect(refused.allSatisfy { $0.statusLine.contains("503") })
        #expect(refused.allSatisfy { $0.headText.contains("Retry-After: 1\r\n") })
        #expect(refused.count == Self.hits(world.world))
        #expect(clients[29].refusal == nil)
        clients[29].write(octets: Array(repeating: 0x20, count: 10_000))
        world.exchangeAll()
        #expect(clients[29].statusLine.contains("200"))
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a request that is being carried out is not answered 503 for what stands behind it")
    func behindARequest() {
        let handler = PatientHandler()
        let world = TestWorld(limits: Self.limits(200_000), handler: handler)
        let first = world.connect()
        first.write(octets: Array("GET /later HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        first.write(octets: Self.post("/now", size: 100_000))
        first.write(octets: Array(repeating: 0x20, count: 90_000))
        world.exchange(first)
        #expect(world.world.inputSize > 90_000)
        world.world.pass(10_000_000)
        let second = world.connect()
        second.write(octets: Self.post("/now", size: 100_000))
        second.write(octets: Array(repeating: 0x20, count: 99_999))
        world.exchange(second)
        #expect(first.socket.isFinished && first.statusLine.isEmpty)
        handler.answer()
        second.write(octets: [0x20])
        world.exchangeAll()
        #expect(second.statusLine.contains("200"))
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("messages behind one that waits are counted until they are used")
    func heldMessages() {
        let world = TestWorld(limits: Self.limits(100_000))
        let client = world.open()
        let filling = #"{"x":"\#(String(repeating: "x", count: 1_000))"}"#
        client.write(Call.call("slow", "{}", id: "0"))
        for number in 1...20 { client.write(Call.echo(filling, id: "\(number)")) }
        world.exchangeAll()
        #expect(world.world.inputSize > 20_000 && world.world.inputSize < 40_000)
        world.calls.answer()
        world.exchangeAll()
        #expect(client.takeMessages().count == 21)
        #expect(world.world.inputSize == 0)
        // And who goes on sending behind a call does so at the others' cost no longer than this.
        let greedy = world.open()
        greedy.write(Call.call("slow", "{}", id: "0"))
        for number in 1...200 { greedy.write(Call.echo(filling, id: "\(number)")) }
        world.exchangeAll()
        #expect(greedy.receivedCode == 1013)
        #expect(client.receivedCode == nil)
        world.calls.answer()
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("frames of streams that do not come to their end are counted, and their clients closed")
    func streams() {
        let world = StreamWorld(limits: Self.limits(300_000))
        var clients: [StreamClient] = []
        for _ in 0..<40 {
            let client = world.join()
            client.write(octets: [0, 0, 0xC0, 0])
            client.write(octets: Array(repeating: 0x20, count: 15_000))
            world.exchange(client)
            world.world.pass(10_000_000)
            world.world.checkBounds()
            clients.append(client)
        }
        world.exchangeAll()
        let closed = clients.count { $0.socket.isFinished }
        #expect(closed >= 20 && closed < 40)
        #expect(closed == Self.hits(world.world))
        #expect(clients.prefix(closed).allSatisfy { $0.socket.isFinished })
        // A prefix alone is a few octets.
        let late = world.connect()
        late.write(octets: [0x7F])
        world.exchange(late)
        world.world.checkBounds()
        world.end()
        #expect(world.world.violations == [])
    }
}
