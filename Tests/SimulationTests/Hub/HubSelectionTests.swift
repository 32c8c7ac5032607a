// What WAMP clients can say to some and others cannot hear: chosen receivers, results in parts,
// what a realm remembers.

import DialectKit
import Engine
import Hub
import Rooms
import Testing

@Suite struct HubSelectionTests {
    private static let room = Room(["target", "chat"])

    @Test("a publication to chosen sessions is theirs alone; whom it leaves out are sessions, too")
    func chosenReceivers() throws {
        var options = HubOptions()
        options.rooms = [Self.room]
        let hub = try HubWorld(options)
        let listeners = Tongue.allCases.map { hub.join($0, core: 1, hearing: 0) }
        for listener in listeners { #expect(listener.subscribe(to: Self.room)) }
        let speaker = hub.join(.json)
        let cases: [(options: String, reachesOthers: Bool)] = [
            (#""eligible":[1,2]"#, false), (#""eligible_authrole":["anonymous"]"#, false),
            (#""eligible_authid":["x"]"#, false), (#""exclude":[1]"#, true),
            (#""exclude_authrole":["anonymous"]"#, true), (#""exclude_me":false"#, true),
        ]
        for (selection, reachesOthers) in cases {
            speaker.say("[16,1,{\(selection)},\"target.chat\",[1]]")
            for listener in listeners where listener.tongue.serialization == nil {
                let count = listener.heard().count
                #expect(count == (reachesOthers ? 1 : 0), "\(selection) to \(listener.tongue)")
            }
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("a publisher hears itself by the rule of its own dialect")
    func ownPublications() throws {
        let hub = try HubWorld()
        let openAPI = hub.join(.openAPI)
        #expect(openAPI.subscribe(to: Self.room))
        openAPI.say(
            #"{"id":"p","method":"publish","payload":{"channel":"target","event":"chat","data":[]}}"#
        )
        #expect(openAPI.heard().count == 2)
        let router = hub.join(.cbor)
        #expect(router.subscribe(to: Self.room))
        #expect(router.publish(Self.room, "1"))
        #expect(router.heard().isEmpty && openAPI.heard().count == 1)
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("the history of a topic has what every dialect published, in order and once")
    func history() throws {
        var options = HubOptions()
        options.history = [
            HistoryEntry(.prefix(Array("target.".utf8)), limit: 10, sizeLimit: 1 << 20)
        ]
        let hub = try HubWorld(options)
        #expect(hub.join(.openAPI).publish(Self.room, #"["one"]"#))
        #expect(hub.join(.cbor, core: 1).publish(Self.room, #""two""#))
        hub.publish(Self.room, #"{"n":3}"#)
        try hub.trigger([#"{"target":"chat"}"#], "4")
        // None of these is an event of a topic in the history.
        try hub.trigger([#"{"target":"*"}"#], "5")
        hub.publish(Room(["target", "a b"]), "6")
        hub.publish(Room(["targets", "chat"]), "7")
        hub.publish(Self.room, "8", in: HubWorld.realms[1])
        let reader = hub.join(.json)
        reader.say(#"[32,1,{"match":"prefix"},"target."]"#)
        guard case .number(let id)? = reader.heard().first?.items?.last else {
            Issue.record("not subscribed")
            return
        }
        reader.call("wamp.subscription.get_events", arguments: "[\(id)]")
        let events = reader.heard().first?.items?.dropFirst(3).first?.items ?? []
        let told = events.count == 1 ? events[0].items ?? events : events
        let expected = [#"[["one"]]"#, #"["two"]"#, #"[{"n":3}]"#, "[4]"].map { JSONTree($0) }
        #expect(told.compactMap { $0["args"] } == expected, "\(events)")
        #expect(told.allSatisfy { $0["details"]?["topic"] == .text("target.chat") })
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("of a result in parts the other dialects hear the last")
    func progress() throws {
        var options = HubOptions()
        options.methods = ["com.wamp"]
        let hub = try HubWorld(options)
        let callee = hub.join(.messagePack, core: 1)
        #expect(callee.register("com.wamp"))
        for tongue in [Tongue.openAPI, .rohrpost, .shampoo] {
            let caller = hub.join(tongue)
            caller.call("com.wamp", "{}")
            let invocation = try #require(callee.takeInvocation())
            for part in 1...3 {
                callee.say("[70,\(invocation.id),{\"progress\":true},[\(part)]]")
                #expect(caller.heard().isEmpty, "\(tongue)")
            }
            callee.yield(invocation.id, #"[{"n":4}]"#)
            let result = Said.arguments(JSONTree(#"[{"n":4}]"#), nil)
            #expect(
                caller.heard() == [answer(result, to: tongue, "com.wamp", by: CallRule())],
                "\(tongue)")
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }
}
