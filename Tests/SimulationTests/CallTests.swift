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
    private func world(
        _ answerer: Answerer, cores: Int = 2, seed: UInt64 = 1, callTime: UInt64 = 0
    ) -> SpokenWorld {
        SpokenWorld(
            seed: seed, cores: cores, handlers: answerer.registrations, callTime: callTime)
    }

    private func end(_ test: SpokenWorld, sourceLocation: SourceLocation = #_sourceLocation) {
        let pending = test.router.registry.dealer(of: .standard).query { dealer in
            dealer.checkInvariants()
            return dealer.pendingCallCount
        }
        #expect(pending == 0, "calls are left", sourceLocation: sourceLocation)
        test.end()
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
        end(test)
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
        end(test)
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
        end(test)
    }

    @Test("a call with a time limit fails when that is over, and its callee is told")
    func timeLimit() {
        let answerer = Answerer()
        let test = world(answerer, callTime: 300_000_000)
        let callee = test.join(core: 1)
        test.say(callee, #"[64,1,{},"com.p"]"#)
        let client = test.open(core: 0)
        test.say(
            client, "call 1 h.slow 100 goes {}", "call 2 com.p 400 goes {}",
            "call 3 h.slow 0 goes {}")
        test.pass(seconds: 0.05, [client])
        #expect(client.takeMessages().isEmpty)
        test.pass(seconds: 0.1, [client])
        #expect(client.takeMessages() == ["failure 1 wamp.error.timeout"])
        #expect(answerer.cancelCount == 1)
        _ = callee.takeMessages()
        test.pass(seconds: 0.4, [client, callee])
        #expect(client.takeMessages() == ["failure 2 wamp.error.timeout"])
        let interrupt = callee.takeMessages()
        #expect(interrupt.count == 1 && interrupt[0].hasPrefix("[69,1,"), "\(interrupt)")
        // What comes later is nobody's.
        test.say(callee, "[70,1,{},[42]]")
        answerer.answer(.result(Arguments()))
        test.exchangeAll()
        #expect(client.takeMessages().isEmpty)
        answerer.answer(.result(Arguments(value: [0x35])))
        test.exchangeAll()
        #expect(client.takeMessages() == ["answer 3 5"])
        // The route's own limit.
        let other = test.open(SpokenWorld.stream, core: 1)
        test.say(other, Call.call("h.slow"), Call.echo("{}"))
        test.pass(seconds: 0.31, [other], slice: 0.01)
        let heard = other.takeMessages()
        #expect(
            heard.count == 2 && heard[0].contains("error") && heard[1].contains("echo"), "\(heard)")
        end(test)
    }

    @Test("a caller that leaves, in whatever way, cancels what it asked for")
    func callerLeaves() {
        for way in 0..<4 {
            let answerer = Answerer()
            let test = world(answerer, seed: UInt64(1 + way))
            let callee = test.join(core: 0)
            test.say(callee, #"[64,1,{},"com.p"]"#)
            let client = test.open(core: 1)
            test.say(client, "call 1 h.slow 0 goes {}", "call 2 com.p 0 goes {}")
            #expect(answerer.calls.count == 1 && callee.takeMessages().count == 1)
            switch way {
            case 0: client.socket.reset()
            case 1: client.writeClose(1000)
            case 2: client.write("quit")
            default: client.socket.finishSending()
            }
            test.exchangeAll()
            #expect(answerer.cancelCount == 1, "way \(way)")
            let interrupt = callee.takeMessages()
            #expect(interrupt.count == 1 && interrupt[0].hasPrefix("[69,1,"), "\(interrupt)")
            answerer.answer(.result(Arguments()))
            test.say(callee, "[70,1,{},[42]]")
            #expect(client.takeMessages().filter { $0.hasPrefix("answer") }.isEmpty)
            #expect(!callee.hasReceivedClose)
            end(test)
        }
    }

    @Test("a call taken back ends at once, and once")
    func cancel() {
        let answerer = Answerer()
        let test = world(answerer)
        let callee = test.join(core: 0)
        test.say(callee, #"[64,1,{},"com.p"]"#)
        let client = test.open(core: 1)
        #expect(test.say(client, "cancel 9") == ["did cancel 9"], "nothing was asked yet")
        test.say(
            client, "call 1 h.slow 0 goes {}", "call 2 com.p 0 goes {}", "call 3 h.slow 0 goes {}")
        _ = callee.takeMessages()
        let heard = test.say(client, "cancel 1", "cancel 1", "cancel 2", "cancel 7")
        let failures = heard.filter { !$0.hasPrefix("did") }
        #expect(failures == ["failure 1 wamp.error.canceled", "failure 2 wamp.error.canceled"])
        #expect(answerer.cancelCount == 1)
        #expect(callee.takeMessages().map { $0.hasPrefix("[69,1,") } == [true])
        // A token may be used again when its call is over.
        test.say(client, "call 1 h.echo 0 goes 5")
        answerer.answer(.result(Arguments(value: [0x36])))
        answerer.answer(.result(Arguments(value: [0x37])))
        test.exchangeAll()
        #expect(client.takeMessages() == ["answer 3 7"])
        test.say(callee, "[70,1,{},[42]]")
        #expect(client.takeMessages().isEmpty)
        end(test)
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
        end(test)
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
        end(test)
    }

    @Test("a peer that ends its direction is answered first, and its close is not held up")
    func closing() {
        let answerer = Answerer()
        let test = world(answerer)
        let client = test.open()
        test.say(client, "call 1 h.slow 0 holds 1", "echo x")
        client.socket.finishSending()
        test.exchangeAll()
        #expect(!client.hasReceivedClose)
        answerer.answer(.result(Arguments(value: [0x31])))
        test.exchangeAll()
        #expect(client.takeArrivals() == [.message("answer 1 1"), .message("x"), .close(1000)])
        // A server that goes says so whatever waits.
        let other = test.open()
        test.say(other, "call 1 h.slow 0 holds 1", "echo x")
        test.world.stop()
        test.exchangeAll()
        #expect(other.takeArrivals() == [.close(1001)])
        #expect(answerer.cancelCount == 1)
        end(test)
    }

    @Test("the end of the server cancels what its handlers are doing")
    func stop() {
        let answerer = Answerer()
        let test = world(answerer)
        let client = test.open(core: 1)
        let peer = test.join(core: 0)
        test.say(client, "call 1 h.slow 0 goes {}")
        test.say(peer, #"[48,1,{},"h.slow"]"#)
        #expect(answerer.calls.count == 2)
        test.world.stop()
        test.exchangeAll()
        #expect(answerer.cancelCount == 2)
        end(test)
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

/// Calls that wait until a test answers them, oldest first. Used from one thread.
final class Answerer: @unchecked Sendable {
    private(set) var calls: [HandledCall] = []
    /// How often a handler was told that nobody waits any more.
    private(set) var cancelCount = 0
    /// Calls that were asked.
    private(set) var askedCount = 0

    /// `h.echo` and all that begins with `g.`, answered at once, and `h.slow` that tests answer.
    var registrations: [HandlerRegistration] {
        [
            HandlerRegistration(.exact(SpokenDialect.room("h.echo"))) {
                $0.answer(.result($0.call.arguments))
            },
            HandlerRegistration(.prefix(Array("g.".utf8))) { call in
                let name = SpokenDialect.name(of: call.procedure)
                call.answer(.result(Arguments(value: Array("\"\(name)\"".utf8))))
            },
            HandlerRegistration(.exact(SpokenDialect.room("h.slow"))) { [self] call in
                calls.append(call)
                askedCount += 1
                call.whenCanceled { self.cancelCount += 1 }
            },
        ]
    }

    func answer(_ outcome: CallOutcome, at place: Int = 0) {
        calls.remove(at: place).answer(outcome)
    }
}
