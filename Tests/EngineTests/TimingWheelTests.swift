import Testing

@testable import Engine

@Suite("timing wheel")
struct TimingWheelTests {
    private static let second: UInt64 = 1_000_000_000
    private static let start: UInt64 = 77 * second

    private func advance(_ wheel: inout TimingWheel, to time: UInt64) -> [UInt32] {
        var expired: [UInt32] = []
        wheel.advance(to: time, expired: &expired)
        return expired.sorted()
    }

    @Test("a deadline is met within a tick of its time, and never before")
    func precision() {
        for offset in [0, 1, 99_999_999, 100_000_000, 100_000_001, 5_050_000_000] as [UInt64] {
            var wheel = TimingWheel(capacity: 4, now: Self.start)
            wheel.set(2, at: Self.start + offset)
            var now = Self.start
            var met: UInt64?
            while met == nil {
                now += 10_000_000
                if advance(&wheel, to: now) == [2] { met = now }
                precondition(now < Self.start + 10 * Self.second)
            }
            #expect(met! >= Self.start + offset)
            #expect(met! <= Self.start + offset + 2 * TimingWheel.tick)
            #expect(wheel.count == 0 && !wheel.contains(2))
        }
    }

    @Test("a time gone by is due at the next tick")
    func past() {
        var wheel = TimingWheel(capacity: 2, now: Self.start)
        #expect(advance(&wheel, to: Self.start + Self.second) == [])
        wheel.set(1, at: Self.start)
        #expect(advance(&wheel, to: Self.start + Self.second) == [])
        #expect(advance(&wheel, to: Self.start + Self.second + TimingWheel.tick) == [1])
    }

    @Test("moving and dropping a deadline leave no trace of the old one")
    func moving() {
        var wheel = TimingWheel(capacity: 3, now: Self.start)
        for slot in 0..<3 { wheel.set(slot, at: Self.start + Self.second) }
        wheel.set(0, at: Self.start + 3 * Self.second)
        wheel.remove(1)
        wheel.remove(1)
        #expect(wheel.count == 2)
        #expect(advance(&wheel, to: Self.start + 2 * Self.second) == [2])
        #expect(advance(&wheel, to: Self.start + 4 * Self.second) == [0])
    }

    @Test("deadlines beyond a round, and a clock that jumps over many, are met all the same")
    func jumps() {
        // A round is 512 ticks, 51.2 seconds.
        var wheel = TimingWheel(capacity: 8, now: Self.start)
        for slot in 0..<8 { wheel.set(slot, at: Self.start + UInt64(slot) * 20 * Self.second) }
        #expect(advance(&wheel, to: Self.start + 50 * Self.second) == [0, 1, 2])
        #expect(advance(&wheel, to: Self.start + 105 * Self.second) == [3, 4, 5])
        #expect(advance(&wheel, to: Self.start + 100_000 * Self.second) == [6, 7])
        wheel.set(3, at: Self.start + 100_001 * Self.second)
        #expect(advance(&wheel, to: Self.start + 100_002 * Self.second) == [3])
    }

    @Test("a clock that stands still or goes back expires nothing")
    func backwards() {
        var wheel = TimingWheel(capacity: 2, now: Self.start)
        wheel.set(0, at: Self.start + Self.second)
        #expect(advance(&wheel, to: Self.start + Self.second / 2) == [])
        #expect(advance(&wheel, to: Self.start) == [])
        #expect(advance(&wheel, to: 0) == [])
        #expect(advance(&wheel, to: Self.start + 2 * Self.second) == [0])
    }

    @Test("the next deadline is never later than what is due")
    func nextDeadline() {
        var wheel = TimingWheel(capacity: 4, now: Self.start)
        #expect(wheel.nextDeadline() == nil)
        wheel.set(0, at: Self.start + 3 * Self.second)
        let next = wheel.nextDeadline()!
        #expect(next >= Self.start + 3 * Self.second)
        #expect(advance(&wheel, to: next) == [0])
        // Further than a round away: woken early, at most, and told again.
        wheel.set(1, at: next + 500 * Self.second)
        var turns = 0
        while wheel.count > 0 {
            turns += 1
            _ = advance(&wheel, to: wheel.nextDeadline()!)
        }
        #expect(turns < 20)
    }

    @Test("it agrees with a naive list through every seed")
    func againstModel() {
        for seed in 1...30 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var wheel = TimingWheel(capacity: 40, now: Self.start)
            var model: [UInt32: UInt64] = [:]
            var now = Self.start
            for _ in 0..<600 {
                let slot = UInt32(random.below(40))
                switch random.below(4) {
                case 0:
                    wheel.remove(Int(slot))
                    model[slot] = nil
                case 1, 2:
                    let time = now + random.next() % (120 * Self.second)
                    wheel.set(Int(slot), at: time)
                    model[slot] = time
                default:
                    now += random.next() % (random.chance(100) ? 200 * Self.second : Self.second)
                    for slot in advance(&wheel, to: now) {
                        guard let time = model.removeValue(forKey: slot) else {
                            Issue.record("seed \(seed): \(slot) was not set")
                            return
                        }
                        #expect(time <= now, "seed \(seed)")
                    }
                    // Whatever is left is due within the two ticks a deadline may be late.
                    for (_, time) in model where time + 2 * TimingWheel.tick < now {
                        Issue.record("seed \(seed): overdue")
                    }
                }
                #expect(wheel.count == model.count)
            }
        }
    }
}
