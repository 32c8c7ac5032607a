import Testing

@testable import Hub

@Suite("calls that end before their answer")
struct DealerCancelTests {
    private func makeDesk(_ callee: PartyFeatures = .all) -> Desk {
        let desk = Desk()
        desk.open(1, .all)
        desk.open(2)
        desk.open(11, callee)
        desk.register(exact("slow"), 11)
        return desk
    }

    @Test("each mode answers and tells as its table says (§18.12)")
    func modes() {
        let desk = makeDesk()
        desk.call("slow", 1, request: 1)
        #expect(desk.cancel(1, 1, .skip) == ["1 error 1 wamp.error.canceled -"])
        desk.call("slow", 1, request: 2)
        #expect(
            desk.cancel(2, 1, .killNoWait)
                == ["1 error 2 wamp.error.canceled -", "11 interrupt 2 killNoWait -"])
        desk.call("slow", 1, request: 3)
        #expect(desk.cancel(3, 1, .kill) == ["11 interrupt 3 kill -"])
        #expect(desk.fail(3, 11, "wamp.error.canceled") == ["1 error 3 wamp.error.canceled e"])
        desk.call("slow", 1, request: 4)
        desk.call("slow", 1, request: 5)
        _ = desk.cancel(5, 1, .kill)
        #expect(desk.yield(5, 11) == ["1 result 5 r"])
        #expect(desk.yield(1, 11) == [])
        #expect(desk.yield(2, 11) == [])
    }

    @Test("a second cancel, and one of an unknown or ended call, do nothing")
    func ignored() {
        let desk = makeDesk()
        desk.call("slow", 1, request: 1)
        _ = desk.cancel(1, 1, .kill)
        for mode in [CancelMode.skip, .kill, .killNoWait] {
            #expect(desk.cancel(1, 1, mode) == [])
            #expect(desk.cancel(9, 1, mode) == [])
            #expect(desk.cancel(1, 2, mode) == [])
        }
        desk.yield(1, 11)
        #expect(desk.cancel(1, 1, .kill) == [])
    }

    @Test("a callee that takes no interrupts makes every mode skip")
    func deafCallee() {
        for mode in [CancelMode.skip, .kill, .killNoWait] {
            let desk = makeDesk(PartyFeatures.all.subtracting(.takesInterrupts))
            desk.call("slow", 1, request: 1)
            #expect(desk.cancel(1, 1, mode) == ["1 error 1 wamp.error.canceled -"])
        }
    }

    @Test("a caller that cannot cancel is not answered, and its call is dropped (§18.14)")
    func unannounced() {
        for mode in [CancelMode.skip, .kill, .killNoWait] {
            let desk = makeDesk()
            desk.call("slow", 2, request: 1)
            #expect(
                desk.cancel(1, 2, mode) == (mode == .skip ? [] : ["11 interrupt 1 \(mode) -"]))
            #expect(desk.yield(1, 11) == [])
            #expect(desk.counters.dropped == 1)
            #expect(desk.remains[2] == 0)
        }
    }

    @Test("a timeout answers the caller and stops the callee (§18.13)")
    func timeout() {
        let desk = makeDesk(.takesInterrupts)
        desk.call("slow", 1, request: 4, .init(timeout: 500 * millisecond))
        let due = desk.now + 500 * millisecond
        #expect(desk.nextDeadline == due)
        desk.now = due - 1
        #expect(desk.expire() == [])
        desk.now = due
        #expect(
            desk.expire() == [
                "1 error 4 wamp.error.timeout -", "11 interrupt 1 killNoWait wamp.error.timeout",
            ])
        #expect(desk.yield(1, 11) == [])
        #expect(desk.nextDeadline == nil)
    }

    @Test("a callee that keeps the timeout is told of it, and gets a grace")
    func forwarded() {
        for (features, forwards) in [(PartyFeatures.keepsTimeouts, false), ([], true)] {
            let desk = Desk()
            desk.open(1)
            desk.open(11, features)
            desk.register(exact("a"), 11, .init(.single, forwardsTimeout: forwards))
            #expect(
                desk.call("a", 1, request: 1, .init(timeout: 7 * millisecond))
                    == ["11 invoke 1 1 timeout=7000000 a"])
            #expect(desk.nextDeadline == desk.now + 507 * millisecond)
            desk.now += 507 * millisecond
            #expect(desk.expire() == ["1 error 1 wamp.error.timeout -"])
        }
    }

    @Test("progress that is passed on begins the interval anew; an answer ends it")
    func restarted() {
        let desk = makeDesk([.yieldsProgress, .takesInterrupts])
        desk.call("slow", 1, request: 1, .init(timeout: 10 * millisecond, progress: true))
        desk.now += 8 * millisecond
        desk.yield(1, 11, progress: true)
        #expect(desk.nextDeadline == desk.now + 10 * millisecond)
        desk.yield(1, 11)
        #expect(desk.nextDeadline == nil)
        desk.call("slow", 1, request: 2, .init(timeout: 10 * millisecond))
        let due = desk.nextDeadline
        desk.now += 8 * millisecond
        desk.yield(2, 11, progress: true)
        #expect(desk.nextDeadline == due)
    }

    @Test("the timeout keeps running when a call is handed on")
    func rerouted() {
        let desk = makeDesk()
        desk.open(12, .reroutes)
        desk.open(13, [.reroutes, .keepsTimeouts])
        desk.register(exact("a"), 12, .init(.first))
        desk.register(exact("a"), 13, .init(.first))
        desk.call("a", 1, request: 1, .init(timeout: 10 * millisecond))
        let due = desk.nextDeadline!
        desk.now += 4 * millisecond
        #expect(desk.fail(1, 12, CallError.unavailable) == ["13 invoke 1 2 timeout=6000000 a"])
        #expect(desk.nextDeadline == due + 500 * millisecond)
    }

    @Test("a killed call that times out is answered, and its callee not told twice")
    func killedAndOver() {
        let desk = makeDesk(.takesInterrupts)
        desk.call("slow", 1, request: 1, .init(timeout: millisecond))
        _ = desk.cancel(1, 1, .kill)
        desk.now += millisecond
        #expect(desk.expire() == ["1 error 1 wamp.error.timeout -"])
    }

    @Test("parts after a kill are not passed on, and answered calls are not answered again")
    func partsAfterKill() {
        let desk = makeDesk()
        desk.call("slow", 1, request: 1, .init(part: true))
        _ = desk.cancel(1, 1, .kill)
        #expect(desk.call("slow", 1, request: 1, .init(part: true)) == [])
        #expect(desk.fail(1, 11, "wamp.error.canceled") == ["1 error 1 wamp.error.canceled e"])
        #expect(desk.call("slow", 1, request: 1) == [])
    }

    @Test("the longest timeouts end at the end of time, not in a trap")
    func longest() {
        let desk = makeDesk()
        #expect(
            desk.call("slow", 1, request: 1, .init(timeout: .max))
                == ["11 invoke 1 1 timeout=\(UInt64.max) a"])
        #expect(desk.nextDeadline == .max)
        #expect(desk.expire() == [])
    }

    @Test("a crowd that is due ends in slices, oldest first")
    func slices() {
        var limits = DealerLimits()
        limits.callsPerExpiry = 2
        let desk = Desk(limits: limits)
        desk.open(1)
        desk.register(exact("a"), 1)
        for request: UInt64 in 1...3 {
            desk.call("a", 1, request: request, .init(timeout: millisecond))
        }
        desk.now += millisecond
        #expect(
            desk.expire() == ["1 error 1 wamp.error.timeout -", "1 error 2 wamp.error.timeout -"])
        #expect(desk.expire() == ["1 error 3 wamp.error.timeout -"])
    }
}
