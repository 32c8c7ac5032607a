// How calls end but by an answer: time limits, callers that leave or take back, the server's end.

import DialectKit
import Engine
import Hub
import Rooms
import Testing

extension CallTests {
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
        end(test, answerer)
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
            end(test, answerer)
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
        end(test, answerer)
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
        end(test, answerer)
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
        end(test, answerer)
    }
}
