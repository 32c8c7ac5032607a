import Carillon
import Engine
import Glibc
import Synchronization
import TestClients
import Testing

@Suite struct PushServerTests {
    private func options() -> PushServer.Options {
        var options = PushServer.Options(listen: "127.0.0.1:0")
        options.cores = 2
        options.connectionLimit = 256
        // Clients of these tests rarely answer a close frame; nobody has to wait for them.
        options.limits.closeTime = 50_000_000
        options.limits.lingerTime = 50_000_000
        return options
    }

    private func subscriber(_ server: PushServer, _ channel: String) throws -> WebSocketClient {
        let client = try WebSocketClient(server.address)
        try client.send(
            "{\"id\":\"1\",\"method\":\"subscribe\",\"payload\":{\"channel\":\"\(channel)\"}}")
        _ = try client.message()
        return client
    }

    @Test("what is published reaches subscribers on all cores, and the count says so")
    func publish() async throws {
        let server = PushServer(options())
        try server.start()
        defer { server.stop() }
        #expect(server.isRunning)
        let clients = try (0..<6).map { _ in try subscriber(server, "orders.filled") }
        #expect(try await server.publish(room: "orders.filled", json: "{\"id\": 7}") == 6)
        #expect(try await server.publish(room: "nobody", json: "1") == 0)
        try server.post(room: "orders.filled", json: "2")
        for client in clients {
            #expect(
                try client.message()
                    == #"{"channel":"orders.filled","event":"","data":{"id": 7}}"#)
            #expect(try client.message().hasSuffix("\"data\":2}"))
        }
        #expect(server.connectionCount == 6)
    }

