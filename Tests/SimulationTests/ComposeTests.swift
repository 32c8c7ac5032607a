// What is composed around one compression of a payload, read by zlib as its receivers have it: with
// their own windows, with and without what came before.

import Bytes
import Codecs
import DialectKit
import Engine
import Hub
import Rooms
import Telemetry
import Testing
import WAMPRouter
import WebSocket

@Suite("composed messages") struct ComposeTests {
    /// Who listens, and what a publication of a text is to them.
    private typealias Reader = (client: SimulatedClient, messages: (String) -> [String])

    /// Clients of four protocols on a core, in every window; WAMP's in the largest.
    private func gather(_ test: SpokenWorld, core: Int) -> [Reader] {
        var readers: [Reader] = []
        for bits in 9...15 {
            let offer = DeflateOffer(serverWindowBits: bits)
            func open(_ path: String, keepsContext: Bool) -> SimulatedClient {
                let client = test.open(
                    path, core: core, offer: offer, keepsServerContext: keepsContext)
                client.inflatedPerStep = 128
                return client
            }
            let spoken = open(SpokenWorld.spoken, keepsContext: bits % 2 == core)
            test.say(spoken, "sub k.b ~\(bits)", "sub k.b -")
            readers.append((spoken, { [$0 + "~\(bits)", $0] }))
            let stream = open(SpokenWorld.stream, keepsContext: bits % 2 != core)
            test.say(stream, Call.subscribe("k", "b"))
            readers.append((stream, { [Call.event("k", "b", data: $0)] }))
            let wrapped = open(SpokenWorld.wrapped, keepsContext: true)
            test.say(wrapped, "0", "1 ~", "2")
            readers.append(
                (
                    wrapped,
                    { text in
                        let said = Self.envelopes.map { $0.message(text) }
                        return [said[0], said[1] + "~", said[2]]
                    }
                ))
        }
        let wamp = test.join(core: core, offersDeflate: true)
        test.say(wamp, #"[32,1,{},"k.b"]"#)
        readers.append((wamp, { ["{},[\($0)]]"] }))
        return readers
    }

    private static let envelopes = [(1, 0), (0, 1), (40, 300)].map {
        WrappedDialect.Envelope(head: $0.0, tail: $0.1)
    }

    /// Of what WAMP says only what depends on the payload.
    private func heard(_ reader: Reader) -> [String] {
        reader.client.takeMessages().map { message in
            message.hasPrefix("[36,")
                ? message.firstRange(of: "{},[").map { String(message[$0.lowerBound...]) }
                    ?? message
                : message
        }.sorted()
    }

    @Test(
        "everybody reads what was compressed once, whatever their window, context and envelope",
        arguments: 1...2)
    func everybody(cores: Int) {
        let test = SpokenWorld(
            seed: UInt64(cores), cores: cores, sendQueueSize: 1 << 24, wrapped: Self.envelopes)
        let readers = (0..<cores).flatMap { gather(test, core: $0) }
        for size in [0, 63, 64, 511, 512, 513, 4000, 32_767, 32_768, 32_769, 63, 700] {
            let before = test.count(of: .compressions) + test.count(of: .compressionsSkipped)
            let text = test.text(size)
            test.publish("k.b", text)
            test.exchangeAll()
            for (number, reader) in readers.enumerated() {
                let isRight = heard(reader) == reader.messages(text).sorted()
                #expect(isRight, "payload of \(size), reader \(number)")
            }
            let after = test.count(of: .compressions) + test.count(of: .compressionsSkipped)
            #expect(after - before == (size < 64 ? 0 : 1), "payload of \(size)")
        }
        test.end()
        #expect(test.world.violations == [])
    }

    @Test("heads and tails may have any size, also more than one stored block holds")
    func ends() {
        let sizes = [0, 1, 65_534, 65_535, 65_536, 131_071]
        let envelopes = sizes.flatMap { head in
            sizes.map { WrappedDialect.Envelope(head: head, tail: $0) }
        }
        let test = SpokenWorld(seed: 8, cores: 2, sendQueueSize: 1 << 25, wrapped: envelopes)
        let clients = (0..<4).map { number in
            let offer = DeflateOffer(serverWindowBits: 9 + 2 * number)
            let client = test.open(
                SpokenWorld.wrapped, core: number % 2, offer: offer,
                keepsServerContext: number > 1)
            client.inflatedPerStep = 4096
            for place in envelopes.indices {
                client.write(number % 2 == 0 ? "\(place)" : "\(place) ~\(place)")
            }
            test.exchange(client)
            return client
        }
        for size in [400, 500] {
            let before = test.count(of: .compressions)
            let text = test.text(size)
            test.publish("k.b", text)
            test.exchangeAll()
            for (number, client) in clients.enumerated() {
                let expected = envelopes.enumerated().map { place, envelope in
                    envelope.message(text) + (number % 2 == 0 ? "" : "~\(place)")
                }
                let isRight = client.takeMessages().sorted() == expected.sorted()
                #expect(isRight, "client \(number)")
            }
            #expect(test.count(of: .compressions) - before == 1)
        }
        test.end()
        #expect(test.world.violations == [])
    }

    @Test("a dialect that is wrong about its payload does no harm")
    func wrongHints() {
        let hints: [@Sendable (Range<Int>) -> Range<Int>] = [
            { $0 }, { _ in 0..<0 }, { _ in Int.max - 1..<Int.max }, { _ in Int.min..<Int.max },
            { _ in -9..<70 }, { $0.lowerBound - 3..<$0.upperBound - 3 },
            { $0.lowerBound + 1..<$0.upperBound - 1 }, { $0.lowerBound - 1..<$0.upperBound + 1 },
            { $0.lowerBound - 1..<$0.upperBound }, { $0.lowerBound..<$0.upperBound + 100 },
            { $0.upperBound..<$0.upperBound }, { _ in Int.min..<Int.min },
        ]
        let envelopes = hints.map { WrappedDialect.Envelope(head: 20, tail: 10, hint: $0) }
        let test = SpokenWorld(seed: 9, cores: 2, wrapped: envelopes)
        let clients = (0..<4).map { number in
            let client = test.open(
                SpokenWorld.wrapped, core: number % 2,
                offer: DeflateOffer(serverWindowBits: 9 + 2 * number), keepsServerContext: true)
            // Each begins with another.
            for step in envelopes.indices {
                client.write("\((step + 5 * number) % envelopes.count)")
            }
            test.exchange(client)
            return client
        }
        for size in [0, 30, 64, 90, 700, 5000] {
            let text = test.text(size)
            test.publish("k.b", text)
            test.exchangeAll()
            let expected = envelopes.map { $0.message(text) }
            for client in clients {
                #expect(client.takeMessages().sorted() == expected.sorted())
            }
        }
        test.end()
        #expect(test.world.violations == [])
    }

    @Test("what is told in one form is deflated as a whole, which is shorter")
    func alone() {
        var sizes: [Int] = []
        for isMixed in [false, true] {
            let test = SpokenWorld(seed: 3)
            let client = test.open(SpokenWorld.stream, offer: DeflateOffer())
            test.say(client, Call.subscribe("k", "b"))
            let other = test.open(offer: DeflateOffer())
            if isMixed { test.say(other, "sub k.b -") }
            let before = client.socket.sentCount
            let count = test.count(of: .compressions)
            test.publish("k.b", "\"\(String(repeating: "alpha channel ", count: 40))\"")
            test.exchangeAll()
            sizes.append(client.socket.sentCount - before)
            #expect(test.count(of: .compressions) - count == 1)
            test.end()
            #expect(test.world.violations == [])
        }
        #expect(sizes[0] < sizes[1])
        #expect(sizes[1] < 300)
    }

    @Test("protocols on cores of their own cost two compressions, however many they are")
    func apart() {
        let test = SpokenWorld(seed: 4, cores: 4, wrapped: [WrappedDialect.Envelope(head: 9)])
        let clients = [
            test.open(SpokenWorld.stream, core: 0, offer: DeflateOffer()),
            test.open(core: 1, offer: DeflateOffer()),
            test.open(SpokenWorld.wrapped, core: 2, offer: DeflateOffer()),
            test.join(core: 3, offersDeflate: true),
        ]
        let words = [Call.subscribe("k", "b"), "sub k.b ~", "0", #"[32,1,{},"k.b"]"#]
        for (client, word) in zip(clients, words) { test.say(client, word) }
        let before = test.count(of: .compressions)
        let text = "\"\(test.text(700))\""
        test.publish("k.b", text)
        test.exchangeAll()
        for client in clients {
            let heard = client.takeMessages()
            #expect(heard.count == 1 && heard[0].contains(text))
        }
        #expect(test.count(of: .compressions) - before == 2)
        test.end()
        #expect(test.world.violations == [])
    }

    @Test("arguments are shared with those who see a value, and a binary form has its own")
    func arguments() throws {
        for hasBinary in [false, true] {
            let test = SpokenWorld(seed: 5)
            let stream = test.open(SpokenWorld.stream, offer: DeflateOffer())
            test.say(stream, Call.subscribe("k", "b"))
            let wamp = test.join(offersDeflate: true)
            test.say(wamp, #"[32,1,{},"k.b"]"#)
            var binary: SimulatedClient?
            if hasBinary {
                let client = test.router.connect(.messagePack, core: 0, offersDeflate: true)
                for text in [#"[1,"realm1",{"roles":{"subscriber":{}}}]"#, #"[32,1,{},"k.b"]"#] {
                    client.write(.binary, try converted(Array(text.utf8), from: .json))
                    test.exchange(client)
                }
                #expect(client.takeArrivals().count == 3)
                binary = client
            }
            let word = test.text(300)
            for (list, map, value) in [
                (#"["\#(word)"]"#, "", #""\#(word)""#),
                (#"["\#(word)",1,[2]]"#, "", #"["\#(word)",1,[2]]"#),
                ("[]", #"{"a":"\#(word)"}"#, #"{"a":"\#(word)"}"#),
                (#"[ "\#(word)" ]"#, "", #""\#(word)""#),
            ] {
                let before = test.count(of: .compressions)
                let size = list.utf8.count
                let octets = Array((list + map).utf8)
                let arguments = Arguments(
                    octets: octets, serialization: .json, arguments: Extent(0..<size),
                    keywords: map.isEmpty ? .absent : Extent(size..<octets.count))
                test.world.state.publish(
                    Publication(
                        realm: .standard, room: SpokenDialect.room("k.b"),
                        payload: .arguments(arguments)))
                test.exchangeAll()
                if let binary { test.exchange(binary) }
                #expect(stream.takeMessages() == [Call.event("k", "b", data: value)])
                let end = ",{},\(list)\(map.isEmpty ? "" : ",")\(map)]"
                let heard = wamp.takeMessages()
                #expect(heard.count == 1 && heard[0].hasSuffix(end))
                if let binary {
                    guard case .binary(let octets) = binary.takeArrivals().first else {
                        Issue.record("no event")
                        continue
                    }
                    let text = String(
                        decoding: try converted(octets, from: .messagePack), as: UTF8.self)
                    #expect(text.contains(word))
                }
                let count = test.count(of: .compressions) - before
                #expect(count == (hasBinary ? 2 : 1), "\(list) \(map)")
            }
            binary?.socket.reset()
            test.end()
            #expect(test.world.violations == [])
        }
    }

    /// JSON as MessagePack, or the other way round.
    private func converted(
        _ octets: [UInt8], from source: Serialization
    ) throws -> [UInt8] {
        var buffer = OctetBuffer()
        if source == .json {
            var writer = MessagePackWriter()
            try unsafe writer.append(
                transcoding: octets.span.bytes, from: source, into: &buffer)
        } else {
            var writer = JSONWriter()
            try unsafe writer.append(
                transcoding: octets.span.bytes, from: source, into: &buffer)
        }
        return buffer.octets.array
    }
}
