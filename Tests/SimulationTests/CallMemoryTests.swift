// What calls hold until they are answered: the process's limit on it holds in every dialect, no call
// that waits is dropped for it, and mail of calls holds back who sends too much of it.

import DialectKit
import Hub
import Synchronization
import Telemetry
import Testing

@testable import Engine

@Suite("memory of calls, simulated") struct CallMemorySimulationTests {
    private let answerer = Answerer()

    /// A world in which calls may hold so many octets.
    private func world(_ callSize: Int, mailSize: Int = 1 << 20) -> SpokenWorld {
        var limits = Limits()
        limits.processReceiveQueueSize = 4 * callSize
        limits.mailSize = mailSize
        return SpokenWorld(cores: 2, limits: limits, handlers: answerer.registrations)
    }

    private func hits(_ limit: LimitName, _ test: SpokenWorld) -> Int {
        test.world.state.metrics.reduce(0) { $0 + Int($1.value(of: limit)) }
    }

    private func end(_ test: SpokenWorld, sourceLocation: SourceLocation = #_sourceLocation) {
        test.end()
        answerer.forget()
        #expect(test.world.state.callMemory.size == 0, sourceLocation: sourceLocation)
        #expect(test.world.violations == [], sourceLocation: sourceLocation)
    }

    @Test("calls are refused while those that wait hold all there is, and none of these is dropped")
    func handlers() {
        let test = world(100_000)
        let memory = test.world.state.callMemory
        let wamp = test.join(core: 0)
        let other = test.open(SpokenWorld.stream, core: 1)
        let text = String(repeating: "x", count: 30_000)
        for request in 1...6 {
            let heard = test.say(wamp, #"[48,\#(request),{},"h.slow",["\#(text)"]]"#)
            let refusal =
                #"[8,48,\#(request),{},"wamp.error.unavailable",["no memory for another call"]]"#
            #expect(heard == (request <= 2 ? [] : [refusal]))
        }
        // Half of it is all that one client may have, or one call more.
        #expect(answerer.calls.count == 2)
        #expect(memory.size > 2 * 30_000 && memory.size < 2 * 32_000)
        for _ in 0..<2 {
            #expect(test.say(test.join(core: 1), #"[48,1,{},"h.slow",["\#(text)"]]"#) == [])
        }
        #expect(answerer.calls.count == 4)
        #expect(memory.size > 4 * 30_000 && memory.size < 4 * 32_000)
        let refusal = test.say(other, Call.call("h.slow"))
        #expect(refusal.count == 1 && refusal[0].contains("no memory for another call"))
        #expect(hits(.processReceiveQueueShare, test) == 5)
        // What needs no call goes on.
        #expect(test.say(other, Call.echo("{}")).count == 1)
        answerer.answer(.result(Arguments()))
        test.exchangeAll()
        #expect(wamp.takeMessages() == ["[50,1,{}]"])
        #expect(test.say(other, Call.call("h.slow")) == [])
        #expect(answerer.calls.count == 4)
        while !answerer.calls.isEmpty { answerer.answer(.result(Arguments())) }
        test.exchangeAll()
        #expect(wamp.takeMessages() == ["[50,2,{}]"])
        #expect(other.takeMessages().count == 1)
        #expect(memory.size == 0)
        end(test)
    }

    @Test("who leaves takes along what its calls hold, and a time limit gives it back")
    func leaving() {
        let test = world(1_000_000)
        let memory = test.world.state.callMemory
        let first = test.join(core: 0)
        let second = test.join(core: 1)
        for client in [first, second] {
            test.say(client, #"[48,1,{},"h.slow",["\#(String(repeating: "x", count: 5_000))"]]"#)
            test.say(client, #"[48,2,{"timeout":100},"h.slow",[1]]"#)
        }
        #expect(memory.size > 10_000)
        first.socket.reset()
        test.exchangeAll()
        test.pass(seconds: 0.3, [second])
        #expect(answerer.cancelCount == 3)
        // The handler has not let go of any.
        #expect(memory.size > 10_000)
        answerer.forget()
        #expect(memory.size > 0)
        second.socket.reset()
        test.exchangeAll()
        #expect(memory.size == 0)
        end(test)
    }

    @Test("calls that a client leaves unanswered count each by its record, not by its arguments")
    func records() {
        let test = world(10_000)
        let callee = test.join(core: 0)
        let caller = test.join(core: 1)
        test.say(callee, #"[64,1,{},"com.p"]"#)
        let text = String(repeating: "x", count: 3_000)
        var refused = 0
        for request in 1...25 {
            refused += test.say(caller, #"[48,\#(request),{},"com.p",["\#(text)"]]"#).count
        }
        let waiting = 25 - refused
        #expect(waiting == 1 + (10_000 - 1) / CallMemory.recordSize)
        #expect(callee.takeMessages().count == waiting)
        #expect(test.world.state.callMemory.size == waiting * CallMemory.recordSize)
        #expect(test.say(callee, "[70,1,{}]").isEmpty)
        #expect(caller.takeMessages() == ["[50,1,{}]"])
        #expect(test.say(caller, #"[48,26,{},"com.p"]"#).isEmpty)
        callee.socket.reset()
        test.exchangeAll()
        #expect(caller.takeMessages().count == waiting)
        #expect(test.world.state.callMemory.size == 0)
        end(test)
    }

    @Test("a callee that sends progress faster than it can be passed on is not read meanwhile")
    func progress() {
        let test = world(1_000_000, mailSize: 20_000)
        let features = #","progressive_call_results":true"#
        let caller = test.join(core: 0, features: features)
        let callee = test.join(core: 1, features: features)
        test.say(callee, #"[64,1,{},"com.p"]"#)
        test.say(caller, #"[48,1,{"receive_progress":true},"com.p"]"#)
        #expect(callee.takeMessages().count == 1)
        let text = String(repeating: "x", count: 2_000)
        for number in 0..<60 { callee.write(#"[70,1,{"progress":true},[\#(number),"\#(text)"]]"#) }
        callee.push()
        var peak = 0
        for number in 0..<100 {
            test.world.turn(of: number % 10 == 0 ? 0 : 1)
            peak = max(peak, test.world.state.mailOctets.load(ordering: .relaxed))
        }
        #expect(hits(.mailSize, test) >= 1)
        #expect(peak > 20_000 && peak < 24_000)
        test.pass(seconds: 5, [caller, callee])
        let heard = caller.takeMessages()
        #expect(heard == (0..<60).map { #"[50,1,{"progress":true},[\#($0),"\#(text)"]]"# })
        #expect(!test.world.state.isCongested)
        end(test)
    }
}
