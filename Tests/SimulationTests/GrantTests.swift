// What a back end grants once and answers itself: grants, testaments, procedures.

import Bytes
import DialectKit
import Engine
import Rooms
import Testing
import WAMP
import WebSocket

@testable import WAMPRouter

@Suite struct GrantTests {
    @Test("a grant holds for every dialect without any further question")
    func grants() {
        let world = GateWorld(asking: .connect)
        let grant =
            #"{"subscribe":["com.a",{"match":"prefix","room":"com.p."}],"publish":["com.a.e"],"call":["shop.one"],"register":[]}"#
        let openAPI = world.open(GateWorld.stream, grant: grant)
        let wamp = world.join(grant: grant)
        let asked = world.backEnd.questions.count
        world.backEnd.answers["/rpc"] = (200, #"{"result":1}"#)
        for (message, isAllowed) in [
            (Call.subscribe("com.a"), false), (Call.subscribe("com.p.x", "e"), true),
            (Call.subscribe("com", "a"), true), (Call.subscribe("com", "a*"), false),
            (Call.publish("com.a", data: "[]"), true),
            (Call.publish("com.b", data: "[]"), false), (Call.call("shop.one"), true),
            (Call.call("shop.two"), false),
        ] {
            let answers = world.write(openAPI, message)
            #expect(answers.count == 1, "\(message)")
            #expect(answers.map(isDenied) == [!isAllowed], "\(message)")
        }
        for (message, isAllowed) in [
            (#"[32,1,{},"com.a"]"#, true), (#"[32,2,{},"com.b"]"#, false),
            (#"[32,3,{"match":"prefix"},"com.p.q"]"#, true),
            (#"[32,4,{"match":"prefix"},"com"]"#, false),
            (#"[16,5,{"acknowledge":true},"com.a.e"]"#, true),
            (#"[16,6,{"acknowledge":true},"com.a"]"#, false),
            (#"[48,7,{},"shop.one"]"#, true), (#"[48,8,{},"shop.two"]"#, false),
            (#"[64,9,{},"com.a"]"#, false),
            (#"[48,10,{},"wamp.session.count"]"#, false),
        ] {
            let answers = world.say(wamp, message)
            #expect(answers.count == 1, "\(message)")
            #expect(answers.map(isDenied) == [!isAllowed], "\(message)")
        }
        #expect(
            world.backEnd.questions[asked...].allSatisfy { $0.target == "/rpc" })
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a testament is a publication nobody can be asked about later")
    func testaments() {
        let call =
            #"[48,1,{},"wamp.session.add_testament",["com.will",["gone"],{}]]"#
        for (questions, grant, isAllowed) in [
            (GateQuestions.connect, "", true), (.connect, #"{"publish":["com.will"]}"#, true),
            (.connect, #"{"publish":[]}"#, false), ([.connect, .publish], "", false),
        ] {
            let world = GateWorld(asking: questions)
            let client = world.join(grant: grant)
            #expect(world.say(client, call).map(isDenied) == [!isAllowed])
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a back end answers calls of every dialect, and publishes before it answers")
    func procedures() {
        let world = GateWorld(asking: .connect)
        let openAPI = world.open(GateWorld.stream, grant: #"{"context":{"id":7}}"#)
        let wamp = world.join()
        #expect(world.say(wamp, #"[32,1,{},"com.news"]"#).count == 1)
        #expect(world.write(openAPI, Call.call("shop.total", #"{"n":1.0}"#)).isEmpty)
        let body = world.backEnd.questions.last?.body ?? ""
        #expect(body.hasPrefix(#"{"procedure":"shop.total","#))
        #expect(body.contains(#"{"n":1.0}"#))
        #expect(body.hasSuffix(#""context":{"granted":{"id":7}}}"#))
        world.answer(
            200,
            #"{"result":{"sum":2.50},"publish":[{"room":"com.news","data":1}],"push":[{"event":"e","data":2}]}"#
        )
        #expect(openAPI.takeMessages().map { $0.contains(#"{"sum":2.50}"#) } == [true])
        #expect(world.heard(wamp).map { $0.hasSuffix(",{},[1]]") } == [true])
        #expect(world.say(wamp, #"[48,2,{},"shop.total",[1],{"a":2}]"#).isEmpty)
        world.answer(422, #"{"error":{"message":"no","uri":"com.shop.bad","kwargs":{"f":1}}}"#)
        #expect(world.heard(wamp) == [#"[8,48,2,{},"com.shop.bad",["no"],{"f":1}]"#])
        #expect(world.say(wamp, #"[48,3,{},"shop.total"]"#).isEmpty)
        wamp.socket.reset()
        world.exchangeAll()
        #expect(world.backEnd.canceledCount == 1)
        world.end()
        #expect(world.world.violations == [])
    }
}
