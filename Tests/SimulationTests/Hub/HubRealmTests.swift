// Realms and permissions over all dialects: what is said in one realm is heard in no other, and a
// role holds for every dialect alike.

import DialectKit
import Engine
import HighTemplar
import Hub
import Rooms
import Testing

@Suite struct HubRealmTests {
    @Test("nothing crosses from one realm into another: no event, no trigger, no call")
    func realms() throws {
        let calls = [HeldCalls(), HeldCalls()]
        var options = HubOptions()
        let room = Room(["target", "chat"])
        options.rooms = [room]
        options.methods = ["com.swift", "com.wamp"]
        options.handlers = zip(calls, HubWorld.realms).map {
            $0.registration("com.swift", in: $1)
        }
        let hub = try HubWorld(options)
        let listeners = (1...2).map { realm in
            Tongue.allCases.map { tongue in
                let client = hub.join(tongue, core: realm % 2, realm: realm, hearing: 0)
                #expect(client.subscribe(to: room), "\(tongue)")
                return client
            }
        }
        func expectHeard(in realm: Int, _ comment: String) {
            for (place, clients) in listeners.enumerated() {
                for client in clients {
                    let count = client.heard().count
                    #expect(count == (place + 1 == realm ? 1 : 0), "\(comment) to \(client.tongue)")
                }
            }
        }
        for realm in 1...2 {
            for tongue in [Tongue.openAPI] + Tongue.wamp {
                #expect(hub.join(tongue, realm: realm).publish(room, "[]"))
                expectHeard(in: realm, "\(tongue) in \(realm)")
            }
            hub.publish(room, "1", in: HubWorld.realms[realm - 1])
            expectHeard(in: realm, "engine in \(realm)")
        }
        try hub.trigger([#"{"target":"*"}"#], "1")
        for client in listeners[1] { #expect(client.heard().isEmpty, "\(client.tongue)") }
        // A callee of the first realm is none of the second, a handler is its own realm's.
        let callee = hub.join(.json)
        #expect(callee.register("com.wamp"))
        for realm in 1...2 {
            for tongue in [Tongue.openAPI, .rohrpost, .shampoo] + Tongue.wamp {
                let caller = hub.join(tongue, realm: realm)
                caller.call("com.wamp", "{}")
                let invocation = callee.takeInvocation()
                #expect((invocation != nil) == (realm == 1), "\(tongue)")
                if let invocation { callee.yield(invocation.id, "[{}]") }
                #expect(caller.heard().count == 1)
                caller.call("com.swift", "{}")
                calls[realm - 1].take()?.answer(.result(Arguments(keywords: Array("{}".utf8))))
                #expect(calls[0].take() == nil && calls[1].take() == nil)
                #expect(caller.heard().count == 1, "\(tongue) in \(realm)")
            }
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    /// What the role of these tests may do.
    private static let rules: [Permissions.Rule] = [
        Permissions.Rule(.prefix(Array("news.".utf8)), allows: .subscribe),
        Permissions.Rule(.exact(Room(["news", "secret"])), allows: []),
        Permissions.Rule(.exact(Room(["chat", "1"])), allows: [.subscribe, .publish]),
        Permissions.Rule(.wildcard([Array("user".utf8), nil, Array("in".utf8)]), allows: .all),
        Permissions.Rule(.exact(Room(["com", "allowed"])), allows: .call),
    ]

    private func world(_ calls: HeldCalls, _ rooms: [Room] = []) throws -> HubWorld {
        var options = HubOptions()
        options.rooms = rooms
        options.methods = ["com.allowed", "com.denied"]
        options.handlers = [
            calls.registration("com.allowed"), calls.registration("com.denied"),
        ]
        options.permissions = Permissions(roles: [
            Permissions.Role(name: "anonymous", rules: Self.rules)
        ])
        options.access = Access(rules: Self.rules)
        return try HubWorld(options)
    }

    @Test("a role may subscribe, publish and call alike in every dialect")
    func roles() throws {
        let rooms: [(room: Room, subscribes: Bool, publishes: Bool)] = [
            (Room(["news", "a"]), true, false), (Room(["news", "secret"]), false, false),
            (Room(["newspaper", "a"]), false, false), (Room(["chat", "1"]), true, true),
            (Room(["chat", "2"]), false, false), (Room(["user", "7", "in"]), true, true),
            (Room(["user", "7", "out"]), false, false),
        ]
        let calls = HeldCalls()
        let hub = try world(calls, rooms.map(\.room))
        for (place, (room, subscribes, publishes)) in rooms.enumerated() {
            for tongue in [Tongue.openAPI, .rohrpost] + Tongue.wamp {
                let client = hub.join(tongue)
                #expect(client.subscribe(to: room) == subscribes, "\(tongue) to \(room.text)")
                guard tongue != .rohrpost else { continue }
                #expect(
                    client.publish(room, "[]") == publishes, "\(tongue) in \(room.text)")
            }
            // Shampoo's endpoint is in its room or there is no connection.
            let client = hub.join(.shampoo, hearing: place)
            #expect(client.client.isOpen == subscribes, "\(room.text)")
            if !subscribes { #expect(client.client.refusal == 403) }
        }
        for tongue in [Tongue.openAPI, .rohrpost, .shampoo] + Tongue.wamp {
            let caller = hub.join(tongue)
            caller.call("com.allowed", "{}")
            #expect(calls.take() != nil, "\(tongue)")
            let other = hub.join(tongue)
            other.call("com.denied", "{}")
            #expect(calls.take() == nil, "\(tongue)")
            let heard = other.heardTexts()
            #expect(heard.count == 1, "\(tongue)")
            let word =
                switch tongue {
                case .openAPI: #""method":"not authorized""#
                case .rohrpost: "ACCESS_DENIED"
                case .shampoo: #""status":403,"message":"not authorized""#
                default: "wamp.error.not_authorized"
                }
            #expect(heard.first?.contains(word) == true, "\(tongue): \(heard)")
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("a pattern is allowed only inside a grant, and not where a part of it is denied")
    func containment() throws {
        let hub = try world(HeldCalls())
        for tongue in Tongue.wamp {
            let client = hub.join(tongue, core: 1)
            let patterns: [(uri: String, match: String, isAllowed: Bool)] = [
                ("news.a.", "prefix", true), ("news.", "prefix", false), ("", "prefix", false),
                ("chat.", "prefix", false), ("news..x", "wildcard", true),
                ("news.", "wildcard", false), ("user..in", "wildcard", true),
                ("user..", "wildcard", false), ("user.7.in", "wildcard", true),
                ("..in", "wildcard", false), ("news.s", "prefix", false),
                ("news.t", "prefix", true),
            ]
            for (uri, match, isAllowed) in patterns {
                #expect(
                    client.subscribe(uri: uri, match: match) == isAllowed, "\(match) \(uri)")
            }
        }
        let client = hub.join(.openAPI)
        let globs: [(channel: String, event: String, isAllowed: Bool)] = [
            ("news.a", "*", true), ("news", "*", false), ("news", "a*", true),
            ("news", "s*", false), ("chat", "*", false), ("chat", "1", true),
            ("chat", "[12]", false), ("user.7", "in", true), ("user.7", "*", false),
            ("user", "*", false),
        ]
        for (channel, event, isAllowed) in globs {
            #expect(
                client.subscribe(channel: channel, event: event) == isAllowed,
                "\(channel) \(event)")
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("what a client was refused it does not hear, whoever says it")
    func silence() throws {
        let room = Room(["chat", "2"])
        let hub = try world(HeldCalls(), [room])
        let clients = Tongue.allCases.map { hub.join($0, hearing: 0) }
        for client in clients where client.tongue != .highTemplar && client.tongue != .shampoo {
            #expect(!client.subscribe(to: room))
        }
        for client in clients { _ = client.heard() }
        hub.publish(room, "1")
        for client in clients { #expect(client.heard().isEmpty, "\(client.tongue)") }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("high-templar's allowed rooms are such grants: a star inside a star only")
    func allowedRooms() throws {
        var options = HubOptions()
        options.allowedRooms = #"[{"target":"chat","room":"*"},{"target":"news"}]"#
        options.subscribeMatch = .pattern
        let hub = try HubWorld(options)
        let rooms: [(text: String, isAllowed: Bool)] = [
            (#"{"target":"chat","room":"7"}"#, true), (#"{"target":"chat","room":7}"#, true),
            (#"{"target":"chat","room":"*"}"#, true), (#"{"target":"*","room":"7"}"#, false),
            (#"{"target":"news"}"#, true), (#"{"target":"*"}"#, false), ("{}", false),
            (#"{"target":"chat"}"#, false), (#"{"target":"news","room":"*"}"#, false),
            (#"{"target":"chat","room":"*","more":1}"#, false),
        ]
        for (text, isAllowed) in rooms {
            #expect(hub.join(.highTemplar).join(text) == isAllowed, "\(text)")
        }
        // The open room hears every dialect.
        let client = hub.join(.highTemplar, core: 1)
        #expect(client.join(#"{"target":"chat","room":"*"}"#))
        for room in [Room(["room&target", "7", "chat"]), Room(["room&target", ":7", "chat"])] {
            for tongue in [Tongue.openAPI, .json, .cbor] {
                #expect(hub.join(tongue).publish(room, "{}"))
                #expect(
                    client.heard() == [JSONTree(#"{"type":"publish","data":{},"requestId":"r"}"#)])
            }
        }
        #expect(hub.join(.json).publish(Room(["room&target", "7", "news"]), "{}"))
        #expect(client.heard().isEmpty)
        hub.finish()
        #expect(hub.world.violations == [])
    }
}
