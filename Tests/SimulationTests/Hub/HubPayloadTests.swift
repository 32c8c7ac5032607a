// Publications between all dialects: whatever is said in one is heard once in every other, in its
// own envelope and by the table of One-Hub.md.

import Codecs
import DialectKit
import Engine
import Hub
import Rohrpost
import Rooms
import Testing

@Suite struct HubPayloadTests {
    /// Who says something: a client, or one of the inputs beside the clients.
    private enum Source: CaseIterable {
        case openAPI, json, messagePack, cbor, engine, trigger, groupMessage, modelChange

        var tongue: Tongue? {
            switch self {
            case .openAPI: .openAPI
            case .json: .json
            case .messagePack: .messagePack
            case .cbor: .cbor
            default: nil
            }
        }
    }

    @Test("what is published in one dialect is heard in every other, once, by the table")
    func everyPair() throws {
        for seed in 1...16 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var options = HubOptions()
            options.rooms = [random.commonRoom(), random.commonRoom()]
            if options.rooms[0] == options.rooms[1] { options.rooms.removeLast() }
            options.pushKey = random.pick(["data", "message", "ü\""])
            if random.chance(300) { options.pushEvent = "its \"own\"" }
            let hub = try HubWorld(seed: seed, options)
            var listeners: [(client: HubClient, room: Room)] = []
            for (place, room) in options.rooms.enumerated() {
                for tongue in Tongue.allCases {
                    let client = hub.join(
                        tongue, core: random.below(2), hearing: place, deflate: random.chance(500))
                    #expect(client.subscribe(to: room), "seed \(seed): \(tongue) in \(room.text)")
                    listeners.append((client, room))
                }
            }
            let speakers = Dictionary(
                uniqueKeysWithValues: [Tongue.openAPI, .json, .messagePack, .cbor].map {
                    ($0, hub.join($0, core: random.below(2)))
                })
            for source in Source.allCases {
                for _ in 0..<4 {
                    let place = random.below(options.rooms.count)
                    let room = options.rooms[place]
                    let comment = "seed \(seed): \(source) in \(room.text)"
                    let (said, word) = try say(source, room, hub, speakers, &random)
                    for (client, own) in listeners {
                        let heard = client.heard().map { withoutIDs($0, client.tongue) }
                        var expected: [JSONTree] = []
                        if own == room {
                            expected = [event(said, in: room, to: client.tongue, options)]
                            if client.tongue == .rohrpost, let word { expected = [JSONTree(word)] }
                        }
                        #expect(heard == expected, "\(comment) to \(client.tongue)")
                    }
                }
            }
            for speaker in speakers.values { #expect(speaker.heard().isEmpty) }
            #expect(hub.droppedCount == 0)
            hub.finish()
            #expect(hub.world.violations == [], "seed \(seed)")
        }
    }

    /// Says something.
    ///
    /// - Returns: What it is, and what rohrpost's clients get word for word.
    private func say(
        _ source: Source, _ room: Room, _ hub: HubWorld, _ speakers: [Tongue: HubClient],
        _ random: inout SeededRandom
    ) throws -> (Said, word: String?) {
        switch source {
        case .openAPI:
            // Data is a list, an object, a text or null there.
            let tree = random.chance(700) ? random.object() : .array([random.tree()])
            #expect(speakers[.openAPI]!.publish(room, random.text(tree)))
            return (.value(tree), nil)
        case .json, .messagePack, .cbor:
            let list: JSONTree = .array((0..<random.below(4)).map { _ in random.tree() })
            let map: JSONTree = random.object()
            let said: Said =
                switch random.below(3) {
                case 0: .arguments(nil, nil)
                case 1: .arguments(list, nil)
                default: .arguments(list, map)
                }
            var text = ""
            if case .arguments(let list?, let map) = said {
                text = random.text(list)
                if let map { text += "," + random.text(map) }
            }
            #expect(speakers[source.tongue!]!.publish(room, arguments: text))
            return (said.said(in: source.tongue!.serialization!), nil)
        case .engine:
            let tree = random.tree()
            hub.publish(room, random.text(tree))
            return (.value(tree), nil)
        case .trigger:
            let tree = random.tree()
            try hub.trigger([TemplarRoom(room)!.text], random.text(tree))
            return (.value(tree), nil)
        case .groupMessage:
            let tree = random.object()
            let word =
                random.chance(500) ? random.text(tree) : random.pick(["7", "no \"JSON\"", "{"])
            let isText = !word.hasPrefix("{") || word == "{"
            let message = isText ? quoted(word) : word
            let report = Array("{\"group\":\(quoted(room.plainName!)),\"message\":\(message)}".utf8)
            let parsed = try unsafe GroupMessage(parsing: report.span.bytes)
            hub.publish(parsed.publication(in: .standard, dialect: HubWorld.rohrpost))
            guard isText else { return (.value(tree), word) }
            // Others get the JSON that a text is, or the text.
            return (.value(word == "7" ? .number(word) : .text(word)), word)
        case .modelChange:
            let tree = random.object()
            let change = random.pick(["create", "update", "delete"])
            let report =
                "{\"class\":\"Order\",\"pk\":7,\"change\":\"\(change)\",\"object\":"
                + random.text(tree) + ",\"group\":\(quoted(room.plainName!))}"
            let octets = Array(report.utf8)
            let model = try unsafe ModelChange(parsing: octets.span.bytes)
            hub.publish(model.publication(in: .standard))
            return (.value(.members(["type": .text(change), "object": tree])), nil)
        }
    }

    @Test("a payload that stays JSON keeps its octets: digits, escapes and space")
    func verbatim() throws {
        var options = HubOptions()
        options.rooms = [Room(["target", "chat"])]
        let hub = try HubWorld(options)
        let listeners = [Tongue.openAPI, .highTemplar, .rohrpost, .shampoo, .json].map {
            hub.join($0, core: 1, hearing: 0)
        }
        for listener in listeners { #expect(listener.subscribe(to: options.rooms[0])) }
        let text =
            #"{ "n" : 1.50e+2, "\u0061\/": [ -0, 123456789012345678901234567890 ], "":"\ud83d\udd14" }"#
        hub.publish(options.rooms[0], text)
        for listener in listeners {
            let heard = listener.heardTexts()
            #expect(heard.count == 1 && heard[0].contains(text), "\(listener.tongue): \(heard)")
        }
        let speaker = hub.join(.json)
        #expect(speaker.publish(options.rooms[0], text))
        for listener in listeners {
            let heard = listener.heardTexts()
            #expect(heard.count == 1 && heard[0].contains(text), "\(listener.tongue): \(heard)")
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("octets of MessagePack and CBOR are WAMP's strings in JSON, and octets again")
    func octets() throws {
        var options = HubOptions()
        options.rooms = [Room(["target", "chat"])]
        let hub = try HubWorld(options)
        let listeners = Tongue.allCases.map { hub.join($0, core: 1, hearing: 0) }
        for listener in listeners { #expect(listener.subscribe(to: options.rooms[0])) }
        // `wire` makes octets of these strings for the binary forms, as a client would send them.
        let value = JSONTree(#"["\u0000","\u0000AQID","\u0000/+8=","plain"]"#)
        for tongue in Tongue.wamp {
            #expect(hub.join(tongue).publish(options.rooms[0], "\(value)"))
            for listener in listeners {
                let heard = listener.heard().map { withoutIDs($0, listener.tongue) }
                let expected = event(
                    .value(value), in: options.rooms[0], to: listener.tongue, options)
                #expect(heard == [expected], "\(tongue) to \(listener.tongue)")
            }
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }
}
