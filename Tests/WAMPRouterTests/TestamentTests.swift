// Testaments: what a session leaves behind (reference §9.4).

import Testing

@testable import WAMPRouter

@Suite struct TestamentTests {
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
