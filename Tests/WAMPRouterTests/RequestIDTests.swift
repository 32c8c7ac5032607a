// What the request id of a CALL decides before anything else: a call in progress has one answer, and
// what repeats its id has none (reference §2.1, §4, §8.10).

import Testing

@testable import WAMPRouter

@Suite struct RequestIDTests {
    /// Calls that the router refuses or answers by itself, as they would be answered alone.
    private let answered: [(call: String, answer: Int)] = [
        (#"{"timeout":"soon"},"com.p""#, 8), (#"{},"com..p""#, 8), (#"{},"denied.p""#, 8),
        (#"{"disclose_me":true},"com.hidden.p""#, 8), (#"{},"wamp.session.count""#, 50),
        (#"{},"wamp.no.such""#, 8), (#"{},"wamp.session.get",["x"]"#, 8),
        (#"{},"wamp.session.kill_all""#, 50),
    ]

    private func pair(_ form: WAMPForm, _ settings: RouterSettings = RouterSettings()) -> (
        hub: ModelHub, callee: Client, caller: Client
    ) {
        let hub = ModelHub(settings: settings)
        let (callee, caller) = (Client.joined(hub), Client.joined(hub, form))
        callee.say(#"[64,1,{},"com.p"]"#)
        #expect(callee.message()[0].id == 65)
        return (hub, callee, caller)
    }

    @Test("each of these calls has its one answer when its id is free")
    func free() {
        for (call, answer) in answered {
            let (_, _, caller) = pair(.json)
            #expect(caller.ask("[48,1,\(call)]")[0].id == UInt64(answer), "\(call)")
            #expect(caller.isSilent)
        }
    }

    @Test("no call with the id of one in progress is answered: it ends the session")
    func inProgress() {
        for form in WAMPForm.allCases {
            for (call, _) in answered {
                for parts in [["{}", ""], [#"{"progress":true}"#, "{}"]] {
                    let (hub, callee, caller) = pair(form)
                    for options in parts where !options.isEmpty {
                        caller.say(#"[48,7,\#(options),"com.p"]"#)
                    }
                    _ = callee.hearAll()
                    caller.say("[48,7,\(call)]")
                    let heard = caller.hearAll()
                    #expect(heard.count == 2 && heard.last == "close 1002", "\(call): \(heard)")
                    #expect(heard.first?.contains("protocol_violation") == true)
                    #expect(
                        callee.hearAll() == [#"[69,1,{"mode":"killnowait"}]"#], "\(form) \(call)")
                    callee.say("[70,1,{}]")
                    #expect(callee.connection.isOpen)
                    hub.lose(callee.connection)
                    #expect(hub.leftovers.isEmpty)
                }
            }
        }
    }

    @Test("in one batch as well, where the dealer has not heard of the first call yet")
    func oneBatch() {
        for form in WAMPForm.allCases where form.isBatched {
            for (call, _) in answered {
                let (_, callee, caller) = pair(form)
                caller.say([#"[48,7,{},"com.p"]"#, "[48,7,\(call)]"])
                let heard = caller.hearAll()
                #expect(heard.count == 2 && heard.last == "close 1002", "\(call): \(heard)")
                #expect(callee.hearAll().count == 2, "asked and told to stop")
            }
        }
    }

    @Test("in one batch a meta call sees what the requests before it did (§6.9)")
    func batchedRegistration() {
        for form in WAMPForm.allCases where form.isBatched {
            let client = Client.joined(ModelHub(), form)
            client.say([
                #"[64,1,{},"com.q"]"#, #"[48,2,{},"wamp.registration.lookup",["com.q"]]"#,
                #"[48,3,{},"wamp.registration.count_callees",[0]]"#,
            ])
            let id = client.message()
            #expect(id[0].id == 65)
            #expect(client.message() == Value("[50,2,{},[\(id[2])]]"))
            #expect(client.message()[4] == .text("wamp.error.no_such_registration"))
            client.say([
                "[66,4,\(id[2])]", #"[48,5,{},"wamp.registration.lookup",["com.q"]]"#,
                #"[6,{},"a.b"]"#, #"[48,6,{},"wamp.registration.list"]"#,
            ])
            // What a session leaves behind unanswered is forgotten.
            #expect(client.hearAll() == [farewell])
        }
    }

    @Test("while parts are expected, a call with the id is one, whatever else it says")
    func parts() {
        for form in WAMPForm.allCases {
            for (call, _) in answered {
                let (hub, callee, caller) = pair(form)
                caller.say(#"[48,7,{"progress":true,"disclose_me":true},"com.p",[1]]"#)
                let first = callee.message()
                #expect(first[3]["progress"] == .bool(true))
                caller.say("[48,7,\(call)]")
                let last = callee.message()
                #expect(last[0].id == 68 && last[1] == first[1], "\(call)")
                #expect(last[3]["progress"] == .null)
                #expect(last[3]["caller"].id == caller.id, "frozen by the first part")
                #expect(caller.isSilent)
                callee.say(#"[70,1,{},["one answer"]]"#)
                #expect(caller.hearAll() == [#"[50,7,{},["one answer"]]"#])
                for client in [callee, caller] { hub.lose(client.connection) }
                #expect(hub.leftovers.isEmpty)
            }
        }
    }

    @Test("a late part of an answered call is not answered, and the id is free behind the last one")
    func late() {
        for (call, answer) in answered {
            let (_, callee, caller) = pair(.json)
            caller.say(#"[48,7,{"progress":true},"com.p"]"#)
            callee.say("[70,1,{}]")
            #expect(caller.hearAll() == ["[50,7,{}]"])
            caller.say("[48,7,\(call)]")
            // A meta procedure is answered when it is called anew.
            #expect(caller.isSilent, "\(call)")
            #expect(caller.ask("[48,7,\(call)]")[0].id == UInt64(answer), "\(call)")
        }
    }

    @Test("a call in parts that is refused is refused once")
    func refusedParts() {
        for procedure in ["denied.p", "com..p", "wamp.no.such"] {
            let (_, _, caller) = pair(.json)
            for _ in 0..<3 { caller.say(#"[48,7,{"progress":true},"\#(procedure)"]"#) }
            caller.say(#"[48,7,{},"\#(procedure)"]"#)
            let heard = caller.hearAll()
            #expect(heard.count == 1 && heard[0].hasPrefix("[8,48,7,"), "\(procedure): \(heard)")
        }
    }

    // MARK: Ids that count up

    private var counting: RouterSettings {
        var settings = RouterSettings()
        settings.wantsSequentialRequests = true
        return settings
    }

    @Test("where ids count up, an old one is a late part for ever, and no call")
    func oldForEver() {
        for call in answered.map(\.call) + [#"{},"com.p""#, #"{"progress":true},"com.p""#] {
            for pause in [0, 61 * second, 3600 * second] {
                let (hub, callee, caller) = pair(.json, counting)
                caller.say(#"[48,1,{"progress":true},"com.p"]"#)
                caller.say(#"[48,2,{},"com.p"]"#)
                callee.say(["[70,1,{}]", "[70,2,{}]"])
                #expect(caller.hearAll().count == 2)
                _ = callee.hearAll()
                hub.pass(pause)
                for id in [1, 2, 1] { caller.say("[48,\(id),\(call)]") }
                #expect(caller.isSilent && caller.connection.isOpen, "\(call) \(pause)")
                #expect(callee.isSilent && callee.connection.isOpen)
                #expect(caller.ask(#"[48,3,{},"wamp.session.count"]"#)[0].id == 50)
            }
        }
    }

    @Test("where ids count up, the pending call of an old id still takes its parts, or none")
    func oldAndPending() {
        let (_, callee, caller) = pair(.json, counting)
        caller.say(#"[48,1,{"progress":true},"com.p"]"#)
        caller.say(#"[48,2,{},"com.p"]"#)
        caller.say(#"[48,1,{"timeout":"x"},"com.p"]"#)
        #expect(callee.hearAll().count == 3)
        #expect(caller.isSilent)
        caller.say(#"[48,2,{},"wamp.session.count"]"#)
        #expect(caller.hearAll().last == "close 1002")
    }

    @Test("a refused or ignored request counts, too")
    func refusedCounts() {
        let client = Client.joined(ModelHub(settings: counting))
        client.say([
            #"[32,1,{},"com..t"]"#, #"[64,2,{"invoke":"x"},"com.p"]"#, #"[16,3,{},"com..t"]"#,
            #"[16,4,{"acknowledge":true},"wamp.t"]"#, #"[48,5,{},"com..p"]"#,
            #"[48,6,{"timeout":[]},"com.p"]"#, #"[34,7,1]"#, #"[48,8,{},"wamp.session.count"]"#,
        ])
        #expect(client.hearAll().count == 7, "all but the publication that wants no answer")
        #expect(client.connection.isOpen)
        client.say(#"[32,8,{},"com..t"]"#)
        #expect(client.hearAll().last == "close 1002")
    }
}
