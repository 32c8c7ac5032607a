// How sessions end: GOODBYE from either side and drains, and what others hear of it (reference
// §5.1, §5.4).

import DialectKit
import Testing

@testable import WAMPRouter

@Suite struct LeaveTests {
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

    @Test("where a successor is there the close code says so")
    func restart() {
        let hub = ModelHub()
        let joined = Client.joined(hub)
        let silent = Client(hub)
        for client in [joined, silent] { hub.drain(client.connection, .restarting) }
        joined.say(farewell)
        #expect(joined.hearAll().last == "close 1012")
        #expect(silent.hearAll().last == "close 1012")
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
}
