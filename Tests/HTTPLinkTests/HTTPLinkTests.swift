// HTTPLinkTests — the link against a real server on loopback.

import DialectKit
import Glibc
import Lockfree
import Telemetry
import Testing

@testable import HTTPLink

@Suite("the HTTP link", .timeLimit(.minutes(2))) final class HTTPLinkTests {
    private let link = HTTPLink()

    deinit { link.stop() }

    @Test("asks with method, target, headers and body as given, and brings the answer")
    func roundTrip() async throws {
        let server = StubServer { request in
            let fields = request.fields.map { "\($0.name)=\($0.value)" }.joined(separator: "|")
            return .answer(
                "\(request.method) \(request.target) [\(fields)] \(request.body)", status: 201,
                fields: ["Content-Type: Text/Plain; charset=utf-8"])
        }
        let app = try link.backEnd(server.url + "/base") { $0.headers = [("X-Key", "k")] }
        let host = "127.0.0.1:\(server.port)"
        let posted = await app.ask(
            "/a/../b?c=d", method: "POST",
            headers: [("Cookie", "s=1; t=2"), ("Content-Type", "application/json"), ("X-E", "")],
            body: #"{"a":1}"#)
        #expect(posted.answer?.status == 201)
        #expect(posted.answer?.contentType == "text/plain")
        #expect(
            posted.text == "POST /base/a/../b?c=d [host=\(host)|accept=*/*|cookie=s=1; t=2"
                + "|content-type=application/json|x-e=|x-key=k|user-agent=carillon"
                + #"|content-length=7] {"a":1}"#)
        let plain = "[host=\(host)|accept=*/*|x-key=k|user-agent=carillon"
        #expect(await app.ask("").text == "GET /base \(plain)] ")
        #expect(await app.ask("", method: "DELETE").text == "DELETE /base \(plain)] ")
        #expect(
            await app.ask("", method: "PUT", body: "x").text
                == "PUT /base \(plain)|content-length=1] x")
        #expect(
            await app.ask("", method: "PATCH").text == "PATCH /base \(plain)|content-length=0] ")
        #expect(
            await app.ask("", method: "POST").text == "POST /base \(plain)|content-length=0] ")
        let head = await app.ask("", method: "HEAD")
        #expect(head.answer?.status == 201)
        #expect(head.text == "")
        #expect(app.status[.requests] == 7)
        #expect(app.status[.failures] == 0)
    }

    @Test("keeps connections, and a large body waits for nobody's permission")
    func keepAlive() async throws {
        let server = StubServer { .answer($0["expect"] ?? String($0.connection)) }
        let app = try link.backEnd(server.url)
        let large = String(repeating: "x", count: 1 << 20)
        for round in 0..<50 {
            let result = await app.ask("/", method: "POST", body: round % 10 == 0 ? large : "x")
            #expect(result.text == "1")
        }
        #expect(server.figures.connections == 1)
        #expect(server.figures.requests == 50)
    }

    @Test("connections of a wave serve the next one")
    func waves() async throws {
        let server = StubServer { _ in .answer(after: 5 * millisecond) }
        let app = try link.backEnd(server.url) { $0.inFlightLimit = 32 }
        for _ in 0..<4 {
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<64 {
                    group.addTask { await app.ask("/").answer?.status == 200 }
                }
                for await isGood in group { #expect(isGood) }
            }
        }
        #expect(server.figures.connections <= 32)
        #expect(server.figures.mostUnderWay <= 32)
    }

    @Test("has no more requests in flight than it may, and serves all of a storm")
    func storm() async throws {
        let arrived = Happening()
        let server = StubServer { _ in
            arrived.happen()
            // The first wave shows that there are as many as may be, the rest that there are not
            // more.
            return arrived.count <= 256 ? .held("ok") : .answer("ok", after: 20 * millisecond)
        }
        let app = try link.backEnd(server.url)
        let results = Results()
        for number in 0..<2000 {
            app.send(BackEndRequest(method: "GET", target: "/\(number)"), results.take("\(number)"))
        }
        await arrived.wait(256)
        #expect(app.status[.inFlight] == 256)
        #expect(app.status[.waiting] == 1744)
        server.release()
        await results.each.wait(2000)
        #expect(results.all.allSatisfy { $0.result.text == "ok" })
        let figures = server.figures
        #expect(figures.requests == 2000)
        #expect(figures.mostUnderWay == 256)
        #expect(figures.connections <= 256)
        #expect(app.status[.inFlight] == 0)
        #expect(app.status[.waiting] == 0)
    }

    @Test("asks once for all who share a question; one that leaves takes nobody along")
    func sharing() async throws {
        let arrived = Happening()
        let server = StubServer { request in
            arrived.happen()
            return .held(request.target)
        }
        let app = try link.backEnd(server.url)
        let results = Results()
        let request = BackEndRequest(method: "GET", target: "/who", isShared: true)
        let first = app.send(request, results.take("first"))
        for _ in 0..<100 { app.send(request, results.take("other")) }
        await arrived.wait()
        first.cancel()
        await results.each.wait(1)
        server.release()
        await results.each.wait(101)
        #expect(server.figures.requests == 1)
        #expect(results.all.first?.name == "first")
        #expect(results.all.first?.result == .failure(.canceled))
        #expect(results.all.dropFirst().allSatisfy { $0.result.text == "/who" })
        #expect(app.status[.shared] == 99)
    }

    @Test("a frozen application costs its askers their time limit and nothing else")
    func frozen() async throws {
        let server = StubServer { $0.target == "/frozen" ? .silence : .answer("alive") }
        let frozen = try link.backEnd(server.url) {
            $0.inFlightLimit = 8
            $0.breakThreshold = 0
        }
        let other = try link.backEnd(server.url)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    let result = await frozen.ask("/frozen", timeLimit: 50 * millisecond)
                    return result.failure == .timedOut
                }
                group.addTask { await other.ask("/").text == "alive" }
            }
            for await isGood in group { #expect(isGood) }
        }
        // Its connections are of no use any more.
        #expect(await frozen.ask("/").text == "alive")
        #expect(frozen.status[.failures] == 100)
    }

    @Test("in a storm on a frozen application everybody is refused in time")
    func frozenStorm() async throws {
        let server = StubServer { _ in .silence }
        let app = try link.backEnd(server.url) { $0.timeLimit = 300 * millisecond }
        let results = Results()
        // A request whose turn came when half of its time was over says nothing about the
        // application. On a busy machine that may be all of them, but not every time.
        for storm in 1...10 where app.status[.breaks] == 0 {
            for number in 0..<5000 {
                let request = BackEndRequest(method: "GET", target: "/\(number)")
                app.send(request, results.take("\(number)"))
            }
            await results.each.wait(5000 * storm)
        }
        #expect(
            results.all.allSatisfy {
                $0.result == .failure(.timedOut) || $0.result == .failure(.circuitOpen)
            })
        #expect(app.status[.breaks] == 1)
        #expect(app.status[.inFlight] == 0)
        #expect(app.status[.waiting] == 0)
    }

    @Test("a request may have less time than its back end allows")
    func ownTimeLimit() async throws {
        let server = StubServer { _ in .silence }
        let app = try link.backEnd(server.url)
        #expect(await app.ask("/", timeLimit: 20 * millisecond).failure == .timedOut)
        #expect(await app.ask("/", timeLimit: 0).failure == .timedOut)
    }

    @Test("nobody at the address, a host without a name, or half an answer: unreachable")
    func unreachable() async throws {
        let gone = StubServer { _ in .silence }
        gone.stop()
        let nobody = try link.backEnd(gone.url)
        #expect(await nobody.ask("/").failure?.isUnreachable() == true)
        let nameless = try link.backEnd("http://nobody.invalid")
        #expect(await nameless.ask("/").failure?.isUnreachable() == true)
        let noSocket = try link.backEnd("http://x") { $0.unixSocketPath = "/nowhere/at/all" }
        #expect(await noSocket.ask("/").failure?.isUnreachable() == true)

        let server = StubServer { request in
            switch request.target {
            case "/half": .octets("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            case "/garbage": .octets("\u{1}\u{2}what is this\r\n\r\n")
            default: .hangUp
            }
        }
        let app = try link.backEnd(server.url)
        #expect(await app.ask("/hangup").failure?.isUnreachable() == true)
        #expect(await app.ask("/garbage").failure?.isUnreachable() == true)
        #expect(await app.ask("/half", timeLimit: 100 * millisecond).failure == .timedOut)
    }

    @Test("a name that cannot be looked up any more is where it was")
    func nameServersGone() async throws {
        let server = StubServer { .answer($0["host"] ?? "") }
        let app = try link.backEnd("http://nobody.invalid:\(server.port)")
        app.lastAddress.withLock { $0 = "127.0.0.1" }
        for _ in 0..<3 {
            #expect(await app.ask("/").text == "nobody.invalid:\(server.port)")
        }
        let named = try link.backEnd("http://localhost:\(server.port)")
        #expect(await named.ask("/").answer?.status == 200)
        #expect(named.lastAddress.withLock { $0 } == "127.0.0.1")
    }

    @Test("what cannot be sent as it is, is not sent")
    func notSent() async throws {
        let server = StubServer { _ in .answer() }
        let app = try link.backEnd(server.url)
        let injected = await app.ask("/", headers: [("X-A", "1\r\nX-B: 2")])
        #expect(injected.failure?.isUnreachable("X-A has a line end") == true)
        #expect(await app.ask("@127.0.0.2/").failure?.isUnreachable("not sent") == true)
        #expect(await app.ask("/", method: "G ET").failure?.isUnreachable("not sent") == true)
        #expect(server.figures.requests == 0)
        #expect(app.status.isConnected)
    }

    @Test("an answer that is too large ends, even if it never would")
    func tooLarge() async throws {
        let limit = 100_000
        let server = StubServer { request in
            switch request.target {
            case "/fits": .answer(String(repeating: "x", count: limit))
            case "/endless":
                .octets("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "y", count: limit + 1))
            default: .answer(String(repeating: "x", count: limit + 1))
            }
        }
        let app = try link.backEnd(server.url) { $0.answerSizeLimit = limit }
        #expect(await app.ask("/fits").answer?.body.count == limit)
        #expect(await app.ask("/large").failure == .tooLarge(limit: limit))
        #expect(await app.ask("/endless").failure == .tooLarge(limit: limit))
        let none = try link.backEnd(server.url) { $0.answerSizeLimit = 0 }
        #expect(await none.ask("/large").failure == .tooLarge(limit: 0))
    }

    @Test("follows redirects, so many and no more, and only where that is understood")
    func redirects() async throws {
        let server = StubServer { request in
            switch request.target {
            case "/1": .answer("ignored", status: 302, fields: ["Location: /2"])
            case "/2": .answer(status: 307, fields: ["Location: /3?x"])
            case "/3?x": .answer("\(request.method) \(request.body)")
            case "/loop": .answer(status: 301, fields: ["Location: /loop"])
            case "/file": .answer(status: 302, fields: ["Location: file:///etc/passwd"])
            case "/same": .answer(status: 308, fields: ["Location: /3?x"])
            default: .answer(status: 404)
            }
        }
        let app = try link.backEnd(server.url) { $0.breakThreshold = 1 }
        #expect(await app.ask("/1").text == "GET ")
        #expect(await app.ask("/1", method: "POST", body: "x").text == "GET ")
        #expect(await app.ask("/same", method: "POST", body: "x").text == "POST x")
        #expect(await app.ask("/1", method: "DELETE").answer?.status == 302)
        let before = server.figures.requests
        #expect(await app.ask("/loop").failure?.isUnreachable("redirects") == true)
        #expect(server.figures.requests == before + 11)
        #expect(await app.ask("/file").failure?.isUnreachable() == true)
        #expect(app.status.isConnected, "an application that answers is not left alone")
        let strict = try link.backEnd(server.url) { $0.redirectLimit = 0 }
        #expect(await strict.ask("/1").answer?.status == 302)
    }

    @Test("speaks through a Unix socket, with the path and host of its URL")
    func unixSocket() async throws {
        let path = "/tmp/carillon-link-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { _ = unsafe unlink(path) }
        let server = StubServer(path: path) { .answer("\($0["host"] ?? "") \($0.target)") }
        let app = try link.backEnd("http://app.example/base") { $0.unixSocketPath = path }
        for _ in 0..<3 { #expect(await app.ask("/x").text == "app.example /base/x") }
        #expect(server.figures.connections == 1)
    }

    @Test("a proxy gets the whole URL")
    func proxy() async throws {
        let server = StubServer { .answer($0.target) }
        let app = try link.backEnd("http://app.example") { $0.proxyURL = server.url }
        #expect(await app.ask("/x").text == "http://app.example/x")
        #expect(app.lastAddress.withLock { $0 } == nil, "that is the proxy's")
    }
}
