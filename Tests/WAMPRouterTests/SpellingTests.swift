// Names are octets: what is only equivalent to Unicode is another name, and nothing is sorted to
// find that out.

import DialectKit
import Hub
import Testing

@testable import WAMPRouter

@Suite struct SpellingTests {
    /// Texts that Swift compares and hashes in minutes, since it sorts the marks of a letter.
    private let marks = "a" + String(repeating: "\u{301}\u{323}", count: 250_000)

    @Test("whatever a HELLO is written with, it is answered")
    func longMarks() {
        for details in [
            #""authmethods":["\#(marks)","anonymous"]"#, #""authid":"\#(marks)""#,
            #""authid":"\#(marks)","authmethods":["cryptosign","ticket","wampcra","scram"]"#,
            #""authrole":"\#(marks)","authmethods":["ticket"],"authid":"martin""#,
            #""authextra":{"\#(marks)":"x","\#(marks)b":"y","c":"\#(marks)"}"#,
        ] {
            let client = Client(ModelHub())
            client.say(#"[1,"realm1",{"roles":\#(allRoles),\#(details)}]"#)
            #expect([2, 3, 4].contains(client.message()[0].id))
        }
        let client = Client(ModelHub())
        client.say(
            #"[1,"realm1",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"martin"}]"#)
        #expect(client.message()[0].id == 4)
        client.say(#"[5,"\#(marks)",{"\#(marks)":"\#(marks)"}]"#)
        #expect(client.message()[0].id == 3)
    }

    @Test("and so are names of receivers, roles and sessions, and errors of callees")
    func longNames() {
        let hub = ModelHub()
        let (one, other) = (Client.joined(hub), Client.joined(hub))
        let few = String(marks.unicodeScalars.prefix(10_001))
        let pairs = Array(repeating: #""\#(few)","\#(few)b""#, count: 10).joined(separator: ",")
        other.say(#"[32,1,{},"com.t"]"#)
        _ = other.hearAll()
        for (number, filter) in ["eligible_authid", "exclude_authrole"].enumerated() {
            for names in [#""\#(marks)""#, pairs] {
                one.say(#"[16,\#(number),{"\#(filter)":[\#(names)]},"com.t"]"#)
                #expect(other.hearAll().count == number)
            }
        }
        for (number, call) in [
            #""wamp.session.count",[["\#(few)","\#(few)b"]]"#,
            #""wamp.session.list",[["\#(few)"]]"#, #""wamp.session.kill_by_authid",["\#(few)"]"#,
            #""wamp.session.kill_by_authrole",["\#(few)"]"#,
            #""wamp.subscription.lookup",["com.t",{"match":"\#(few)"}]"#,
            #""wamp.session.flush_testaments",[],{"scope":"\#(few)"}"#,
        ].enumerated() {
            let answer = one.ask("[48,\(100 + number),{},\(call)]")
            #expect([8, 50].contains(answer[0].id), "\(call.prefix(40))")
        }
        other.say(#"[64,2,{},"com.p"]"#)
        _ = other.hearAll()
        one.say(#"[48,200,{},"com.p"]"#)
        let invocation = other.message()[1].id ?? 0
        other.say(#"[8,68,\#(invocation),{},"\#(marks)"]"#)
        #expect(one.message()[4] == .text(marks))
    }

    @Test("a session is named by the octets of its authid")
    func spelling() {
        let hub = ModelHub()
        let (one, other) = (Client.joined(hub), owner(hub, name: "caf\u{E9}"))
        func kill(_ number: Int, _ name: String) -> Int {
            one.ask(#"[48,\#(number),{},"wamp.session.kill_by_authid",["\#(name)"]]"#)[3][0].count
        }
        #expect(kill(1, "cafe\u{301}") == 0)
        #expect(other.isSilent)
        #expect(kill(2, "caf\u{E9}") == 1)
    }
}
