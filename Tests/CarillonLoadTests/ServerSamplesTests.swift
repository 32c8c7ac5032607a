import Testing

@testable import CarillonLoad

@Suite struct ServerSamplesTests {
    private func use(_ seconds: Double) -> ServerUse {
        var use = ServerUse()
        use.cpuSeconds = seconds
        return use
    }

    @Test("what the server used in an interval is what it had used at its ends")
    func intervals() {
        var samples = ServerSamples()
        samples.begin(use(1), after: 1_000_000, of: 1_000_000_000)
        samples.intervalEnded(use(1.5))
        samples.end(use(4))
        #expect(samples.interval(0, isLast: false)?.cpu == 0.5)
        #expect(samples.interval(1, isLast: true)?.cpu == 2.5)
        #expect(!samples.isLate)
    }

    @Test("a look that came too late is none, and not the cost of a moment")
    func late() {
        for (delay, isLate) in [(20_000_000, false), (22_000_000, true), (2_000_000_000, true)] {
            var samples = ServerSamples()
            samples.begin(use(1), after: UInt64(delay), of: 1_000_000_000)
            samples.end(use(1.001))
            #expect(samples.isLate == isLate)
            #expect((samples.begin == nil) == isLate)
            #expect((samples.interval(0, isLast: true) == nil) == isLate)
        }
    }

    @Test("where no server is looked at, nothing is late")
    func nobody() {
        var samples = ServerSamples()
        samples.begin(nil, after: 1_000_000_000, of: 1)
        #expect(!samples.isLate)
    }
}
