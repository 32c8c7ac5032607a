// Tails on whole cores: what a client reads is the body and its subscription's own octets, however
// that was compressed, shared, cut and queued on the way.

import DialectKit
import Engine
import Hub
import Telemetry
import Testing
import WebSocket

@Suite("tails") struct TailTests {
    /// Around the sizes where a frame's header and a cell of the table change.
    private static let tails = [
        "~a", "~" + String(repeating: "b", count: 14), "~" + String(repeating: "c", count: 15),
        "~" + String(repeating: "d", count: 16), "~" + String(repeating: "e", count: 130),
        "~" + String(repeating: "f", count: 4095),
    ]

    /// Subscribes and publishes with one agreement, among echoes and messages without tails.
    private func check(_ offer: DeflateOffer?, keepsContext: Bool, seed: UInt64) {
        let test = SpokenWorld(seed: seed, cores: 2)
        let clients = (0..<4).map {
            test.open(core: $0 % 2, offer: offer, keepsServerContext: keepsContext)
        }
        var held: [[String]] = []
        for (number, client) in clients.enumerated() {
            var tails = Array(Self.tails[number...])
            if number > 1 { tails.append("-") }
            for tail in tails { client.write("sub r \(tail)", compressed: number == 1) }
            test.exchangeAll()
            #expect(client.takeMessages() == tails.map { "did sub r \($0)" })
            held.append(tails.map { $0 == "-" ? "" : $0 })
        }
        for size in [0, 1, 40, 63, 64, 125, 300, 2047, 2048, 2049, 5000, 40_000] {
            let body = test.text(size)
            let echo = test.text(200) + "echo"
            for (number, client) in clients.enumerated() {
                client.write("echo \(echo)\(number)", compressed: true)
            }
            // Echoes of before, of between and of behind it, in whatever order the core reads.
            if size % 2 == 0 { test.exchange(clients[0], clients[2]) }
            test.publish("r", body)
            test.exchangeAll()
            for (number, client) in clients.enumerated() {
                client.write("echo \(body)", compressed: true)
                test.exchange(client)
                let expected = held[number].map { body + $0 } + ["\(echo)\(number)", body]
                let arrivals = client.takeArrivals()
                let texts = arrivals.compactMap { arrival -> String? in
                    if case .message(let text) = arrival { text } else { nil }
                }
                let isRight = arrivals.count == texts.count && texts.sorted() == expected.sorted()
                #expect(isRight, "\(String(describing: offer)), body of \(size), client \(number)")
            }
        }
        test.end()
        #expect(test.world.violations == [])
    }

    @Test("every subscription gets the body and its own tail, in frames that are not compressed")
    func plain() { check(nil, keepsContext: false, seed: 1) }

    @Test("so it does deflated in every window, with and without context on the client's side")
    func deflated() {
        for bits in 9...15 {
            for choice in 0..<4 {
                let offer = DeflateOffer(
                    serverNoContextTakeover: choice % 2 == 0,
                    clientNoContextTakeover: choice < 2, serverWindowBits: bits)
                check(offer, keepsContext: choice % 2 == 1, seed: UInt64(10 * bits + choice))
            }
        }
    }

