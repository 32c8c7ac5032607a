// Calls through the one dealer of a realm: clients that only call, WAMP sessions and handlers of this
// process reach each other, and every call ends once.

import DialectKit
import Engine
import Hub
import Lockfree
import Rooms
import Testing

@Suite("calls") struct CallTests {
    /// A world whose procedures `h.*` are answered by hand, and `h.echo` at once.
    func world(
        _ answerer: Answerer, cores: Int = 2, seed: UInt64 = 1, callTime: UInt64 = 0
    ) -> SpokenWorld {
        SpokenWorld(
            seed: seed, cores: cores, handlers: answerer.registrations, callTime: callTime)
    }

    func end(
        _ test: SpokenWorld, _ answerer: Answerer, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let pending = test.router.registry.dealer(of: .standard).query { dealer in
            dealer.checkInvariants()
            return dealer.pendingCallCount
        }
        #expect(pending == 0, "calls are left", sourceLocation: sourceLocation)
        test.end()
        answerer.forget()
        let parties = test.router.registry.dealer(of: .standard).query { $0.partyCount }
        #expect(parties == 3, "only handlers are left", sourceLocation: sourceLocation)
        #expect(test.world.violations == [], sourceLocation: sourceLocation)
    }

    @Test("an openapi-ws client calls handlers: results, errors, what nobody answers")
    func openAPIToHandler() {
        let answerer = Answerer()
        let test = world(answerer)
        let client = test.open(SpokenWorld.stream, core: 1)
        #expect(
            test.say(client, Call.call("h.echo", #"{"n":1}"#))
                == [#"{"id":"c","method":"h.echo","response":{"n":1}}"#])
        #expect(test.say(client, Call.call("h.slow", #"{"n":2}"#), Call.echo("{}")) == [])
        #expect(answerer.calls.count == 1)
        #expect(answerer.calls[0].call.arguments.value() == Array(#"{"n":2}"#.utf8))
        #expect(answerer.calls[0].procedure == SpokenDialect.room("h.slow"))
        answerer.answer(.result(Arguments(value: Array("[7]".utf8))))
        test.exchangeAll()
        #expect(
            client.takeMessages() == [
                #"{"id":"c","method":"h.slow","response":[7]}"#,
                #"{"id":"e","method":"echo","response":{}}"#,
            ])
        test.say(client, Call.call("h.slow"))
        answerer.answer(.failure(ProcedureError(status: 409, message: "no such thing")))
        test.exchangeAll()
        let refusal = client.takeMessages()
        #expect(refusal.count == 1 && refusal[0].contains("no such thing"), "\(refusal)")
        // One handler for a whole family is told which of it was called.
        #expect(
            test.say(client, Call.call("g.any.thing"))
                == [#"{"id":"c","method":"g.any.thing","response":"g.any.thing"}"#])
        let unknown = test.say(client, Call.call("h.none"))
        #expect(
            unknown.count == 1 && unknown[0].contains("h.none method not available"), "\(unknown)")
        // A crash ends the connection.
        test.say(client, Call.call("h.slow"))
        answerer.answer(.failure(.crashed))
        test.exchangeAll()
        #expect(client.takeArrivals() == [.close(1011)])
        end(test, answerer)
    }

    @Test("an openapi-ws client calls a WAMP callee: results, errors, one that leaves")
    func openAPIToWAMP() {
        let answerer = Answerer()
        let test = world(answerer)
        let callee = test.join(core: 0)
        let heard = test.say(callee, #"[64,1,{},"com.p"]"#)
        #expect(heard.count == 1 && heard[0].hasPrefix("[65,1,"))
        let client = test.open(SpokenWorld.stream, core: 1)
        test.say(client, Call.call("com.p", #"{"n":2}"#))
        var invocation = callee.takeMessages()
        #expect(invocation.count == 1 && invocation[0].hasPrefix("[68,1,"), "\(invocation)")
        #expect(invocation.first?.hasSuffix(#",{},[{"n":2}]]"#) == true, "\(invocation)")
        #expect(test.say(callee, "[70,1,{},[42]]").isEmpty)
        #expect(client.takeMessages() == [#"{"id":"c","method":"com.p","response":42}"#])
        test.say(client, Call.call("com.p"))
        test.say(callee, #"[8,68,2,{},"com.error.bad",["not today"]]"#)
        let refusal = client.takeMessages()
        #expect(refusal.count == 1 && refusal[0].contains("not today"), "\(refusal)")
        test.say(client, Call.call("com.p"))
        invocation = callee.takeMessages()
        #expect(invocation.count == 1, "\(invocation)")
        callee.socket.reset()
        test.exchangeAll()
        let lost = client.takeMessages()
        #expect(
            lost.count == 1 && lost[0].contains("the callee left"), "\(lost)")
        #expect(test.say(client, Call.call("com.p"))[0].contains("not available"))
        end(test, answerer)
    }

    @Test("a WAMP client calls a handler: results, errors, a cancel and a timeout")
    func wampToHandler() {
        let answerer = Answerer()
        let test = world(answerer)
        let client = test.join(core: 1)
        #expect(test.say(client, #"[48,1,{},"h.echo",["x",2]]"#) == [#"[50,1,{},["x",2]]"#])
        test.say(client, #"[48,2,{},"h.slow",[1],{"k":true}]"#)
        #expect(answerer.calls[0].call.origin == nil, "a WAMP caller is disclosed or it is not")
        #expect(
            answerer.calls[0].call.arguments.value()
                == Array(#"{"args":[1],"kwargs":{"k":true}}"#.utf8))
        answerer.calls[0].push(event: "ignored", data: [0x31])
        answerer.answer(.failure(ProcedureError(uri: "com.error.bad", message: "why")))
        test.exchangeAll()
        #expect(client.takeMessages() == [#"[8,48,2,{},"com.error.bad",["why"]]"#])
        for (request, mode) in [(3, "kill"), (4, "killnowait")] {
            test.say(client, #"[48,\#(request),{},"h.slow"]"#)
            let cancelCount = answerer.cancelCount
            let heard = test.say(client, #"[49,\#(request),{"mode":"\#(mode)"}]"#)
            #expect(
                heard.count == 1
                    && heard[0].hasPrefix("[8,48,\(request),{},\"wamp.error.canceled\""), "\(heard)"
            )
            #expect(answerer.cancelCount == cancelCount + 1)
            answerer.answer(.result(Arguments()))
        }
        test.say(client, #"[48,5,{"timeout":100},"h.slow"]"#)
        test.pass(seconds: 0.2, [client])
        let late = client.takeMessages()
        #expect(
            late.count == 1 && late[0].hasPrefix(#"[8,48,5,{},"wamp.error.timeout""#), "\(late)")
        #expect(answerer.cancelCount == 3)
        answerer.answer(.result(Arguments()))
        test.exchangeAll()
        #expect(client.takeArrivals() == [])
        end(test, answerer)
    }

    @Test("what a handler pushes comes before its answer, in its order, to the caller alone")
    func pushes() {
        let answerer = Answerer()
        let test = world(answerer)
        let client = test.open(core: 0)
        let other = test.open(core: 0)
        test.say(client, "call 1 h.slow 0 holds {}", "echo behind")
        #expect(answerer.calls[0].call.context == Array(#"{"from":"spoken"}"#.utf8))
        for number in 0..<3 {
            answerer.calls[0].push(event: "step", data: Array("\(number)".utf8))
            if number == 1 { test.exchangeAll() }
        }
        answerer.answer(.result(Arguments(value: [0x31])))
        test.exchangeAll()
        #expect(
            client.takeMessages() == [
                "push step 0", "push step 1", "push step 2", "answer 1 1", "behind",
            ])
        #expect(other.takeMessages().isEmpty)
        // Nothing comes behind the answer, nor to a caller that has taken its call back.
        test.say(client, "call 3 h.slow 0 goes {}", "call 4 h.slow 0 goes {}")
        let calls = answerer.calls
        answerer.answer(.result(Arguments(value: [0x31])))
        test.say(client, "cancel 4")
        for call in calls { call.push(event: "late", data: [0x31]) }
        answerer.answer(.result(Arguments()))
        test.exchangeAll()
        #expect(client.takeMessages().isEmpty)
        // To a caller that has left nothing goes, whoever has its place.
        test.say(client, "call 2 h.slow 0 goes {}")
        let call = answerer.calls[0]
        client.socket.reset()
        test.exchangeAll()
        call.push(event: "late", data: [0x31])
        answerer.answer(.result(Arguments()))
        test.exchangeAll()
        #expect(other.takeMessages().isEmpty)
        end(test, answerer)
    }

    @Test("the answer to one call releases what waits for it, and nothing that waits for another")
    func heldInput() {
        let answerer = Answerer()
        let test = world(answerer)
        let client = test.open()
        test.say(client, "call 1 h.slow 0 goes 1", "call 2 h.slow 0 holds 2", "echo x")
        answerer.answer(.result(Arguments(value: [0x31])))
        test.exchangeAll()
        #expect(client.takeMessages() == ["answer 1 1"])
        answerer.answer(.result(Arguments(value: [0x32])))
        test.exchangeAll()
        #expect(client.takeMessages() == ["answer 2 2", "x"])
        // Nor what its session holds itself.
        test.say(client, "call 3 h.slow 0 goes 3", "hold 100", "echo y")
        answerer.answer(.result(Arguments(value: [0x33])))
        test.exchangeAll()
        #expect(client.takeMessages() == ["answer 3 3"])
        test.pass(seconds: 0.2, [client])
        #expect(client.takeMessages() == ["y"])
        // A call that ends while it is asked releases what it held.
        test.say(client, "call 4 h.none 0 holds 4", "call 5 h.echo 0 holds 5", "echo z")
        #expect(test.say(client, "echo zz") == ["zz"])
        end(test, answerer)
    }
}

@Suite("call schedules", .serialized) struct CallScheduleTests {
    @Test("the promises of calls hold in every schedule")
    func schedules() {
        guard let sights = ScheduleRun.play(CallSchedule.self, count: 300) else { return }
        for sight in ["results", "failures", "cancels", "timeouts", "losses", "callee losses"] {
            #expect(sights[sight, default: 0] > 0, "never seen: \(sight)")
        }
    }
}
