// Input that cannot be used yet: what is counted as such, and what happens to whom where.

import Engine
import Telemetry
import Testing
import WebSocket

extension InputTests {
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
