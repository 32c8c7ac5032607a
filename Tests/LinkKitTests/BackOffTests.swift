import LinkKit
import Testing

@Suite("back-off")
struct BackOffTests {
    @Test("grows from the floor to the ceiling and stays between them")
    func bounds() {
        for seed in 0..<200 as Range<UInt64> {
            var backOff = BackOff(seed: seed)
            var reach = Duration.milliseconds(200)
            for attempt in 0..<20 {
                let delay = backOff.next()
                #expect(delay >= .milliseconds(100), "seed \(seed), attempt \(attempt)")
                #expect(delay <= reach, "seed \(seed), attempt \(attempt)")
                reach = min(reach * 2, .seconds(3))
            }
        }
    }

    @Test("is spread: nodes that lost one broker do not come back together")
    func spread() {
        var delays: Set<Duration> = []
        for seed in 0..<100 as Range<UInt64> {
            var backOff = BackOff(seed: seed)
            for _ in 0..<9 { _ = backOff.next() }
            delays.insert(backOff.next())
        }
        #expect(delays.count > 80)
        #expect((delays.max() ?? .zero) - (delays.min() ?? .zero) > .seconds(2))
    }

    @Test("is short again after a reset, and the same for the same seed")
    func reset() {
        var backOff = BackOff(seed: 7)
        var twin = BackOff(seed: 7)
        for _ in 0..<10 { #expect(backOff.next() == twin.next()) }
        backOff.reset()
        #expect(backOff.next() <= .milliseconds(200))
    }

    @Test("with floor and ceiling the same waits just that")
    func fixed() {
        var backOff = BackOff(floor: .seconds(3), ceiling: .seconds(3), seed: 1)
        for _ in 0..<5 { #expect(backOff.next() == .seconds(3)) }
    }

    @Test("without a floor stops us")
    func precondition() async {
        await #expect(processExitsWith: .failure) { _ = BackOff(floor: .zero, seed: 1) }
    }
}
