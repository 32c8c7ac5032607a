// One room under five names: a publication reaches exactly those who have a name for its room,
// however strange it is, and under no other name.

import DialectKit
import Engine
import Hub
import Rooms
import Testing

@Suite struct HubRoomTests {
    @Test("whoever can name a room hears what is published there, and nobody else")
    func names() throws {
        for seed in 1...16 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var options = HubOptions()
            while options.rooms.count < 4 {
                let room = random.chance(500) ? random.anyRoom() : random.commonRoom()
                // Names of the router's own events are not for others, and no text is no template.
                guard !options.rooms.contains(room), !room.text.isEmpty,
                    !room[segment: 0].elementsEqual("wamp".utf8)
                else { continue }
                options.rooms.append(room)
            }
            let hub = try HubWorld(seed: seed, options)
            var listeners: [(client: HubClient, room: Room)] = []
            for (place, room) in options.rooms.enumerated() {
                for tongue in Tongue.allCases {
                    let client = hub.join(tongue, core: random.below(2), hearing: place)
                    let isIn = client.subscribe(to: room)
                    #expect(
                        isIn == Self.isNamable(room, tongue),
                        "seed \(seed): \(tongue) in \(room.text)")
                    if isIn { listeners.append((client, room)) }
                }
            }
            let speakers = [nil, hub.join(.openAPI), hub.join(.json), hub.join(.cbor, core: 1)]
            for room in options.rooms {
                for speaker in speakers {
                    if let speaker {
                        let isSaid = speaker.publish(room, "[1]")
                        #expect(isSaid == Self.isNamable(room, speaker.tongue))
                        guard isSaid else { continue }
                    } else {
                        hub.publish(room, "[1]")
                    }
                    for (client, own) in listeners {
                        let heard = client.heard().map { withoutIDs($0, client.tongue) }
                        let expected = event(
                            .value(.array([.number("1")])), in: room, to: client.tongue, options)
                        #expect(
                            heard == (own == room ? [expected] : []),
                            "seed \(seed): \(room.text) to \(client.tongue) in \(own.text)")
                    }
                }
            }
            #expect(hub.droppedCount == 0)
            hub.finish()
            #expect(hub.world.violations == [], "seed \(seed)")
        }
    }

    private static func isNamable(_ room: Room, _ tongue: Tongue) -> Bool {
        switch tongue {
        case .openAPI: ChannelName(room) != nil
        case .highTemplar: TemplarRoom(room) != nil
        case .rohrpost: room.plainName != nil
        case .shampoo: true
        case .json, .messagePack, .cbor: room.uri != nil
        }
    }

    @Test("a room from elsewhere is read as a channel and as a channel with an event")
    func channels() throws {
        let hub = try HubWorld()
        let room = Room(["a", "b", "c"])
        let clients = [("a.b.c", "*"), ("a.b", "c"), ("a.b", "*"), ("a.b", "?")].map { name in
            let client = hub.join(.openAPI)
            #expect(client.subscribe(channel: name.0, event: name.1))
            return client
        }
        let strangers = [("a", "*"), ("a", "b.c"), ("a.b", "d"), ("a.b.c", "?*")].map { name in
            let client = hub.join(.openAPI, core: 1)
            #expect(client.subscribe(channel: name.0, event: name.1))
            return client
        }
        #expect(hub.join(.json).publish(room, "1"))
        for (place, client) in clients.enumerated() {
            let (channel, event) = place == 0 ? ("a.b.c", "") : ("a.b", "c")
            #expect(
                client.heard() == [
                    .members([
                        "channel": .text(channel), "event": .text(event), "data": .number("1"),
                    ])
                ])
        }
        for stranger in strangers { #expect(stranger.heard().isEmpty) }
        // Among themselves channel and event are compared as they are.
        let speaker = hub.join(.openAPI)
        #expect(speaker.publish(room, "[]"))
        #expect(clients.map { $0.heard().count } == [0, 1, 1, 1])
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("one connection with two readings of a room gets an event of another dialect once")
    func once() throws {
        let hub = try HubWorld()
        let client = hub.join(.openAPI)
        for (channel, event) in [("a.b", "*"), ("a", "b"), ("a", "*")] {
            #expect(client.subscribe(channel: channel, event: event))
        }
        let router = hub.join(.json, core: 1)
        for match in ["exact", "prefix", "wildcard"] {
            #expect(router.subscribe(uri: "a.b", match: match))
        }
        hub.publish(Room(["a", "b"]), "1")
        #expect(client.heard().count == 1)
        // WAMP promises one for each subscription.
        #expect(router.heard().count == 3)
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("WAMP patterns hear other dialects and are told the topic")
    func patterns() throws {
        var options = HubOptions()
        options.allowedRooms = "[]"
        let hub = try HubWorld(options)
        let (prefix, wildcard) = (hub.join(.cbor), hub.join(.messagePack, core: 1))
        #expect(prefix.subscribe(uri: "target.", match: "prefix"))
        #expect(wildcard.subscribe(uri: "target..x", match: "wildcard"))
        let topics: [(Room, inPrefix: Bool, inWildcard: Bool)] = [
            (Room(["target", "chat"]), true, false), (Room(["target", "chat", "x"]), true, true),
            (Room(["target", "", "x"]), false, false),
            (Room(["target", "a b", "x"]), false, false),
            (Room(["target", "a.b", "x"]), false, false), (Room(["targets"]), false, false),
        ]
        for (room, inPrefix, inWildcard) in topics {
            let before = hub.droppedCount
            hub.publish(room, "1")
            var missed = 0
            for (client, isIn) in [(prefix, inPrefix), (wildcard, inWildcard)] {
                let heard = client.heard()
                #expect(heard.count == (isIn ? 1 : 0), "\(room.text)")
                for message in heard {
                    #expect(message.items?[3]["topic"] == .text(room.plainName!))
                }
            }
            // What matches and has no URI is skipped, and counted.
            if room.uri == nil { missed = room == Room(["targets"]) ? 0 : 2 }
            #expect(hub.droppedCount - before == missed, "\(room.text)")
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("a trigger with open values reaches the rooms of every dialect that it covers")
    func covering() throws {
        var options = HubOptions()
        options.rooms = [
            Room(["customer&target", "1", "chat"]), Room(["customer&target", "2", "chat"]),
            Room(["customer&target", "2", "news"]), Room(["target", "chat"]),
        ]
        let hub = try HubWorld(options)
        var listeners: [(client: HubClient, place: Int)] = []
        for (place, room) in options.rooms.enumerated() {
            for tongue in Tongue.allCases {
                let client = hub.join(tongue, core: place % 2, hearing: place)
                #expect(client.subscribe(to: room))
                listeners.append((client, place))
            }
        }
        let prefixes = ["customer&target.", "customer&target.1"].map { uri in
            let client = hub.join(.json)
            #expect(client.subscribe(uri: uri, match: "prefix"))
            return client
        }
        let wildcard = hub.join(.json, core: 1)
        #expect(wildcard.subscribe(uri: "customer&target.2.", match: "wildcard"))
        let both = hub.join(.openAPI)
        for customer in 1...2 {
            #expect(both.subscribe(channel: "customer&target.\(customer)", event: "c*"))
        }
        #expect(both.subscribe(channel: "customer&target.2.chat", event: "*"))
        try hub.trigger([#"{"target":"chat","customer":"*"}"#], "[true]")
        #expect(both.heard().count == 1)
        #expect(prefixes.map { $0.heard().count } == [1, 0])
        #expect(wildcard.heard().count == 1)
        for (client, place) in listeners {
            let heard = client.heard().map { withoutIDs($0, client.tongue) }
            let expected = event(
                .value(.array([.bool(true)])), in: options.rooms[place], to: client.tongue, options)
            #expect(heard == (place < 2 ? [expected] : []), "\(client.tongue) in \(place)")
        }
        // What is open in the last place is no event of anybody's but itself.
        try hub.trigger([#"{"target":"*","customer":"2"}"#], "2")
        #expect(both.heard().map { $0["event"] } == [.text("")])
        #expect(both.subscribe(channel: "customer&target.2", event: "*"))
        try hub.trigger([#"{"target":"*","customer":"*"}"#], "3")
        let told = both.heard().map { [$0["channel"], $0["event"]] }
        #expect(
            told == [[.text("customer&target.2"), .text("*")]]
                || told == [[.text("customer&target.2.chat"), .text("")]])
        hub.finish()
        #expect(hub.world.violations == [])
    }
}