    @Test("what is wrong with a publication is thrown, and nothing enters")
    func publishErrors() async throws {
        var small = options()
        small.messageSizeLimit = 200
        let server = PushServer(small)
        await #expect(throws: PublishError.notRunning) {
            try await server.publish(room: "a", json: "1")
        }
        try server.start()
        await #expect(throws: PublishError.notJSON) {
            try await server.publish(room: "a", json: "nonsense")
        }
        #expect(throws: PublishError.tooLarge(limit: 200)) {
            try server.post(room: "a", json: .string(String(repeating: "x", count: 200)))
        }
        for room in ["", "%4", String(repeating: "r", count: 300)] {
            #expect { try server.post(room: room, json: "1") } throws: {
                if case PublishError.badRoom = $0 { true } else { false }
            }
        }
        server.stop()
        #expect(throws: PublishError.notRunning) { try server.post(room: "a", json: "1") }
    }

    @Test("who posts faster than the cores deliver is told so, and later there is room again")
    func congestion() async throws {
        var options = options()
        options.cores = 1
        options.limits.mailSize = 100_000
        let server = PushServer(options)
        let gate = Gate()
        server.handleOnCore("wait") { _ in
            gate.pass()
            return "1"
        }
        try server.start()
        defer { server.stop() }
        try await blocking { () throws -> Void in
            let reader = try self.subscriber(server, "a")
            let caller = try WebSocketClient(server.address)
            try caller.send(#"{"id":"c","method":"wait","payload":{}}"#)
            gate.awaitSomebody()
            let text = JSONText.string(String(repeating: "x", count: 1000))
            var count = 0
            #expect(throws: PublishError.congested) {
                for _ in 0..<10_000 {
                    try server.post(room: "a", json: text)
                    count += 1
                }
            }
            gate.open()
            _ = try caller.message()
            #expect(count > 10 && count <= 100)
            for _ in 0..<count { #expect(try reader.message().contains("xxx")) }
            try server.post(room: "a", json: "2")
            #expect(try reader.message().contains("2"))
        }
    }

    /// Where a core stands still until it is let on.
    private final class Gate: Sendable {
        private let isTaken = Atomic(false)
        private let isOpen = Atomic(false)

        func pass() {
            isTaken.store(true, ordering: .releasing)
            while !isOpen.load(ordering: .acquiring) { usleep(1000) }
        }

        func awaitSomebody() { while !isTaken.load(ordering: .acquiring) { usleep(1000) } }

        func open() { isOpen.store(true, ordering: .releasing) }
    }

    @Test("handlers answer calls: asynchronously, on the core, and with failures")
    func handlers() async throws {
        struct Mishap: Error {}
        let server = PushServer(options())
        server.handle("double") { call in
            await Task.yield()
            return "{\"twice\": [\(call.arguments), \(call.arguments)]}"
        }
        server.handleOnCore("name") { call in .string(call.procedure) }
        server.handle("refuse") { _ in throw CallFailure("not today") }
        server.handle("broken") { _ in "no JSON" }
        server.handle("crash") { _ in throw Mishap() }
        try server.start()
        defer { server.stop() }
        try await blocking { try self.callEveryHandler(of: server) }
    }

    private func callEveryHandler(of server: PushServer) throws {
        let client = try WebSocketClient(server.address)
        func call(_ method: String) throws {
            try client.send("{\"id\":\"c\",\"method\":\"\(method)\",\"payload\":{\"n\":1}}")
        }
        try call("double")
        #expect(try client.message().contains(#"{"twice": [{"n":1}, {"n":1}]}"#))
        try call("name")
        #expect(try client.message().contains("\"name\""))
        try call("refuse")
        #expect(try client.message().contains("not today"))
        try call("broken")
        #expect(try client.message().contains("\"error\""))
        try call("unheard")
        #expect(try client.message().contains("not available"))
        try call("crash")
        #expect(try client.next() == .close(1011))
    }

    @Test("calls of one client are answered in their order, however long each takes")
    func callOrder() async throws {
        let server = PushServer(options())
        server.handle("slow") { call in
            for _ in 0..<100 { await Task.yield() }
            return call.arguments
        }
        server.handleOnCore("quick") { call in call.arguments }
        try server.start()
        defer { server.stop() }
        try await blocking { () throws -> Void in
            let client = try WebSocketClient(server.address)
            for number in 0..<50 {
                let method = number % 2 == 0 ? "slow" : "quick"
                try client.send(
                    "{\"id\":\"\(number)\",\"method\":\"\(method)\",\"payload\":{\"n\":\(number)}}")
            }
            for number in 0..<50 { #expect(try client.message().contains("{\"n\":\(number)}")) }
        }
    }

    @Test("an echo route sends back what it gets")
    func echo() throws {
        var options = options()
        options.echoPath = "/echo"
        options.path = nil
        let server = PushServer(options)
        try server.start()
        defer { server.stop() }
        let client = try WebSocketClient(server.address, path: "/echo")
        try client.send("hello")
        #expect(try client.message() == "hello")
        #expect(throws: (any Error).self) { try WebSocketClient(server.address) }
    }

    @Test("pages of other origins are refused where a list says so")
    func origins() throws {
        var options = options()
        options.origins = ["https://example.com"]
        let server = PushServer(options)
        try server.start()
        defer { server.stop() }
        _ = try WebSocketClient(server.address, origin: "https://example.com")
        #expect(throws: (any Error).self) {
            try WebSocketClient(server.address, origin: "https://example.org")
        }
    }

    @Test("a drain says goodbye to everybody and returns when they are gone")
    func drain() async throws {
        var options = options()
        // These clients answer, one after the other.
        options.limits.closeTime = 60_000_000_000
        let server = PushServer(options)
        try server.start()
        // Made here, used only by the closure below.
        nonisolated(unsafe) let clients = try (0..<4).map { _ in try subscriber(server, "a") }
        async let drained: Void = server.drain(spread: .milliseconds(50))
        try await blocking { () throws -> Void in
            for client in unsafe clients {
                #expect(try client.next() == .close(1001))
                client.close()
                #expect(try client.next() == .end)
            }
        }
        await drained
        #expect(server.connectionCount == 0)
        server.stop()
    }

    @Test("a server that stops tells those who wait, and stopping twice is nothing")
    func stop() async throws {
        let server = PushServer(options())
        try server.start()
        let client = try subscriber(server, "a")
        server.stop()
        server.stop()
        #expect(try client.next() == .close(1001))
        #expect(!server.isRunning)
        #expect(throws: StartError.startedBefore) { try server.start() }
        await #expect(throws: PublishError.notRunning) {
            try await server.publish(room: "a", json: "1")
        }
    }

    @Test("publishing while the server stops ends in a count or an error, never in silence")
    func publishDuringStop() async throws {
        for _ in 0..<3 {
            let server = PushServer(options())
            try server.start()
            let clients = try (0..<2).map { _ in try subscriber(server, "a") }
            await withTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask { _ = try? await server.publish(room: "a", json: "1") }
                }
                group.addTask { server.stop() }
            }
            withExtendedLifetime(clients) {}
        }
    }

    @Test("a server that cannot start says why")
    func startErrors() throws {
        func sentence(_ change: (inout PushServer.Options) -> Void) -> String? {
            var options = options()
            change(&options)
            do throws(StartError) {
                try PushServer(options).start()
                return nil
            } catch {
                return error.sentence
            }
        }
        let taken = PushServer(options())
        try taken.start()
        defer { taken.stop() }
        #expect(sentence { $0.listen = taken.address }?.contains("in use") == true)
        // An address that is nobody's (RFC 5737).
        #expect(sentence { $0.listen = "203.0.113.1:0" }?.contains("0.0.0.0") == true)
        #expect(sentence { $0.listen = "nonsense" }?.contains("nonsense") == true)
        #expect(sentence { $0.listen = "127.0.0.1:99999" }?.contains("99999") == true)
        #expect(sentence { $0.cores = 0 }?.contains("cores") == true)
        #expect(sentence { $0.cores = 65 }?.contains("cores") == true)
        #expect(sentence { $0.messageSizeLimit = 5 }?.contains("125") == true)
        #expect(sentence { $0.sendQueueLimit = 0 } != nil)
        #expect(sentence { $0.receiveMemoryLimit = 0 } != nil)
        #expect(sentence { $0.path = "stream" }?.contains("stream") == true)
        #expect(sentence { $0.echoPath = "/stream" }?.contains("/stream") == true)
        #expect(sentence { $0.origins = ["nonsense"] }?.contains("origin") == true)
        #expect(sentence { _ in } == nil)
    }
}
