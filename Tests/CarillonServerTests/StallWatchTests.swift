import Testing

@testable import CarillonServer

@Suite struct StallWatchTests {
    private func look(
        _ watch: inout StallWatch, turns: UInt64, asleep: Bool = false,
        elapsed: Duration = .milliseconds(60), abort: Duration = .seconds(10)
    ) -> StallWatch.Verdict {
        watch.look(
            turns: turns, isAsleep: asleep, elapsed: elapsed, distance: .milliseconds(60),
            warning: .milliseconds(250), abort: abort)
    }

    @Test("a core that turns or sleeps is left alone")
    func healthy() {
        var watch = StallWatch()
        for turns in 1...50 { #expect(look(&watch, turns: UInt64(turns)) == .none) }
        for _ in 0..<500 { #expect(look(&watch, turns: 50, asleep: true) == .none) }
    }

    @Test("a turn that takes too long is told once, and so is its end")
    func stall() {
        var watch = StallWatch()
        _ = look(&watch, turns: 1)
        for _ in 0..<4 { #expect(look(&watch, turns: 1) == .none) }
        #expect(look(&watch, turns: 1) == .stalled)
        for _ in 0..<10 { #expect(look(&watch, turns: 1) == .none) }
        #expect(look(&watch, turns: 2) == .recovered(.milliseconds(900)))
        #expect(look(&watch, turns: 3) == .none)
    }

    @Test("a turn that does not end is hopeless, unless nobody wants to know")
    func hopeless() {
        var watch = StallWatch()
        var patient = StallWatch()
        var verdict = StallWatch.Verdict.none
        for _ in 0..<168 {
            verdict = look(&watch, turns: 0)
            #expect(look(&patient, turns: 0, abort: .zero) != .hopeless(.seconds(10)))
        }
        #expect(verdict == .hopeless(.milliseconds(10_080)))
    }

    @Test("a process that was stopped for an hour is not stuck")
    func stopped() {
        var watch = StallWatch()
        _ = look(&watch, turns: 1)
        #expect(look(&watch, turns: 1, elapsed: .seconds(3600)) == .none)
        #expect(look(&watch, turns: 2) == .none)
    }
}
