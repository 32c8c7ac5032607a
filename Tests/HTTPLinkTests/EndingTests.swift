// EndingTests — requests to a real server on loopback that end before they are answered, or are
// never made.

import DialectKit
import Glibc
import Lockfree
import Telemetry
import Testing

@testable import HTTPLink

@Suite("the HTTP link, ending requests", .timeLimit(.minutes(2))) final class EndingTests {
    private let link = HTTPLink()

    deinit { link.stop() }

    @Test("cancels what waits and what is under way, and closes the connection of the latter")
    func cancellation() async throws {
        let arrived = Happening()
        let server = StubServer { request in
            arrived.happen()
            return request.target == "/silent" ? .silence : .answer("ok")
        }
        let app = try link.backEnd(server.url) { $0.inFlightLimit = 1 }
        let results = Results()
        let running = app.send(
            BackEndRequest(method: "GET", target: "/silent"), results.take("running"))
        let waiting = app.send(
            BackEndRequest(method: "GET", target: "/waiting"), results.take("waiting"))
        await arrived.wait()
        waiting.cancel()
        await results.each.wait(1)
        running.cancel()
        await results.each.wait(2)
        running.cancel()
        #expect(results.all.map(\.name) == ["waiting", "running"])
        #expect(results.all.allSatisfy { $0.result == .failure(.canceled) })
        // There is room again.
        #expect(await app.ask("/next").text == "ok")
        #expect(server.figures.requests == 2, "the one that waited was never sent")
        #expect(server.figures.connections == 2)
        #expect(app.status[.failures] == 0)
    }

    @Test("refuses at once when too many wait")
    func overload() async throws {
        let server = StubServer { _ in .silence }
        let app = try link.backEnd(server.url) {
            $0.inFlightLimit = 2
            $0.queueLimit = 3
        }
        let results = Results()
        for number in 0..<6 {
            app.send(BackEndRequest(method: "GET", target: "/\(number)"), results.take("\(number)"))
        }
        #expect(results.all.map(\.name) == ["5"])
        #expect(results.all.first?.result == .failure(.overloaded))
        link.stop()
        #expect(results.all.count == 6)
    }

    @Test("the circuit opens, stays open while nobody listens, and closes by itself")
    func circuit() async throws {
        let server = StubServer { _ in .answer(status: 503) }
        let app = try link.backEnd(server.url) {
            $0.breakTime = 10 * millisecond...20 * millisecond
        }
        for _ in 0..<4 { #expect(await app.ask("/").answer?.status == 503) }
        let results = Results()
        app.send(BackEndRequest(method: "GET", target: "/")) { result in
            // On the link's thread, so nothing has happened since.
            #expect(!app.status.isConnected)
            app.send(BackEndRequest(method: "GET", target: "/"), results.take("6"))
            results.take("5")(result)
        }
        await results.each.wait(2)
        #expect(results.all.first?.result == .failure(.circuitOpen))
        #expect(results.all.last?.result.answer?.status == 503)
        #expect(app.status[.breaks] == 1)
        // It knocks until somebody is there: a server is found without a request of anybody.
        server.stop()
        let next = StubServer(port: server.port) { _ in .answer("back") }
        while !app.status.isConnected { await Task.yield() }
        #expect(next.figures.requests == 0)
        #expect(await app.ask("/").text == "back")
        #expect(await app.ask("/").text == "back")
        #expect(app.status.isConnected)
        #expect(app.status[.breaks] == 1)
    }

    @Test("a stop ends everything under way, and what comes later is refused")
    func stop() async throws {
        let arrived = Happening()
        let server = StubServer { _ in
            arrived.happen()
            return .silence
        }
        let app = try link.backEnd(server.url) { $0.inFlightLimit = 4 }
        let results = Results()
        for number in 0..<10 {
            app.send(
                BackEndRequest(method: "GET", target: "/", isShared: number > 7),
                results.take("\(number)"))
        }
        await arrived.wait(4)
        link.stop()
        #expect(results.all.count == 10)
        #expect(results.all.allSatisfy { $0.result == .failure(.stopped) })
        #expect(await app.ask("/").failure == .stopped)
        #expect(throws: HTTPLinkError.stopped) { try self.link.backEnd(server.url) }
        link.stop()
        #expect(app.status[.inFlight] == 0)
        #expect(app.status[.waiting] == 0)
    }

    @Test("a completion may ask again, cancel and stop")
    func reentrance() async throws {
        let server = StubServer { .answer($0.target) }
        let app = try link.backEnd(server.url)
        let results = Results()
        app.send(BackEndRequest(method: "GET", target: "/1")) { [link] result in
            results.take("1")(result)
            let second = app.send(
                BackEndRequest(method: "GET", target: "/2"), results.take("2"))
            second.cancel()
            app.send(BackEndRequest(method: "GET", target: "/3")) { result in
                results.take("3")(result)
                app.send(BackEndRequest(method: "GET", target: "/4"), results.take("4"))
                link.stop()
            }
        }
        await results.each.wait(4)
        let all = Dictionary(uniqueKeysWithValues: results.all.map { ($0.name, $0.result) })
        #expect(all["1"]?.text == "/1")
        #expect(all["2"]?.failure == .canceled)
        #expect(all["3"]?.text == "/3")
        #expect(all["4"]?.failure == .stopped)
    }

    @Test("settings that cannot work are refused, and a link without back ends stops")
    func settings() throws {
        let refusal = #expect(throws: HTTPLinkError.self) { try self.link.backEnd("gopher://x") }
        #expect(refusal?.sentence == "\"gopher://x\" does not begin with http:// or https://")
        link.stop()
    }

    @Test("many threads ask, cancel and share at once")
    func crowd() async throws {
        let server = StubServer { .answer($0.target) }
        let app = try link.backEnd(server.url) { $0.inFlightLimit = 16 }
        let results = Results()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<200 {
                        let ticket = app.send(
                            BackEndRequest(
                                method: "GET", target: "/\(number % 10)",
                                isShared: number % 2 == 0),
                            results.take("/\(number % 10)"))
                        if (number + task) % 5 == 0 { ticket.cancel() }
                    }
                }
            }
        }
        await results.each.wait(1600)
        for (name, result) in results.all {
            #expect(result.text == name || result.failure == .canceled)
        }
        #expect(results.all.count == 1600)
        #expect(results.all.count { $0.result.text != nil } >= 1280)
    }
}
