// Openings that somebody else decides: the handshake waits, and so does what the client says; it is
// decided once, or abandoned once.

import DialectKit
import Engine
import HTTP1
import Lockfree
import Telemetry
import Testing
import WebSocket

@Suite("openings that wait") struct OpeningTests {
    private static let refusal = Refusal(
        status: 403, reason: "No entry today", contentType: "application/json", body: "{}")

    /// A world whose spoken path asks the desk.
    private func world(
        _ desk: Desk, cores: Int = 1, limits: Limits = Limits(), holdsFirst: Bool = false,
        options: SimulatedOptions = SimulatedOptions()
    ) -> SpokenWorld {
        SpokenWorld(
            seed: 1, cores: cores, limits: limits, options: options, holdsFirst: holdsFirst
        ) { request, dialect in
            .later(desk.ask(dialect))
        }
    }

    private func end(
        _ test: SpokenWorld, _ desk: Desk, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        test.end()
        // Questions lead back to the engine, and the engine's dialect to the desk.
        desk.forget()
        #expect(test.world.violations == [], sourceLocation: sourceLocation)
    }

    @Test("accepted later: nothing comes before, and what the client sent early is read in order")
    func accepted() {
        let desk = Desk()
        let test = world(desk)
        let client = test.request()
        test.exchange(client)
        for number in 0..<5 {
            client.write("echo early \(number)")
            test.exchange(client)
        }
        client.write("sub r ~t", fragmentSize: 3)
        test.exchange(client)
        #expect(client.arrivals.isEmpty && desk.questions.count == 1)
        // Longer than a handshake may take, and longer than a connection may be silent.
        test.world.pass(70_000_000_000)
        #expect(!client.socket.isFinished)
        desk.questions[0].accept()
        test.exchange(client)
        let texts = (0..<5).map { Arrival.message("early \($0)") }
        #expect(
            client.takeArrivals()
                == [.response(status: 101)] + texts + [.message("did sub r ~t")])
        test.publish("r", "x")
        test.exchange(client)
        #expect(client.takeMessages() == ["x~t"])
        #expect(desk.questions[0].abandonCount == 0)
        end(test, desk)
    }

    @Test("decided before the question is asked in full, or twice: the first decision counts")
    func synchronous() {
        let desk = Desk(decision: .accept)
        let test = world(desk)
        let client = test.request()
        client.write("echo x")
        test.exchange(client)
        #expect(client.takeArrivals() == [.response(status: 101), .message("x")])
        desk.questions[0].refuse(Self.refusal)
        desk.questions[0].accept()
        #expect(test.say(client, "echo y") == ["y"])
        end(test, desk)
    }

    @Test("a session that holds its input from the first is not released by the decision")
    func holding() {
        let desk = Desk()
        let test = world(desk, holdsFirst: true)
        let client = test.request()
        client.write("echo early")
        test.exchange(client)
        desk.questions[0].accept()
        test.exchange(client)
        client.write("echo late")
        test.exchange(client)
        #expect(client.takeArrivals() == [.response(status: 101)])
        test.pass(seconds: 0.2, [client])
        #expect(client.takeMessages() == ["early", "late"])
        end(test, desk)
    }

    @Test("refused later: the status line says why, and nothing the client sent counts")
    func refused() {
        for early in ["", "garbage", "GET / HTTP/1.1\r\n\r\n"] {
            let desk = Desk()
            let test = world(desk)
            let client = test.request()
            client.write(octets: Array(early.utf8))
            test.exchange(client)
            desk.questions[0].refuse(Self.refusal)
            test.exchange(client)
            #expect(client.takeArrivals() == [.response(status: 403)])
            #expect(client.statusLine == "HTTP/1.1 403 No entry today")
            #expect(client.socket.isFinished)
            #expect(desk.questions[0].abandonCount == 0)
            test.world.pass(3_000_000_000)
            #expect(test.world.state.connectionCount == 0)
            end(test, desk)
        }
    }

    @Test("garbage behind the request fails the connection only when it is open")
    func garbage() {
        let desk = Desk()
        let test = world(desk)
        let client = test.request()
        client.write(octets: Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        test.exchange(client)
        #expect(client.arrivals.isEmpty)
        desk.questions[0].accept()
        test.exchange(client)
        #expect(client.takeArrivals() == [.response(status: 101), .close(1002)])
        end(test, desk)
    }

    @Test("a client that leaves abandons its question once; who has its slot next is not opened")
    func leaving() {
        // How it leaves, and whether so much was sent early that it was not read any more.
        for (isReset, isFlooding) in [(true, false), (false, false), (false, true), (true, true)] {
            let desk = Desk()
            var limits = Limits()
            limits.parkedSize = 512
            var options = SimulatedOptions()
            options.socketLimit = 1
            let test = world(desk, limits: limits, options: options)
            let client = test.request()
            test.exchange(client)
            if isFlooding {
                for _ in 0..<20 { client.write("echo \(String(repeating: "x", count: 100))") }
                client.push()
                if isReset { test.exchange(client) }
            }
            if isReset { client.socket.reset() } else { client.socket.finishSending() }
            test.exchange(client)
            test.world.pass(2_000_000_000)
            let isRead = test.world.state.connectionCount == 0
            // Whom nobody reads is noticed when the decision comes.
            #expect(isRead || isFlooding)
            #expect(desk.questions[0].abandonCount == (isRead ? 1 : 0))
            guard isRead else {
                desk.questions[0].accept()
                test.exchange(client)
                test.world.pass(20_000_000_000)
                #expect(test.world.state.connectionCount == 0)
                end(test, desk)
                continue
            }
            let other = test.request()
            test.exchange(other)
            #expect(desk.questions.count == 2)
            #expect(desk.questions[0].slot == desk.questions[1].slot)
            desk.questions[0].accept()
            test.exchange(other)
            #expect(other.arrivals.isEmpty)
            desk.questions[1].accept()
            test.exchange(other)
            #expect(other.takeArrivals() == [.response(status: 101)])
            #expect(desk.questions.map(\.abandonCount) == [1, 0])
            let questions = desk.questions
            end(test, desk)
            #expect(questions.map(\.abandonCount) == [1, 0])
        }
    }

    @Test("nothing is kept of a question that was decided or abandoned")
    func leaks() {
        for isAbandoned in [true, false] {
            let desk = Desk()
            let test = world(desk)
            let client = test.request()
            test.exchange(client)
            weak let question = desk.questions[0]
            if isAbandoned { client.socket.reset() } else { desk.questions[0].accept() }
            test.exchange(client)
            desk.forget()
            #expect(question == nil)
            end(test, desk)
        }
    }

    @Test("decisions may come from other threads")
    func threads() async {
        let desk = Desk()
        let test = world(desk, cores: 2)
        let clients = (0..<20).map { test.request(core: $0 % 2) }
        test.exchangeAll()
        #expect(desk.questions.count == 20)
        await withTaskGroup(of: Void.self) { group in
            for question in desk.questions { group.addTask { question.accept() } }
        }
        test.exchangeAll()
        for client in clients { #expect(client.takeArrivals() == [.response(status: 101)]) }
        end(test, desk)
    }

    @Test("who waits does not count among the handshakes in progress")
    func limit() {
        let desk = Desk()
        var limits = Limits()
        limits.handshakesInProgress = 2
        let test = world(desk, limits: limits)
        var clients: [SimulatedClient] = []
        for _ in 0..<30 {
            let client = test.request()
            test.exchange(client)
            clients.append(client)
        }
        #expect(desk.questions.count == 30)
        // Without waiting for a listener that has paused.
        #expect(test.say(test.open(SpokenWorld.rooms), "echo x") == ["x"])
        for (number, question) in desk.questions.enumerated() {
            if number % 2 == 0 { question.accept() } else { question.refuse(Self.refusal) }
        }
        test.exchangeAll()
        for (number, client) in clients.enumerated() {
            #expect(client.takeArrivals() == [.response(status: number % 2 == 0 ? 101 : 403)])
        }
        end(test, desk)
    }

    @Test("what openings that wait keep is counted, and has a limit: the oldest are refused")
    func memory() {
        let desk = Desk()
        var limits = Limits()
        limits.processReceiveQueueSize = 1 << 20
        var options = SimulatedOptions()
        options.socketLimit = 200
        let test = world(desk, limits: limits, options: options)
        let path = SpokenWorld.spoken + "?" + String(repeating: "x", count: 8000)
        let clients = (0..<100).map { _ in
            let client = test.request(path)
            test.exchange(client)
            test.world.advance(by: 2_000_000)
            return client
        }
        test.exchangeAll()
        let metrics = test.world.state.metrics[0]
        #expect(metrics.value(of: Gauge.inputOctets) <= 1 << 20)
        #expect(metrics.value(of: Gauge.inputOctets) > 1 << 19)
        let refusedCount = clients.prefix { $0.refusal == 503 }.count
        #expect(refusedCount > 40 && refusedCount < 80)
        #expect(desk.questions.map(\.abandonCount) == (0..<100).map { $0 < refusedCount ? 1 : 0 })
        for question in desk.questions { question.accept() }
        test.exchangeAll()
        #expect(clients.dropFirst(refusedCount).allSatisfy { $0.isOpen })
        #expect(metrics.value(of: Gauge.inputOctets) == 0)
        end(test, desk)
    }

    @Test("a drain answers those who still wait with 503; who is accepted before is told to go")
    func drain() {
        let desk = Desk()
        let test = world(desk)
        let clients = (0..<6).map { _ in
            let client = test.request()
            test.exchange(client)
            return client
        }
        test.world.drain(delay: 1_000_000_000, spread: 1_000_000_000, deadline: 10_000_000_000)
        test.exchangeAll()
        desk.questions[0].accept()
        desk.questions[1].refuse(Self.refusal)
        test.exchangeAll()
        #expect(clients[0].takeArrivals() == [.response(status: 101)])
        #expect(clients[1].takeArrivals() == [.response(status: 403)])
        test.pass(seconds: 3, clients)
        #expect(clients[0].takeArrivals() == [.close(1001)])
        for client in clients[2...] {
            #expect(client.takeArrivals() == [.response(status: 503)])
            #expect(client.socket.isFinished)
        }
        #expect(desk.questions.map(\.abandonCount) == [0, 0, 1, 1, 1, 1])
        desk.questions[2].accept()
        test.pass(seconds: 10, clients)
        #expect(test.world.state.connectionCount == 0)
        let questions = desk.questions
        end(test, desk)
        #expect(questions.map(\.abandonCount) == [0, 0, 1, 1, 1, 1])
    }

    @Test("a stop abandons every question once, and decisions that come behind it are nobody's")
    func stop() {
        let desk = Desk()
        let test = world(desk, cores: 2)
        let clients = (0..<6).map { test.request(core: $0 % 2) }
        test.exchangeAll()
        desk.questions[0].accept()
        test.world.stop()
        desk.questions[1].accept()
        test.exchangeAll()
        desk.questions[2].accept()
        let questions = desk.questions
        end(test, desk)
        for client in clients { #expect(client.socket.isFinished) }
        #expect(questions.dropFirst(2).allSatisfy { $0.abandonCount == 1 })
        #expect(questions.allSatisfy { $0.abandonCount <= 1 })
    }
}

@Suite("opening schedules", .serialized) struct OpeningScheduleTests {
    @Test("the promises of openings hold in every schedule")
    func schedules() {
        guard let sights = ScheduleRun.play(OpeningSchedule.self, count: 300) else { return }
        for sight in ["101", "403", "503", "leavings", "abandoned", "rests"] {
            #expect(sights[sight, default: 0] > 0, "never seen: \(sight)")
        }
    }
}
