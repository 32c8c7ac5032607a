// Publications that cover many rooms: whoever is in a covered room, or has a pattern that shares one,
// gets it once per subscription and is told its own room.

import DialectKit
import Engine
import Hub
import Rooms
import Telemetry
import Testing
import WebSocket

@Suite("covering publications") struct CoverageTests {
    /// Covers what `coverage` says, with `*` for what is open; the literal text is the room.
    fileprivate func cover(
        _ coverage: String, _ text: String, sibling: Publication? = nil
    ) -> Publication {
        Publication(
            realm: .standard, room: SpokenDialect.room(coverage), payload: .value(Array(text.utf8)),
            coverage: SpokenDialect.segments(coverage, openIf: "*"), sibling: sibling)
    }

    @Test(
        "rooms are reached exactly, wildcards where they share a room, prefixes by the literal room"
    )
    func receivers() {
        let test = SpokenWorld(seed: 1, cores: 2)
        let subscriptions = [
            "k.a.x", "k.b.x", "k.a.y", "m.a.x", "k.a", "k.a.x.z", "k.*.x", "?k..x", "?k.b.",
            "?k..y",
            "?k..", "?.a.x", "?.a.y", "^k.*", "^k.a",
        ]
        let clients = subscriptions.indices.map { test.open(SpokenWorld.rooms, core: $0 % 2) }
        for (client, pattern) in zip(clients, subscriptions) {
            test.say(client, "sub \(pattern) -")
        }
        // openapi-ws has the channel k.*, told as it stands, and one that is covered.
        let listeners = (0..<2).map { test.open(SpokenWorld.stream, core: $0) }
        for (listener, channel) in zip(listeners, ["k.*", "k.a"]) {
            test.say(listener, Call.subscribe(channel, "x"), Call.subscribe(channel, "*"))
        }
        let receipt = Receipts()
        test.world.state.publish(cover("k.*.x", #""hi""#), completion: receipt.add)
        test.exchangeAll()
        let told = [
            "k.a.x": "k.a.x", "k.b.x": "k.b.x", "k.*.x": "k.*.x", "?k..x": "k.*.x",
            "?k.b.": "k.*.x", "?k..": "k.*.x", "^k.*": "k.*.x",
        ]
        for (client, pattern) in zip(clients, subscriptions) {
            let expected = told[pattern].map { [#"\#($0)="hi""#] } ?? []
            #expect(client.takeMessages() == expected, "\(pattern)")
        }
        #expect(
            listeners[0].takeMessages() == [Call.event("k.*", "x", data: #""hi""#)],
            "once per connection, with the room as it was published")
        #expect(
            listeners[1].takeMessages() == [Call.event("k.a", "x", data: #""hi""#)],
            "told the room that is covered")
        #expect(receipt.counts == [told.count + 2])
        test.end()
        #expect(test.world.violations == [])
    }

    @Test("nothing open is a publication to one room")
    func closed() {
        let test = SpokenWorld(seed: 2, cores: 2)
        let client = test.open(SpokenWorld.rooms)
        let other = test.open(SpokenWorld.spoken, core: 1)
        for client in [client, other] {
            test.say(client, "sub k.a -", "sub k.b -", "sub ?k. ~w", "sub ^k ~p")
        }
        test.world.state.publish(cover("k.a", "1"))
        test.exchangeAll()
        #expect(client.takeMessages().sorted() == ["k.a=1", "k.a=1~p", "k.a=1~w"])
        #expect(other.takeMessages().sorted() == ["1", "1~p", "1~w"])
        test.end()
        #expect(test.world.violations == [])
    }

    @Test(
        "who is reached is what comparing every subscription finds, on all cores and in all forms")
    func model() {
        for seed in 1...12 as ClosedRange<UInt64> {
            let test = SpokenWorld(seed: seed, cores: 2)
            var clients: [(client: SimulatedClient, isTold: Bool, held: [String: Set<String>])] = []
            for number in 0..<6 {
                let isTold = number % 3 == 0
                let offer = number % 2 == 0 ? DeflateOffer(serverWindowBits: 9 + number) : nil
                let client = test.open(
                    isTold ? SpokenWorld.rooms : SpokenWorld.spoken, core: number % 2, offer: offer)
                clients.append((client, isTold, [:]))
            }
            func segment(_ openChance: Int, as open: String) -> String {
                test.world.random.chance(openChance)
                    ? open : test.world.random.pick(["a", "b", "c"])
            }
            for _ in 0..<120 {
                let number = test.world.random.below(clients.count)
                let isWild = test.world.random.chance(400)
                let count = test.world.random.within(2...4)
                let rest = (1..<count).map { _ in segment(isWild ? 400 : 0, as: "") }
                let isOpenFirst = isWild && test.world.random.chance(200)
                let first = isOpenFirst ? "" : test.world.random.pick(["k", "m"])
                let name = (isWild ? "?" : "") + ([first] + rest).joined(separator: ".")
                let tail = test.world.random.pick(["-", "~1", "~22"])
                if clients[number].held[name]?.contains(tail) == true {
                    clients[number].held[name]?.remove(tail)
                    test.say(clients[number].client, "unsub \(name) \(tail)")
                } else {
                    clients[number].held[name, default: []].insert(tail)
                    test.say(clients[number].client, "sub \(name) \(tail)")
                }
                let body = test.text(test.world.random.pick([5, 200, 3000]))
                let coverage =
                    ([test.world.random.pick(["k", "m"])]
                    + (1..<test.world.random.within(2...4)).map { _ in segment(500, as: "*") })
                    .joined(separator: ".")
                test.world.state.publish(cover(coverage, body))
                test.exchangeAll()
                for (client, isTold, held) in clients {
                    var expected: [String] = []
                    for (name, tails) in held where reaches(coverage, name) {
                        let room = isTold ? (name.hasPrefix("?") ? coverage : name) + "=" : ""
                        expected += tails.map { room + body + ($0 == "-" ? "" : $0) }
                    }
                    let isRight = client.takeMessages().sorted() == expected.sorted()
                    #expect(isRight, "seed \(seed), \(coverage) to \(held)")
                }
            }
            test.end()
            #expect(test.world.violations == [])
        }
    }

    /// Whether a publication reaches a pattern, by its definition.
    private func reaches(_ coverage: String, _ name: String) -> Bool {
        let cover = SpokenDialect.segments(coverage, openIf: "*")
        let isWild = name.hasPrefix("?")
        // A wildcard that leaves the family open is compared with the literal room.
        if isWild, name.hasPrefix("?.") {
            let own = SpokenDialect.segments(name.dropFirst(), openIf: "")
            let literal = coverage.split(separator: ".").map { Array($0.utf8) }
            return own.count == literal.count
                && zip(own, literal).allSatisfy { $0 == nil || $0 == $1 }
        }
        let own =
            isWild
            ? SpokenDialect.segments(name.dropFirst(), openIf: "")
            : SpokenDialect.segments(name, openIf: "none")
        return own.count == cover.count
            && zip(own, cover).allSatisfy { $0 == nil || $1 == nil || $0 == $1 }
    }

    @Test("siblings, and rooms of one publication, share one compression where rooms do not matter")
    func siblings() {
        let test = SpokenWorld(seed: 3, cores: 2)
        var clients: [SimulatedClient] = []
        for number in 0..<8 {
            let client = test.open(core: number % 2, offer: DeflateOffer())
            test.say(client, "sub k.\(number) ~\(number)", "sub m.\(number) ~m")
            clients.append(client)
        }
        for size in [300, 5000] {
            let before = test.count(of: .compressions)
            let body = test.text(size)
            let first = cover("k.*", body)
            test.world.state.publish(first)
            test.world.state.publish(cover("m.*", body, sibling: first))
            test.world.state.publish(cover("m.3", body, sibling: first))
            test.exchangeAll()
            for (number, client) in clients.enumerated() {
                let again = number == 3 ? [body + "~m"] : []
                let expected = [body + "~\(number)", body + "~m"] + again
                #expect(client.takeMessages() == expected)
            }
            #expect(test.count(of: .compressions) - before == 1)
        }
        test.end()
        #expect(test.world.violations == [])
    }

    @Test("where rooms matter each is told its own, and all share one compression of the payload")
    func narrowed() {
        let test = SpokenWorld(seed: 4, cores: 2)
        let clients = (0..<4).map {
            test.open(
                SpokenWorld.rooms, core: $0 % 2,
                offer: DeflateOffer(serverWindowBits: 9 + $0 / 2))
        }
        for client in clients { test.say(client, "sub k.a -", "sub k.b ~t", "sub m.a ~t") }
        let before = test.count(of: .compressions)
        let body = test.text(4000)
        let first = cover("k.*", body)
        test.world.state.publish(first)
        test.world.state.publish(cover("m.*", body, sibling: first))
        test.exchangeAll()
        for client in clients {
            let heard = client.takeMessages()
            #expect(heard.sorted() == ["k.a=\(body)", "k.b=\(body)~t", "m.a=\(body)~t"])
        }
        #expect(test.count(of: .compressions) - before == 1)
        test.end()
        #expect(test.world.violations == [])
    }
}

extension CoverageTests {
    @Test("streams are reached like WebSockets")
    func streams() {
        let test = StreamWorld(seed: 5, cores: 2)
        let clients = ["k.a", "k.b", "m.a", "k.a"].enumerated().map { number, topic in
            test.subscriber(of: topic, core: number % 2)
        }
        test.world.state.publish(cover("k.*", "7"))
        test.exchangeAll()
        for (number, client) in clients.enumerated() {
            let heard = client.takeMessages()
            let isRight =
                number == 2 ? heard.isEmpty : heard.count == 1 && heard[0].hasSuffix("[7]]")
            #expect(isRight, "\(number): \(heard)")
        }
        test.end()
        #expect(test.world.violations == [])
    }
}

/// What receipts have said. Used from one thread.
private final class Receipts: @unchecked Sendable {
    private(set) var counts: [Int] = []

    func add(_ count: Int) { counts.append(count) }
}
