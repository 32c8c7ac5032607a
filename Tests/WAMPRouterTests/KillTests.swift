// Kills: who ends, what the others hear of it, and who was faster (reference §9.3).

import Testing

@testable import WAMPRouter

@Suite struct KillTests {
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

    // MARK: Races

    /// What ends a session while the note of its killer is under way.
    private let ways: [(String, (ModelHub, Client) -> Void)] = [
        ("GOODBYE", { _, victim in victim.say(#"[6,{},"wamp.close.close_realm"]"#) }),
        ("ABORT", { _, victim in victim.say(#"[3,{},"wamp.close.close_realm"]"#) }),
        ("violation", { _, victim in victim.say("[7]") }),
        ("loss", { hub, victim in hub.lose(victim.connection) }),
        ("drain", { hub, victim in hub.drain(victim.connection) }),
        ("nothing", { _, _ in }),
    ]

    @Test("whoever leaves while a kill_all is on its way goes without testaments and on_leave, too")
    func killAllRace() {
        for form in WAMPForm.allCases {
            for (name, leave) in ways {
                let hub = ModelHub()
                let watcher = watcher(hub)
                let victim = owner(hub, form)
                hub.holdsMail = true
                watcher.say(#"[48,7,{},"wamp.session.kill_all"]"#)
                victim.say(#"[48,4,{},"wamp.session.add_testament",["com.will",["late"],{}]]"#)
                leave(hub, victim)
                hub.holdsMail = false
                let heard = heard(watcher)
                #expect(heard.count == 5, "\(form) \(name): the result, and what ended")
                // on_leave has three arguments.
                #expect(heard.allSatisfy { $0[4][0] != .text("will") && $0[4].count < 3 })
                hub.lose(victim.connection)
                #expect(watcher.isSilent)
                hub.lose(watcher.connection)
                #expect(hub.leftovers.isEmpty, "\(form) \(name)")
            }
        }
    }

    @Test("whoever leaves while another kill is on its way is told of once, testaments included")
    func killRace() {
        for (name, leave) in ways {
            let hub = ModelHub()
            let watcher = watcher(hub)
            let victim = owner(hub)
            hub.holdsMail = true
            watcher.say(#"[48,7,{},"wamp.session.kill",[\#(victim.id)]]"#)
            leave(hub, victim)
            // Too late for this one, whom the books no longer have.
            watcher.say(#"[48,8,{},"wamp.session.kill_all"]"#)
            hub.holdsMail = false
            let heard = heard(watcher)
            #expect(heard.count == 8, "\(name): two results, what ended, the will and on_leave")
            #expect(heard.contains { $0[4] == Value(#"["will"]"#) })
            #expect(heard.last?[4][0].id == victim.id)
            for client in [victim, watcher] { hub.lose(client.connection) }
            #expect(hub.leftovers.isEmpty)
        }
    }

    @Test("a kill_all that is late does not touch the next session of the connection")
    func nextSession() {
        let hub = ModelHub()
        let watcher = watcher(hub)
        let victim = owner(hub)
        hub.holdsMail = true
        watcher.say(#"[48,7,{},"wamp.session.kill_all"]"#)
        victim.say(#"[6,{},"wamp.close.close_realm"]"#)
        #expect(victim.hearAll() == [farewell])
        victim.join()
        hub.holdsMail = false
        #expect(victim.isSilent && victim.connection.isOpen)
        _ = heard(watcher)
        victim.say(#"[48,3,{},"wamp.session.add_testament",["com.will",["will"],{}]]"#)
        hub.lose(victim.connection)
        #expect(heard(watcher).map { $0[4][0] }.first == .text("will"))
        hub.lose(watcher.connection)
        #expect(hub.leftovers.isEmpty)
    }
}
