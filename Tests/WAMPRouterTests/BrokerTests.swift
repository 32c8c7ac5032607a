// Subscriptions and events where the conversations do not reach: order, limits, takings
// (reference §6, §7.8, §7.9, §7.12).

import DialectKit
import Testing

@testable import WAMPRouter

@Suite struct BrokerTests {
    func watcher(_ hub: ModelHub, _ kind: String, _ events: [String]) -> Client {
        let watcher = Client.joined(hub)
        for (request, event) in events.enumerated() {
            watcher.say(#"[32,\#(request + 1),{},"wamp.\#(kind).\#(event)"]"#)
        }
        #expect(watcher.hearAll().count == events.count)
        return watcher
    }

    /// Ids of the watcher's subscriptions count 4, 6, 8, … in the order above: 2 is the history's.
    func order(_ watcher: Client) -> [UInt64] {
        watcher.hearAll().compactMap { Value($0)[1].id.map { $0 / 2 - 1 } }
    }

    @Test("what is made is told before who uses it, what ends before what is deleted")
    func metaOrder() {
        for form in WAMPForm.allCases {
            let hub = ModelHub()
            let watcher = watcher(
                hub, "subscription", ["on_create", "on_subscribe", "on_unsubscribe", "on_delete"])
            let (one, other) = (Client.joined(hub, form), Client.joined(hub, form))
            let answer = one.ask(#"[32,1,{"match":"prefix"},"com"]"#)
            other.say(#"[32,1,{"match":"prefix"},"com"]"#)
            one.say(#"[32,2,{"match":"prefix"},"com"]"#)
            #expect(order(watcher) == [1, 2, 2])
            one.say("[34,3,\(answer[2])]")
            hub.lose(other.connection)
            #expect(order(watcher) == [3, 3, 4])
            // Subscriptions to the router's own topics are not told of.
            one.say(#"[32,4,{"match":"prefix"},"wamp.session"]"#)
            #expect(watcher.isSilent)
        }
    }

    @Test("which subscriptions match a topic is what each of them says by itself")
    func matching() {
        let hub = ModelHub()
        let (client, other) = (Client.joined(hub), Client.joined(hub))
        var held: [UInt64] = []
        let wanted: [(String, String)] = [
            ("exact", "a.b.c"), ("prefix", "a"), ("prefix", "a.b.cc"), ("prefix", "a.b"),
            ("wildcard", "a..c"), ("wildcard", "a.b"), ("wildcard", "a.b."), ("exact", "a.b"),
            ("prefix", "b"), ("wildcard", "b..x"),
        ]
        for (request, (match, uri)) in wanted.enumerated() {
            let answer = client.ask(#"[32,\#(request + 1),{"match":"\#(match)"},"\#(uri)"]"#)
            #expect(answer[0].id == 33, "\(answer)")
            held.append(answer[2].id ?? 0)
        }
        func matched(_ request: Int) -> [UInt64] {
            let answer = other.ask(#"[48,\#(request),{},"wamp.subscription.match",["a.b.c"]]"#)
            return answer[3][0].ids.sorted()
        }
        var expected = [0, 1, 3, 4, 6].map { held[$0] }.sorted()
        #expect(matched(1) == expected)
        for (turn, place) in [4, 0, 1].enumerated() {
            client.say("[34,\(wanted.count + 1 + turn),\(held[place])]")
            expected.removeAll { $0 == held[place] }
            #expect(matched(2 + turn) == expected)
        }
        #expect(
            other.ask(#"[48,5,{},"wamp.subscription.match",["c.d"]]"#)[3][0] == .null)
    }

    @Test("a long list of subscriptions is made off the core, and what comes behind it waits")
    func longList() {
        let hub = ModelHub()
        hub.keepsWork = true
        let (client, other) = (Client.joined(hub), Client.joined(hub))
        var ids: [UInt64] = []
        for request in 1...1500 {
            ids.append(client.ask(#"[32,\#(request),{},"a.b\#(request)"]"#)[2].id ?? 0)
        }
        other.say(#"[48,1,{},"wamp.subscription.list"]"#)
        #expect(other.isSilent && hub.work.count == 1 && other.connection.holdsInput)
        hub.finishWork()
        let list = other.message()[3][0]
        #expect(list["exact"].ids == ids.sorted())
        #expect(!other.connection.holdsInput)
        // Who has gone meanwhile is told nothing.
        other.say(#"[48,2,{},"wamp.subscription.list"]"#)
        hub.lose(other.connection)
        hub.lose(client.connection)
        hub.finishWork()
        #expect(hub.leftovers.isEmpty)
    }

    @Test("what stands behind a long list in a batch waits as well, so a session has one at a time")
    func longLists() {
        for form in WAMPForm.allCases where form.isBatched {
            let hub = ModelHub()
            hub.keepsWork = true
            let (client, other) = (Client.joined(hub), Client.joined(hub, form))
            for request in 1...1500 { client.say(#"[32,\#(request),{},"a.b\#(request)"]"#) }
            let list = #"{},"wamp.subscription.list"]"#
            other.say([
                #"[32,1,{},"a.b1"]"#, "[48,2,\(list)", "[48,3,\(list)", #"[32,4,{},"c"]"#,
                "[48,5,\(list)",
            ])
            var heard: [[UInt64?]] = []
            var sizes: [Int] = []
            for _ in 0..<3 {
                #expect(hub.work.count == 1 && other.connection.holdsInput)
                hub.finishWork()
                let messages = other.hearAll().map { Value($0) }
                heard.append(messages.map { $0[1].id })
                sizes += messages.filter { $0[0].id == 50 }.map { $0[3][0]["exact"].ids.count }
            }
            #expect(heard == [[1, 2], [3, 4], [5]])
            #expect(sizes == [1500, 1500, 1501])
            #expect(hub.work.isEmpty && !other.connection.holdsInput)
            // Who has gone leaves nothing behind.
            other.say(["[48,6,\(list)", "[48,7,\(list)"])
            hub.lose(other.connection)
            hub.lose(client.connection)
            hub.finishWork()
            #expect(hub.work.isEmpty && hub.leftovers.isEmpty)
        }
    }

    @Test("in a batch each question about the realm is a step, others share one")
    func steps() {
        for form in WAMPForm.allCases where form.isBatched {
            let hub = ModelHub()
            let client = Client.joined(hub, form)
            func say(_ message: (Int) -> String, _ count: Int) -> (answers: Int, postponed: Int) {
                let before = client.connection.postponedCount
                client.say((1...count).map(message))
                return (client.hearAll().count, client.connection.postponedCount - before)
            }
            #expect(say({ #"[48,\#($0),{},"wamp.session.count"]"# }, 20) == (20, 19))
            #expect(say({ #"[32,\#($0),{},"com.r\#($0)"]"# }, 128) == (128, 0))
            #expect(say({ #"[32,\#($0),{},"com.s\#($0)"]"# }, 300) == (300, 2))
            hub.lose(client.connection)
            #expect(hub.leftovers.isEmpty)
        }
    }

    @Test("registrations are told of in the same order")
    func registrationOrder() {
        let hub = ModelHub()
        let watcher = watcher(
            hub, "registration", ["on_create", "on_register", "on_unregister", "on_delete"])
        let (one, other) = (Client.joined(hub), Client.joined(hub))
        let answer = one.ask(#"[64,1,{"invoke":"first"},"com.p"]"#)
        other.say(#"[64,1,{"invoke":"first"},"com.p"]"#)
        #expect(order(watcher) == [1, 2, 2])
        one.say("[66,2,\(answer[2])]")
        hub.lose(other.connection)
        #expect(order(watcher) == [3, 3, 4])
    }

    @Test("a subscription that the index has no room for is refused, and its neighbours are not")
    func indexLimit() {
        for form in WAMPForm.allCases {
            let hub = ModelHub()
            let client = Client.joined(hub, form)
            hub.indexLimit = 1
            client.say([
                #"[32,1,{},"com.one"]"#, #"[32,2,{"get_retained":true},"com.two"]"#,
                #"[16,3,{"acknowledge":true,"exclude_me":false},"com.one",[1]]"#,
                #"[48,4,{},"wamp.subscription.lookup",["com.two"]]"#,
            ])
            let heard = client.hearAll().map { Value($0) }
            #expect(heard.map { $0[0].id } == [33, 8, 17, 36, 50], "\(form) \(heard)")
            #expect(heard[1][4] == .text("carillon.error.too_many_subscriptions"))
            if !form.isBatched { #expect(heard[4][3][0] == .null) }
            #expect(hub.contradictions.isEmpty)
            #expect(client.connection.errorCount == 1)
            hub.lose(client.connection)
            #expect(hub.leftovers.isEmpty)
        }
    }

    @Test("of two requests in one batch for what the index has no room for both are refused")
    func indexLimitTwice() {
        for form in WAMPForm.allCases {
            for limit in [0, 1] {
                let hub = ModelHub()
                let client = Client.joined(hub, form)
                hub.indexLimit = limit
                client.say([#"[32,1,{},"com.one"]"#, #"[32,2,{},"com.one"]"#])
                let heard = client.hearAll().map { Value($0) }
                #expect(heard.map { $0[0].id } == (limit == 0 ? [8, 8] : [33, 33]), "\(heard)")
                #expect(heard.map { limit == 0 ? $0[2].id : $0[1].id } == [1, 2])
                #expect(hub.contradictions.isEmpty)
                hub.lose(client.connection)
                #expect(hub.leftovers.isEmpty)
            }
        }
    }

    // MARK: Takings

    @Test("a subscription that is taken away is told of once, and over")
    func revocation() {
        for form in WAMPForm.allCases {
            for reason in [#","com.reason""#, ""] {
                let hub = ModelHub()
                let (taker, client) = (Client.joined(hub), Client.joined(hub, form))
                let id = client.ask(#"[32,1,{},"com.t"]"#)[2]
                let answer = taker.ask(
                    #"[48,1,{},"wamp.subscription.remove_subscriber",[\#(id),\#(client.id)\#(reason)]]"#
                )
                #expect(answer == Value("[50,1,{},[null]]"))
                let text = reason.isEmpty ? "wamp.error.unsubscribed" : "com.reason"
                #expect(
                    client.hearAll() == [#"[35,0,{"reason":"\#(text)","subscription":\#(id)}]"#])
                taker.say(#"[16,2,{},"com.t"]"#)
                #expect(client.isSilent)
                #expect(hub.contradictions.isEmpty)
                let again = taker.ask(
                    #"[48,3,{},"wamp.subscription.remove_subscriber",[\#(id),\#(client.id)]]"#)
                #expect(again[0].id == 8)
            }
        }
    }

    @Test("whoever subscribes again before hearing of a taking keeps the new subscription")
    func revocationRace() {
        for keepsPattern in [true, false] {
            let hub = ModelHub()
            let (taker, client) = (Client.joined(hub), Client.joined(hub))
            let other = Client.joined(hub)
            let id = client.ask(#"[32,1,{},"com.t"]"#)[2]
            if keepsPattern { other.say(#"[32,1,{},"com.t"]"#) }
            // Everything at once: the note is still in the mail when the second SUBSCRIBE comes.
            hub.holdsMail = true
            taker.say(
                #"[48,1,{},"wamp.subscription.remove_subscriber",[\#(id),\#(client.id)]]"#)
            client.say(#"[32,2,{},"com.t"]"#)
            hub.holdsMail = false
            #expect(hub.contradictions.isEmpty, "\(hub.contradictions)")
            _ = client.hearAll()
            taker.say(#"[16,2,{},"com.t",["after"]]"#)
            #expect(client.hearAll().count == 1)
            for client in [taker, client, other] { hub.lose(client.connection) }
            #expect(hub.leftovers.isEmpty)
        }
    }

    @Test("whoever unsubscribes before hearing of a taking is refused")
    func revocationAndUnsubscribe() {
        let hub = ModelHub()
        let (taker, client) = (Client.joined(hub), Client.joined(hub))
        let id = client.ask(#"[32,1,{},"com.t"]"#)[2]
        hub.holdsMail = true
        taker.say(#"[48,1,{},"wamp.subscription.remove_subscriber",[\#(id),\#(client.id)]]"#)
        client.say("[34,2,\(id)]")
        hub.holdsMail = false
        #expect(client.hearAll().map { Value($0)[0].id } == [8, 35])
        #expect(hub.contradictions.isEmpty)
    }

    // MARK: Sizes

    @Test("what a client does not take is not sent, and calls are answered all the same")
    func sizes() {
        let hub = ModelHub()
        let (small, large) = (Client.joined(hub, .rawJSON), Client.joined(hub))
        small.connection.session.messageSizeLimit = 200
        let long = String(repeating: "x", count: 300)
        large.say(#"[64,1,{},"com.long"]"#)
        small.say(#"[64,1,{},"com.small"]"#)
        _ = (small.hearAll(), large.hearAll())
        small.say(#"[48,2,{},"com.long"]"#)
        large.say(#"[70,1,{},["\#(long)"]]"#)
        small.say(#"[48,3,{},"com.long"]"#)
        large.say(#"[8,68,2,{},"com.e",["\#(long)"]]"#)
        large.say(#"[48,4,{},"com.small",["\#(long)"]]"#)
        for request in [2, 3] {
            let answer = small.message()
            #expect(answer[2].id == UInt64(request))
            #expect(answer[4] == .text("wamp.error.payload_size_exceeded"))
        }
        #expect(small.isSilent)
        let all = large.hearAll().map { Value($0) }
        #expect(all.last?[4] == .text("wamp.error.payload_size_exceeded"))
    }
}
