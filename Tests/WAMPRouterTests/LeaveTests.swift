// How sessions end: GOODBYE from either side, drains, kills, and what others hear of it
// (reference §5.1, §5.4, §9.3, §9.4).

import Testing

@testable import WAMPRouter

private let second: UInt64 = 1_000_000_000
private let farewell = #"[6,{},"wamp.close.goodbye_and_out"]"#

@Suite struct LeaveTests {
    /// A session that hears of everybody who leaves, of testaments, and of what ends.
    private func watcher(_ hub: ModelHub) -> Client {
        let watcher = Client.joined(hub, details: #"{"authid":"watcher"}"#)
        for (request, topic) in [
            "wamp.session.on_leave", "wamp.subscription.on_unsubscribe",
            "wamp.subscription.on_delete", "wamp.registration.on_unregister",
            "wamp.registration.on_delete", "com.will",
        ].enumerated() {
            watcher.say(#"[32,\#(request + 1),{},"\#(topic)"]"#)
            #expect(watcher.message()[0].id == 33)
        }
        return watcher
    }

    /// A session with one of everything.
    private func owner(_ hub: ModelHub, _ form: WAMPForm = .json, name: String = "") -> Client {
        let owner =
            name.isEmpty
            ? Client.joined(hub, form)
            : Client.joined(
                hub, form, details: #"{"authmethods":["ticket"],"authid":"\#(name)"}"#,
                secret: "wEx9TPFtHdRr2Zg7rtRE")
        owner.say(#"[32,1,{},"com.own.\#(owner.id)"]"#)
        owner.say(#"[64,2,{},"com.own.\#(owner.id)"]"#)
        owner.say(#"[48,3,{},"wamp.session.add_testament",["com.will",["will"],{}]]"#)
        #expect(owner.hearAll().count == 3)
        return owner
    }

    /// What a watcher hears, by the topic's order above: 1 is on_leave, 6 is the testament.
    private func heard(_ watcher: Client) -> [Value] {
        var events: [Value] = []
        while case .message(let event)? = watcher.hear() { events.append(event) }
        return events
    }

    private func expectWholeLeave(_ watcher: Client, _ id: UInt64) {
        let events = heard(watcher)
        // Unsubscribed, deleted, unregistered, deleted, the testament, and on_leave as the last.
        #expect(events.count == 6)
        guard events.count == 6 else { return }
        #expect(Set(events.map { $0[1] }.map(\.description)).count == 6)
        #expect(events[4][4] == Value(#"["will"]"#))
        #expect(events[5][4][0].id == id)
        let subscription = events.firstIndex { $0[1] == .number("4") } ?? 0
        #expect(events.prefix(4).allSatisfy { $0[4][0].id == id }, "\(subscription)")
    }

    @Test("a session that leaves takes everything along, and the others hear it in order")
    func everyWay() {
        for form in WAMPForm.allCases {
            let ways: [(ModelHub, Client, Client) -> Void] = [
                { _, client, _ in client.say(#"[6,{},"wamp.close.close_realm"]"#) },
                { _, client, _ in client.say(#"[3,{},"wamp.close.close_realm"]"#) },
                { _, client, _ in client.say("[7]") },
                { hub, client, _ in hub.lose(client.connection) },
                { hub, client, _ in hub.drain(client.connection) },
                { _, client, watcher in
                    watcher.say(#"[48,7,{},"wamp.session.kill",[\#(client.id)]]"#)
                },
            ]
            for (number, leave) in ways.enumerated() {
                let hub = ModelHub()
                let watcher = watcher(hub)
                let client = owner(hub, form)
                leave(hub, client, watcher)
                if number == 5 {
                    // The RESULT comes somewhere between the events.
                    let all = heard(watcher)
                    #expect(all.count == 7)
                    #expect(all.count { $0[0].id == 50 } == 1)
                } else {
                    expectWholeLeave(watcher, client.id)
                }
                #expect(hub.contradictions.isEmpty)
                hub.lose(client.connection)
                #expect(heard(watcher).isEmpty, "leaving twice")
                hub.lose(watcher.connection)
                #expect(hub.leftovers.isEmpty, "\(form) \(number)")
            }
        }
    }

    // MARK: GOODBYE

    @Test("whoever said GOODBYE has two seconds to close, then it is closed")
    func goodbye() {
        for form in WAMPForm.allCases {
            let hub = ModelHub()
            let client = Client.joined(hub, form)
            client.say(#"[6,{},"any.reason"]"#)
            #expect(client.hearAll() == [farewell])
            hub.pass(2 * second - 1)
            #expect(client.isSilent)
            hub.pass(1)
            #expect(client.hearAll() == ["close 1000"])
            #expect(hub.leftovers.isEmpty)
        }
    }

    @Test("another HELLO within that time opens another session, as often as one likes")
    func again() {
        for form in WAMPForm.allCases {
            let hub = ModelHub()
            let client = Client.joined(hub, form)
            var ids: Set<UInt64> = [client.id]
            for round in 0..<5 {
                client.say(#"[32,1,{},"com.again"]"#)
                #expect(client.message()[0].id == 33)
                client.say(#"[6,{},"any.reason"]"#)
                #expect(client.hearAll() == [farewell])
                hub.pass(second)
                client.join(round % 2 == 0 ? "realm2" : "realm1")
                ids.insert(client.id)
                hub.pass(10 * second)
                #expect(client.isSilent)
                #expect(hub.contradictions.isEmpty)
            }
            #expect(ids.count == 6)
            hub.lose(client.connection)
            #expect(hub.leftovers.isEmpty)
        }
    }

    @Test("what comes behind a GOODBYE is ignored until there is a HELLO or an ABORT")
    func afterGoodbye() {
        for message in [#"[6,{},"a.b"]"#, #"[32,1,{},"a.b"]"#, #"[5,"x",{}]"#] {
            let client = Client.joined(ModelHub())
            client.say(#"[6,{},"a.b"]"#)
            client.say(message)
            #expect(client.hearAll() == [farewell])
            client.join()
            client.say(#"[6,{},"a.b"]"#)
            client.say(#"[3,{},"a.b"]"#)
            #expect(client.hearAll() == [farewell, "close 1000"])
        }
    }

    // MARK: Drain

    @Test("a drain says GOODBYE to sessions, waits for theirs and closes with 1001")
    func drain() {
        for form in WAMPForm.allCases {
            for answers in [true, false] {
                let hub = ModelHub()
                let client = Client.joined(hub, form)
                hub.drain(client.connection)
                #expect(client.hearAll() == [#"[6,{},"wamp.close.system_shutdown"]"#])
                if answers { client.say(farewell) } else { hub.pass(2 * second) }
                #expect(client.hearAll() == ["close 1001"])
                #expect(hub.leftovers.isEmpty)
            }
        }
    }

    @Test("a drain aborts whoever is about to join, and closes whoever has left")
    func drainEarlier() {
        let hub = ModelHub()
        let silent = Client(hub)
        let challenged = Client(hub)
        challenged.say(
            #"[1,"realm1",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"martin"}]"#)
        _ = challenged.hearAll()
        let left = Client.joined(hub)
        left.say(#"[6,{},"a.b"]"#)
        _ = left.hearAll()
        for client in [silent, challenged, left] { hub.drain(client.connection) }
        for client in [silent, challenged] {
            #expect(
                client.hearAll() == [
                    #"[3,{"message":"the router is shutting down"},"wamp.close.system_shutdown"]"#,
                    "close 1001",
                ])
        }
        #expect(left.hearAll() == ["close 1001"])
    }

    @Test("while the router waits for a GOODBYE everything else is ignored, broken or not")
    func whileLeaving() {
        for form in WAMPForm.allCases {
            let hub = ModelHub()
            let client = Client.joined(hub, form)
            hub.drain(client.connection)
            _ = client.hearAll()
            client.say([
                "[7]", "{}", #"[32,1,{},"a.b"]"#, #"[1,"realm1",{"roles":{"caller":{}}}]"#,
                #"[48,1,{},"wamp.session.count"]"#, "[32]",
            ])
            hub.drain(client.connection)
            #expect(client.isSilent)
            client.say(#"[6,{},"a.b"]"#)
            #expect(client.hearAll() == ["close 1001"])
        }
    }

    // MARK: Kills

    @Test("kill_all ends all others without testaments and without on_leave")
    func killAll() {
        let hub = ModelHub()
        let watcher = watcher(hub)
        let clients = WAMPForm.allCases.map { owner(hub, $0) }
        watcher.say(
            #"[48,7,{},"wamp.session.kill_all",[],{"reason":"com.bye","message":"all"}]"#)
        let events = heard(watcher)
        #expect(events.first { $0[0].id == 50 }?[3] == .list([.number("\(clients.count)")]))
        #expect(events.count == 1 + 4 * clients.count, "four events for each, and the result")
        for client in clients {
            #expect(client.hearAll() == [#"[6,{"message":"all"},"com.bye"]"#])
            client.say(farewell)
            #expect(client.hearAll() == ["close 1000"])
        }
        #expect(heard(watcher).isEmpty)
        hub.lose(watcher.connection)
        #expect(hub.leftovers.isEmpty)
    }

    @Test("kill_by_authid and kill_by_authrole end those and never the caller")
    func killSome() {
        for (procedure, argument) in [("authid", "martin"), ("authrole", "backend")] {
            let hub = ModelHub()
            let watcher = watcher(hub)
            let martins = (0..<3).map { _ in owner(hub, name: "martin") }
            let other = owner(hub)
            martins[0].say(#"[48,7,{},"wamp.session.kill_by_\#(procedure)",["\#(argument)"]]"#)
            let result = martins[0].message()[3][0]
            if procedure == "authid" {
                let ids = (0..<result.count).compactMap { result[$0].id }
                #expect(Set(ids) == [martins[1].id, martins[2].id])
            } else {
                #expect(result == .number("2"))
            }
            for martin in martins[1...] {
                #expect(martin.hearAll() == [#"[6,{},"wamp.close.killed"]"#])
            }
            #expect(martins[0].isSilent && other.isSilent)
            #expect(heard(watcher).count == 12, "six for each")
            #expect(
                watcher.ask(#"[48,8,{},"wamp.session.count"]"#) == Value("[50,8,{},[3]]"))
            for client in martins + [other, watcher] { hub.lose(client.connection) }
            #expect(hub.leftovers.isEmpty)
        }
    }

    @Test("a kill takes effect at once: what the victim was asked is answered")
    func killedCallee() {
        let hub = ModelHub()
        let caller = Client.joined(hub)
        let callee = Client.joined(hub)
        callee.say(#"[64,1,{},"com.p"]"#)
        caller.say(#"[48,1,{},"com.p"]"#)
        #expect(callee.hearAll().count == 2)
        caller.say(#"[48,2,{},"wamp.session.kill",[\#(callee.id)]]"#)
        caller.say(#"[48,3,{},"com.p"]"#)
        let heard = caller.hearAll()
        #expect(
            heard.contains(
                #"[8,48,1,{},"wamp.error.canceled",["the callee left before it answered"]]"#))
        #expect(heard.contains("[50,2,{}]"))
        #expect(heard.contains { $0.contains("no_such_procedure") })
        callee.say("[70,1,{},[1]]")
        #expect(caller.isSilent)
        #expect(callee.hearAll() == [#"[6,{},"wamp.close.killed"]"#])
    }

    @Test("who never answers its GOODBYE is closed two seconds later")
    func stubborn() {
        let hub = ModelHub()
        let killer = Client.joined(hub)
        let victim = Client.joined(hub)
        killer.say(#"[48,1,{},"wamp.session.kill",[\#(victim.id)]]"#)
        #expect(victim.hearAll() == [#"[6,{},"wamp.close.killed"]"#])
        hub.pass(2 * second)
        #expect(victim.hearAll() == ["close 1000"])
    }

    @Test("no kill with a keyword of the wrong type, a bad reason or a bad argument kills anybody")
    func badKills() {
        let hub = ModelHub()
        let killer = Client.joined(hub)
        let victim = Client.joined(hub)
        let id = victim.id
        for (arguments, error) in [
            ("[]", "invalid_argument"), ("[\(id),1]", "invalid_argument"),
            (#"["\#(id)"]"#, "invalid_argument"), ("[-1]", "invalid_argument"),
            ("[\(id).0]", "invalid_argument"), ("[null]", "invalid_argument"),
            (#"[\#(id)],{"reason":1}"#, "invalid_argument"),
            (#"[\#(id)],{"reason":"a..b"}"#, "invalid_uri"),
            (#"[\#(id)],{"reason":""}"#, "invalid_uri"),
            (#"[\#(id)],{"message":[]}"#, "invalid_argument"),
        ] {
            let answer = killer.ask(#"[48,1,{},"wamp.session.kill",\#(arguments)]"#)
            #expect(answer[4] == .text("wamp.error.\(error)"), "\(arguments)")
        }
        #expect(victim.isSilent)
    }

    // MARK: Testaments

    @Test("testaments are published once: detached ones first, each kind in its order")
    func testaments() {
        let hub = ModelHub()
        let watcher = Client.joined(hub)
        watcher.say(#"[32,1,{"match":"prefix"},"com.will"]"#)
        _ = watcher.hearAll()
        let client = Client.joined(hub)
        for (number, scope) in ["destroyed", "detached", "destroyed", "detached"].enumerated() {
            client.say(
                #"[48,\#(number),{},"wamp.session.add_testament",["com.will.\#(number)",[],{"n":\#(number)}],{"scope":"\#(scope)"}]"#
            )
        }
        hub.lose(client.connection)
        #expect(heard(watcher).map { $0[5]["n"] } == ["1", "3", "0", "2"].map { .number($0) })
    }

    @Test("a session has as many testaments as it may")
    func testamentLimit() {
        var settings = RouterSettings()
        settings.testamentsPerSession = 3
        let hub = ModelHub(settings: settings)
        let client = Client.joined(hub)
        for number in 1...5 {
            let answer = client.ask(
                #"[48,\#(number),{},"wamp.session.add_testament",["com.will",[],{}]]"#)
            #expect(answer[0].id == (number <= 3 ? 50 : 8))
        }
        _ = client.ask(#"[48,6,{},"wamp.session.flush_testaments"]"#)
        let answer = client.ask(#"[48,7,{},"wamp.session.add_testament",["com.will",[],{}]]"#)
        #expect(answer[0].id == 50)
    }

    @Test("a testament keeps its filters, its disclosure and its retention")
    func testamentOptions() {
        let hub = ModelHub()
        let (one, other) = (Client.joined(hub), Client.joined(hub))
        for client in [one, other] {
            client.say(#"[32,1,{},"com.will"]"#)
            _ = client.hearAll()
        }
        let client = Client.joined(hub)
        client.say(
            #"[48,1,{},"wamp.session.add_testament",["com.will",[1],{}],{"publish_options":{"eligible":[\#(one.id)],"disclose_me":true,"retain":true}}]"#
        )
        hub.lose(client.connection)
        let event = one.message()
        #expect(event[3]["publisher"].id == client.id)
        #expect(event[3]["publisher_authrole"] == .text("anonymous"))
        #expect(other.isSilent)
        one.say(#"[34,2,\#(event[1])]"#)
        one.say(#"[32,3,{"get_retained":true},"com.will"]"#)
        let heard = heard(one)
        #expect(heard.last?[3]["retained"] == .bool(true))
    }
}
