// What was published before somebody asked: retained events and history (reference §7.8, §7.9).

import DialectKit
import Testing

@testable import WAMPRouter

extension BrokerTests {
    @Test("a retained event comes once to whoever asks for it while it is published")
    func retainedOnce() {
        let hub = ModelHub()
        let (one, other) = (Client.joined(hub), Client.joined(hub))
        one.say(#"[16,1,{"retain":true},"com.t",[1]]"#)
        other.say(#"[32,1,{"get_retained":true},"com.t"]"#)
        // The same event as it might still be under way to the core of the subscriber.
        let late = hub.published[0]
        #expect(!other.connection.session.admits(late, Reading(other.message()[2].id!)))
        #expect(other.message()[3]["retained"] == .bool(true))
        one.say(#"[16,2,{"retain":true},"com.t",[2]]"#)
        #expect(other.hearAll().count == 1)
    }

    @Test("retained events are found for the reader alone: filters and own events")
    func retainedFilters() {
        for form in WAMPForm.allCases {
            let hub = ModelHub()
            let publisher = Client.joined(hub)
            let reader = Client.joined(hub, form)
            let friend = Client.joined(
                hub, form, details: #"{"authmethods":["ticket"],"authid":"martin"}"#,
                secret: "wEx9TPFtHdRr2Zg7rtRE")
            for (number, options) in [
                #""exclude_authrole":["backend"]"#, #""eligible_authid":["martin"]"#,
                #""eligible":[1]"#,
            ].enumerated() {
                publisher.say(#"[16,\#(number),{"retain":true,\#(options)},"com.t",[\#(number)]]"#)
            }
            for (client, expected) in [(reader, "0"), (friend, "1")] {
                client.say(#"[32,1,{"get_retained":true,"match":"prefix"},"com"]"#)
                let heard = client.hearAll()
                #expect(heard.count == 2)
                #expect(heard.last.map { Value($0)[4][0] } == .number(expected), "\(form)")
            }
            publisher.say(#"[32,4,{"get_retained":true},"com.t"]"#)
            #expect(publisher.hearAll().count == 1, "not its own")
        }
    }

    // MARK: History

    @Test("history answers every filter by time and by publication")
    func history() {
        let hub = ModelHub()
        let client = Client.joined(hub)
        var publications: [String] = []
        for number in 0..<6 {
            let answer = client.ask(
                #"[16,1,{"acknowledge":true},"com.history.\#(number % 2)",[\#(number)]]"#)
            publications.append(answer[2].description)
            hub.pass(1_000_000_000)
        }
        let id = client.ask(
            #"[48,1,{},"wamp.subscription.lookup",["com.history.",{"match":"prefix"}]]"#)[3][0]
        let time = #""2026-01-02T03:04:07.678Z""#  // of the third one
        for (filter, expected) in [
            ("{}", [0, 1, 2, 3, 4, 5]), (#"{"limit":2}"#, [0, 1]),
            (#"{"reverse":true}"#, [5, 4, 3, 2, 1, 0]),
            (#"{"reverse":true,"limit":2}"#, [5, 4]), (#"{"from_time":\#(time)}"#, [2, 3, 4, 5]),
            (#"{"after_time":\#(time)}"#, [3, 4, 5]), (#"{"before_time":\#(time)}"#, [0, 1]),
            (#"{"until_time":\#(time)}"#, [0, 1, 2]),
            (#"{"topic":"com.history.1"}"#, [1, 3, 5]),
            (#"{"topic":"com.history.1","after_time":\#(time),"limit":1}"#, [3]),
            (#"{"from_publication":\#(publications[4])}"#, [4, 5]),
            (#"{"after_publication":\#(publications[4])}"#, [5]),
            (#"{"before_publication":\#(publications[1])}"#, [0]),
            (#"{"until_publication":\#(publications[1])}"#, [0, 1]),
            (
                #"{"from_publication":\#(publications[1]),"until_publication":\#(publications[3])}"#,
                [1, 2, 3]
            ), (#"{"limit":null,"topic":null}"#, [0, 1, 2, 3, 4, 5]),
        ] as [(String, [Int])] {
            let answer = client.ask(
                #"[48,2,{},"wamp.subscription.get_events",[\#(id)],\#(filter)]"#)
            let list = answer[3][0]
            let found = (0..<list.count).map { list[$0]["args"][0].id.map(Int.init) }
            #expect(found == expected, "\(filter) \(answer)")
        }
        for filter in [
            #"{"limit":0}"#, #"{"limit":-1}"#, #"{"limit":1.5}"#, #"{"limit":"1"}"#,
            #"{"from_time":1}"#, #"{"from_time":"2026-02-30T00:00:00Z"}"#,
            #"{"from_publication":1}"#, #"{"from_publication":"x"}"#, #"{"topic":7}"#,
        ] {
            let answer = client.ask(
                #"[48,2,{},"wamp.subscription.get_events",[\#(id)],\#(filter)]"#)
            #expect(answer[4] == .text("wamp.error.invalid_argument"), "\(filter)")
        }
    }
}
