// What one client may make a router do at once, or keep: sizes that messages allow and nobody needs.

import DialectKit
import Hub
import Rooms
import Testing

@testable import WAMPRouter

@Suite struct HostileTests {
    private func list(_ item: String, _ count: Int) -> String {
        "[" + Array(repeating: item, count: count).joined(separator: ",") + "]"
    }

    private func messages(_ client: Client) -> [Value] {
        var found: [Value] = []
        while case .message(let value)? = client.hear() { found.append(value) }
        return found
    }

    @Test("a question about sessions, subscriptions or registrations is short, or refused")
    func longQuestions() {
        for form in WAMPForm.allCases {
            let hub = ModelHub()
            let client = Client.joined(hub, form)
            let names = [
                "session.count", "session.list", "session.kill_all", "subscription.match",
                "registration.list",
            ]
            let roles = list(#""anonymous""#, 40_000)
            for (number, name) in names.enumerated() {
                let answer = client.ask("[48,\(number + 1),{},\"wamp.\(name)\",[\(roles)]]")
                #expect(answer[0].id == 8, "\(name)")
                #expect(answer[4] == .text("wamp.error.payload_size_exceeded"))
            }
            let answer = client.ask(
                "[48,9,{},\"wamp.session.count\",[\(list(#""anonymous""#, 1000))]]")
            #expect(answer[3][0].id == 1)
        }
    }

    @Test("a publication names so many receivers, and one that names more is refused")
    func longFilters() {
        for form in WAMPForm.allCases {
            let hub = ModelHub()
            let (one, other) = (Client.joined(hub, form), Client.joined(hub))
            other.say(#"[32,1,{},"com.t"]"#)
            _ = other.hearAll()
            let filters = [
                ("exclude", "1"), ("eligible", "\(other.id)"), ("exclude_authid", #""x""#),
                ("eligible_authrole", #""anonymous""#),
            ]
            for (number, (name, item)) in filters.enumerated() {
                func publish(_ count: Int) -> Value {
                    one.ask(
                        "[16,\(number + 1),{\"acknowledge\":true,\"\(name)\":"
                            + list(item, count) + "},\"com.t\",[1]]")
                }
                #expect(publish(4096)[0].id == 17, "\(name)")
                #expect(other.hearAll().count == 1)
                let refusal = publish(4097)
                #expect(refusal[0].id == 8, "\(name)")
                #expect(refusal[4] == .text("wamp.error.invalid_argument"))
                #expect(other.isSilent)
            }
        }
    }

    @Test("of the methods and the extra of a HELLO the first ones count")
    func longHello() {
        let hub = ModelHub()
        for (count, answer) in [(15, 2), (16, 3)] as [(Int, UInt64)] {
            let client = Client(hub)
            client.say(
                "[1,\"realm1\",{\"roles\":\(allRoles),\"authmethods\":"
                    + "\(list(#""nothing""#, count).dropLast()),\"anonymous\"]}]")
            #expect(client.message()[0].id == answer)
        }
    }

    @Test("the testaments of a session and of all sessions have so many octets")
    func testamentSizes() {
        let hub = ModelHub()
        let client = Client.joined(hub)
        func add(_ client: Client, _ number: Int, _ size: Int, _ more: String = "{}") -> Value {
            let text = String(repeating: "x", count: size)
            return client.ask(
                #"[48,\#(number),{},"wamp.session.add_testament",["com.will",["\#(text)"],\#(more)]]"#
            )
        }
        #expect(add(client, 1, 200_000)[0].id == 50)
        #expect(add(client, 2, 60_000)[0].id == 50)
        let refusal = add(client, 3, 10_000)
        #expect(refusal[0].id == 8)
        #expect(refusal[4] == .text("wamp.error.payload_size_exceeded"))
        _ = client.ask(#"[48,4,{},"wamp.session.flush_testaments"]"#)
        #expect(add(client, 5, 250_000)[0].id == 50)
        #expect(add(client, 6, 300_000)[0].id == 8)
        // All of them together, until somebody goes.
        var others: [Client] = []
        var refused: Client?
        for _ in 0..<300 where refused == nil {
            let other = Client.joined(hub)
            if add(other, 1, 250_000)[0].id == 8 { refused = other } else { others.append(other) }
        }
        #expect(others.count == (64 << 20) / 250_012 - 1)
        guard let refused else { return }
        hub.lose(client.connection)
        #expect(add(refused, 2, 250_000)[0].id == 50)
        for other in others { hub.lose(other.connection) }
        #expect(add(refused, 3, 1000)[0].id == 50)
    }

    @Test("what was refused by the index is not remembered as filled")
    func refusedFilling() {
        let hub = ModelHub()
        let client = Client.joined(hub)
        client.say(#"[32,1,{"get_retained":true},"com.kept"]"#)
        hub.indexLimit = 1
        for request in 2...20 {
            client.say(#"[32,\#(request),{"get_retained":true},"com.t\#(request)"]"#)
        }
        #expect(client.hearAll().count == 20)
        #expect(client.connection.session.belongings?.filled.count == 1)
    }

    @Test("a history is told to whom its gate lets subscribe to it")
    func historyBehindGate() {
        let hub = ModelHub()
        let client = Client.joined(hub)
        client.say(#"[16,1,{},"com.history.x",["secret"]]"#)
        let id = client.ask(
            #"[48,2,{},"wamp.subscription.lookup",["com.history.",{"match":"prefix"}]]"#)[3][0].id!
        func events(_ number: Int) -> Value {
            client.ask(#"[48,\#(number),{},"wamp.subscription.get_events",[\#(id)]]"#)
        }
        #expect(events(3)[0].id == 50)
        let all = GateGrant()
        let pattern = Pattern.prefix(Array("com.history.".utf8))
        let inside = GateGrant(only: [.subscribe: [.prefix(Array("com.".utf8))]])
        let outside = GateGrant(only: [
            .subscribe: [.prefix(Array("com.history.x".utf8))]
        ])
        #expect(inside.allows(.subscribe, on: pattern) && !outside.allows(.subscribe, on: pattern))
        let cases: [(GateGrant, GateQuestions, Bool)] = [
            (all, [], true), (inside, .publish, true), (outside, [], false),
            // Nobody can be asked about a question like this.
            (all, .subscribe, false),
        ]
        for (number, (grant, questions, isTold)) in cases.enumerated() {
            client.connection.clearance = Clearance(grant, asking: questions)
            let answer = events(4 + number)
            #expect(answer[0].id == (isTold ? 50 : 8), "\(number)")
            if !isTold { #expect(answer[4] == .text("wamp.error.not_authorized")) }
        }
    }

    @Test("many retained events come in steps, in their order and all of them")
    func retainedInSteps() {
        for form in [WAMPForm.json, .cbor, .batchedJSON] {
            let hub = ModelHub()
            let writer = Client.joined(hub)
            let text = String(repeating: "x", count: 50_000)
            for number in 1...40 {
                writer.say(
                    #"[16,\#(number),{"retain":true},"com.r\#(number)",[\#(number),"\#(text)"]]"#)
            }
            let reader = Client.joined(hub, form)
            hub.largestAnswer = 0
            reader.say(#"[32,1,{"match":"prefix","get_retained":true},"com."]"#)
            #expect(hub.largestAnswer < 400_000)
            let heard = messages(reader)
            #expect(heard.first?[0].id == 33)
            #expect(heard.dropFirst().compactMap { $0[4][0].id } == (1...40).map { UInt64($0) })
        }
    }

    @Test("retained events still to come end with the subscription, and yield to newer ones")
    func retainedOvertaken() {
        let hub = ModelHub()
        let writer = Client.joined(hub)
        let text = String(repeating: "x", count: 100_000)
        func publish(_ number: Int, _ value: Int, _ text: String) {
            writer.say(#"[16,1,{"retain":true},"com.r\#(number)",[\#(value),"\#(text)"]]"#)
        }
        for number in 1...20 { publish(number, number, text) }
        let reader = Client.joined(hub)
        hub.holdsMail = true
        func subscribe(_ request: Int) -> String {
            #"[32,\#(request),{"match":"prefix","get_retained":true},"com."]"#
        }
        reader.say(subscribe(1))
        let first = reader.hearAll()
        #expect(first.count > 1 && first.count < 10)
        publish(20, 777, "")
        #expect(reader.hearAll().count == 1)
        hub.holdsMail = false
        let values = messages(reader).compactMap { $0[4][0].id }
        #expect(values == (first.count...19).map { UInt64($0) })
        // Once more, and it ends in between.
        hub.holdsMail = true
        let id = reader.ask(subscribe(2))[2].id ?? 0
        _ = reader.hearAll()
        #expect(reader.ask("[34,3,\(id)]")[0].id == 35)
        hub.holdsMail = false
        #expect(reader.isSilent)
    }
}

extension HostileTests {
    @Test("long lists of sessions, subscribers and registrations are made off the core")
    func longLists() {
        for form in [WAMPForm.cbor] {
            let hub = ModelHub()
            hub.keepsWork = true
            let clients = (0..<1100).map { _ in Client.joined(hub) }
            var subscription: UInt64 = 0
            for client in clients {
                subscription = client.ask(#"[32,1,{},"com.t"]"#)[2].id ?? 0
            }
            for number in 1...1100 {
                #expect(clients[0].ask("[64,\(number),{},\"com.p\(number)\"]")[0].id == 65)
            }
            let other = Client.joined(hub, form)
            let sessions = clients.map(\.id)
            func ask(_ number: Int, _ question: String) -> Value {
                other.say("[48,\(number),{},\"wamp.\(question)]")
                #expect(other.isSilent && hub.work.count == 1 && other.connection.holdsInput)
                hub.finishWork()
                #expect(!other.connection.holdsInput)
                return other.message()[3][0]
            }
            #expect(ask(1, "session.list\"").ids.sorted() == (sessions + [other.id]).sorted())
            #expect(
                ask(2, "subscription.list_subscribers\",[\(subscription)]").ids.sorted()
                    == sessions.sorted())
            #expect(ask(3, "registration.list\"")["exact"].ids.count == 1100)
        }
    }
}
