// Admission to a back end that fails: when its circuit opens, for whom, and how it closes again.

import DialectKit
import Testing

@testable import HTTPLink

extension AdmissionTests {
    @Test("tells those in line when the circuit opens, refuses at once, and finds out by one")
    func breaking() {
        let world = World { $0.breakThreshold = 2 }
        for name in ["a", "b", "c", "d"] { _ = world.take(name) }
        let turn = world.turn()
        world.fail(turn.starts[0].flight)
        world.fail(turn.starts[1].flight)
        #expect(!world.admission.isServing)
        let broken = world.turn()
        #expect(broken.starts.isEmpty)
        #expect(broken.next == 100)
        #expect(
            describe(broken) == [
                "a unreachable(\"gone\")", "b unreachable(\"gone\")", "c circuitOpen",
                "d circuitOpen",
            ])
        #expect(world.submit("e") == .refused(.circuitOpen))
        #expect(!world.turn(99).knocks)
        #expect(world.turn(100).knocks)
        #expect(!world.turn(100).knocks)
        world.admission.knocked(isConnected: true, now: 110)
        #expect(world.admission.isServing)
        _ = world.take("f", isShared: true, now: 110)
        #expect(world.submit("g", now: 110) == .refused(.circuitOpen))
        // The question is the same: it costs the back end nothing.
        _ = world.take("h", isShared: true, now: 110)
        world.finish(world.turn(110).starts[0].flight, now: 120)
        #expect(describe(world.turn(120)) == ["f 200", "h 200"])
        _ = world.take("i", now: 120)
        #expect(world.admission.figures.breaks == 1)
    }

    @Test("opens the circuit for time-outs, but not for those of callers in a hurry")
    func hurry() {
        let world = World { $0.breakThreshold = 2 }
        for round: UInt64 in 0..<20 {
            _ = world.take("a", limit: 10, now: round * 10)
            _ = world.turn(round * 10)
        }
        #expect(world.admission.isServing)
        _ = world.take("b", now: 1000)
        _ = world.take("c", now: 1000)
        #expect(world.turn(1000).starts.count == 2)
        #expect(world.turn(2000).endings.count == 2)
        #expect(!world.admission.isServing)
    }

    @Test("a refusal by somebody in front of the application is an answer, and a failure")
    func badStatus() {
        let world = World { $0.breakThreshold = 2 }
        for _ in 0..<2 {
            _ = world.take("a")
            let outcome = FlightOutcome.answered(BackEndAnswer(status: 503), isFailure: true)
            world.admission.finish(world.turn().starts[0].flight, outcome, now: 0)
            #expect(describe(world.turn()) == ["a 503"])
        }
        #expect(world.submit("b") == .refused(.circuitOpen))
    }

    @Test("opens no circuit for notices, and sends none to who is left alone")
    func notices() {
        let world = World { $0.breakThreshold = 2 }
        for name in ["a", "b", "c"] {
            #expect(world.submit(name, isNotice: true) != .refused(.circuitOpen))
            world.fail(world.turn().starts[0].flight)
            _ = world.turn()
        }
        _ = world.submit("late", isNotice: true)
        #expect(world.turn().starts.count == 1)
        #expect(describe(world.turn(1000)) == ["late timedOut"])
        #expect(world.admission.isServing)
        for name in ["d", "e"] {
            _ = world.take(name, now: 1000)
            world.fail(world.turn(1000).starts[0].flight, now: 1000)
        }
        #expect(world.submit("f", isNotice: true, now: 1000) == .refused(.circuitOpen))
        #expect(world.turn(1100).knocks)
        world.admission.knocked(isConnected: true, now: 1110)
        // A question finds out, not a notice.
        #expect(world.submit("g", isNotice: true, now: 1110) == .refused(.circuitOpen))
        _ = world.take("h", now: 1110)
        world.finish(world.turn(1110).starts[0].flight, now: 1120)
        #expect(world.submit("i", isNotice: true, now: 1120) != .refused(.circuitOpen))
    }

    @Test("what the back end says in vain is no reason to leave it alone")
    func vain() {
        let world = World { $0.breakThreshold = 1 }
        for outcome in [FlightOutcome.tooLarge, .failed("too many redirects", isFailure: false)] {
            _ = world.take("a")
            world.admission.finish(world.turn().starts[0].flight, outcome, now: 0)
            #expect(world.turn().endings.count == 1)
            #expect(world.admission.isServing)
        }
    }

    @Test("those who wait are told in slices when the circuit opens, and nobody starts before")
    func manyRefused() {
        let world = World {
            $0.breakThreshold = 1
            $0.inFlightLimit = 1
        }
        let count = 3 * Admission<String>.slice
        _ = world.take("first")
        let flight = world.turn().starts[0].flight
        for number in 0..<count { _ = world.admit("\(number)") }
        world.fail(flight)
        var told: [String] = []
        var turnCount = 0
        while told.count < count + 1 {
            let turn = world.turn()
            turnCount += 1
            #expect(turn.endings.count <= Admission<String>.slice + 1)
            #expect(turn.starts.isEmpty)
            if told.count + turn.endings.count < count + 1 { #expect(turn.next == 0) }
            told += turn.endings.map(\.asker)
            guard turnCount < 10 else { break }
        }
        #expect(told == ["first"] + (0..<count).map { "\($0)" })
        #expect(world.turn(100).knocks)
        world.admission.knocked(isConnected: true, now: 100)
        _ = world.take("probe", now: 100)
        #expect(world.turn(100).starts.count == 1)
    }

    @Test("those whose time is over together are told in slices, and nobody starts before")
    func manyExpired() {
        let world = World { $0.inFlightLimit = 1 }
        let count = 3 * Admission<String>.slice
        _ = world.take("first")
        _ = world.turn()
        for number in 0..<count { _ = world.admit("\(number)") }
        var told: [String] = []
        for _ in 0..<10 where told.count < count + 1 {
            let turn = world.turn(1000)
            #expect(turn.endings.count <= Admission<String>.slice)
            #expect(turn.starts.isEmpty)
            if told.count + turn.endings.count < count + 1 { #expect(turn.next == 1000) }
            told += turn.endings.map(\.asker)
        }
        #expect(told == ["first"] + (0..<count).map { "\($0)" })
        #expect(world.turn(1000).next == nil)
    }
}