    @Test("a publication is compressed once, for the smallest window")
    func compressions() {
        for size in [300, 5000] {
            let test = SpokenWorld(seed: UInt64(size), cores: 2)
            var clients: [SimulatedClient] = []
            for number in 0..<12 {
                let bits = number < 8 ? 15 : 10
                let client = test.open(
                    core: number % 2, offer: DeflateOffer(serverWindowBits: bits))
                for tail in 0..<3 {
                    client.write("sub r ~\(number % 5)-\(String(repeating: "t", count: tail))")
                }
                clients.append(client)
            }
            test.exchangeAll()
            for client in clients { #expect(client.takeMessages().count == 3) }
            let before = test.count(of: .compressions)
            let sent = clients.map(\.socket.sentCount)
            let body = test.text(size)
            test.publish("r", body)
            test.exchangeAll()
            #expect(test.count(of: .compressions) - before == 1)
            for (client, sent) in zip(clients, sent) {
                #expect(client.takeMessages().count == 3)
                #expect(client.socket.sentCount - sent < 3 * size * 3 / 4, "not compressed")
            }
            test.end()
            #expect(test.world.violations == [])
        }
    }

    @Test("a slow reader gets whole messages up to its limit and then 1013, never part of a frame")
    func backlogs() {
        var closeCount = 0
        // Copied and shared, plain and deflated; the limit falls into the second publication.
        let cases = [
            (nil, 600, 3_000...7_000), (nil, 2_600, 9_000...18_000),
            (DeflateOffer(), 1_200, 3_000...7_000), (DeflateOffer(), 7_000, 9_000...18_000),
        ]
        for (offer, bodySize, limits) in cases {
            for limit in stride(from: limits.lowerBound, through: limits.upperBound, by: 117) {
                var options = SimulatedOptions()
                options.sendWindow = 1_000
                let test = SpokenWorld(
                    seed: UInt64(limit), sendQueueSize: limit, messageSize: 1_024,
                    options: options)
                let client = test.open(offer: offer)
                let tails = [300, 700, 5].map { "~" + String(repeating: "t", count: $0) }
                for tail in tails { test.say(client, "sub r \(tail)") }
                let fresh = test.open()
                test.say(fresh, "sub r ~")
                var expected: [String] = []
                var bodies: [String] = []
                for _ in 0..<16 {
                    bodies.append(test.text(bodySize))
                    test.publish("r", bodies[bodies.count - 1])
                    test.exchange(fresh)
                    expected += tails.map { bodies[bodies.count - 1] + $0 }
                }
                test.exchange(client)
                var arrivals = client.takeArrivals()
                if arrivals.last == .close(1013) {
                    arrivals.removeLast()
                    closeCount += 1
                } else {
                    Issue.record("limit \(limit): \(arrivals.count) arrivals, no 1013")
                }
                let isPrefix = arrivals == expected.prefix(arrivals.count).map { .message($0) }
                #expect(isPrefix, "limit \(limit), bodies of \(bodySize)")
                #expect(fresh.takeMessages() == bodies.map { "\($0)~" })
                test.end()
                #expect(test.world.violations == [])
            }
        }
        #expect(closeCount > 100)
    }

    @Test("who would be queued gigabytes by one publication is closed, and the others get theirs")
    func abundance() {
        let test = SpokenWorld(seed: 7, sendQueueSize: 1 << 20)
        let (greedy, modest) = (test.open(), test.open())
        for number in 0..<2300 { greedy.write("sub r ~\(number)") }
        test.exchange(greedy)
        #expect(greedy.takeMessages().count == 2300)
        test.say(modest, "sub r ~")
        greedy.socket.sendWindow = 1_000
        // 2.3 GB, beyond what a segment may hold.
        let body = String(repeating: "b", count: 1_000_000)
        test.publish("r", body)
        test.exchange(modest)
        #expect(modest.takeMessages() == [body + "~"])
        let metrics = test.world.state.metrics[0]
        #expect(metrics.value(of: LimitName.sendQueueSize) == 1)
        #expect(metrics.value(of: .backlogPeakOctets) < 128 << 20)
        test.end()
        #expect(test.world.violations == [])
    }

    @Test("publications of a turn come in their order, however much they come to")
    func runs() {
        // Few; more than a segment holds; more than a run may come to; and one of them shared.
        for (count, size, longest) in [(3, 10, 30), (40, 500, 30), (100, 30, 4_000)] {
            for offer in [nil, DeflateOffer()] {
                let test = SpokenWorld(seed: UInt64(count), sendQueueSize: 1 << 24)
                let clients = (0..<4).map { _ in test.open(offer: offer) }
                let tails = (0..<6).map { number in
                    "~\(number)" + String(repeating: "t", count: number % 2 == 0 ? 3 : longest)
                }
                for client in clients {
                    for tail in tails { test.say(client, "sub r \(tail)") }
                }
                let bodies = (0..<count).map { test.text($0 == count / 2 ? 3_000 : size) + "\($0)" }
                for body in bodies { test.publish("r", body) }
                test.exchangeAll()
                for (number, client) in clients.enumerated() {
                    let messages = client.takeMessages()
                    #expect(messages.count == count * tails.count)
                    for tail in tails {
                        let isRight =
                            messages.filter { $0.hasSuffix(tail) } == bodies.map { $0 + tail }
                        #expect(isRight, "\(count) of \(size), client \(number)")
                    }
                }
                test.end()
                #expect(test.world.violations == [])
            }
        }
    }

    @Test("tails come and go with their subscriptions, and each entry's use has its own")
    func reuse() {
        let test = SpokenWorld(seed: 5)
        var clients = (0..<3).map { _ in test.open(offer: DeflateOffer()) }
        var held: [Set<String>] = [[], [], []]
        for step in 0..<300 {
            let number = test.world.random.below(clients.count)
            let size = test.world.random.pick([0, 1, 15, 16, 17, 40, 300])
            let known = held[number].sorted()
            switch test.world.random.below(20) {
            case 0:
                if step % 2 == 0 {
                    clients[number].socket.reset()
                } else {
                    test.say(clients[number], "quit")
                }
                clients[number] = test.open(offer: DeflateOffer())
                held[number] = []
            case 1:
                test.say(clients[number], "all")
                held[number] = []
            case 2..<8 where !known.isEmpty:
                let tail = test.world.random.pick(known)
                test.say(clients[number], "unsub r \(tail)", "unsub r \(tail)")
                held[number].remove(tail)
            default:
                let tail = "~\(test.world.random.below(4))" + String(repeating: "t", count: size)
                // Twice is once.
                test.say(clients[number], "sub r \(tail)", "sub r \(tail)")
                held[number].insert(tail)
            }
            let body = test.text(step % 7 == 0 ? 3000 : 30)
            test.publish("r", body)
            test.exchangeAll()
            for (client, held) in zip(clients, held) {
                #expect(client.takeMessages().sorted() == held.map { body + $0 }.sorted())
            }
        }
        test.end()
        #expect(test.world.violations == [])
    }

    @Test("whom a publication leaves out gets it under no tail, and selective ones reach the rest")
    func reach() throws {
        let test = SpokenWorld(seed: 6, cores: 2)
        let clients = (0..<4).map { test.open(core: $0 % 2) }
        for client in clients { test.say(client, "sub r ~1", "sub r ~2", "sub r -") }
        let id = try #require(test.say(clients[2], "id").first.flatMap { UInt64($0) })
        for (order, body) in [
            (0, "small"), (1, "small"), (0, test.text(3000)), (1, test.text(3000)),
        ] {
            var reach = Reach()
            reach.excluded = id
            reach.order = UInt64(order)
            test.publish("r", body, reach: reach)
            test.exchangeAll()
            for (number, client) in clients.enumerated() {
                let expected = number == 2 ? [] : [body, body + "~1", body + "~2"]
                #expect(client.takeMessages().sorted() == expected)
            }
        }
        test.end()
        #expect(test.world.violations == [])
    }
}

@Suite("tail schedules", .serialized) struct TailScheduleTests {
    @Test("the promises of tails hold in every schedule")
    func schedules() {
        guard let sights = ScheduleRun.play(TailSchedule.self, count: 300) else { return }
        for sight in ["tails", "plain", "shared", "ends", "closes 1013", "compressions"] {
            #expect(sights[sight, default: 0] > 0, "never seen: \(sight)")
        }
    }
}
