import Bytes
import Measurement
import Testing

@Suite("latency histograms")
struct LatencyHistogramTests {
    /// Latencies as a server has them: around 40 µs, one in a hundred around 1 ms, few at 80 ms.
    static func latencies(_ count: Int, seed: UInt64) -> [UInt64] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            let tail = UInt64.random(in: 0..<1000, using: &generator)
            let spread = UInt64.random(in: 0..<40_000, using: &generator)
            return tail < 990 ? 20_000 + spread : tail < 999 ? 1_000_000 + spread : 80_000_000
        }
    }

    @Test("an empty histogram answers 0")
    func empty() {
        let histogram = LatencyHistogram()
        #expect(histogram.isEmpty)
        #expect(histogram.count == 0)
        #expect(histogram.min == 0)
        #expect(histogram.max == 0)
        #expect(histogram.mean == 0)
        #expect(histogram.percentile(99.9) == 0)
        #expect(histogram.distribution == LatencyDistribution())
    }

    @Test("percentiles of 1 to 10 000 µs are known to 0.1 %")
    func uniform() {
        var histogram = LatencyHistogram()
        for value in UInt64(1)...10_000 { histogram.record(value * 1000) }
        for percentile in [0.01, 1, 50, 90, 99, 99.9, 99.99, 100] {
            let truth = percentile * 100_000
            let answer = Double(histogram.percentile(percentile))
            #expect(answer >= truth)
            #expect(answer <= truth * 1.001)
        }
        #expect(histogram.min == 1000)
        #expect(histogram.max == 10_000_000)
        #expect(abs(histogram.mean / 5_000_500 - 1) < 0.001)
    }

    @Test("one slow message in ten thousand is p99.99's neighbour, not p99.99")
    func rank() {
        var histogram = LatencyHistogram()
        histogram.record(100, count: 9999)
        histogram.record(1_000_000)
        #expect(histogram.percentile(99.99) == 100)
        #expect(histogram.percentile(99.991) == 1_000_000)
        #expect(histogram.percentile(0) == 100)
    }

    @Test("what is longer than an hour counts as an hour")
    func ceiling() {
        var histogram = LatencyHistogram()
        for value in [UInt64.max, 1 << 63, LatencyHistogram.ceiling + 1] {
            histogram.record(value)
        }
        #expect(histogram.count == 3)
        #expect(histogram.max == LatencyHistogram.ceiling)
        #expect(histogram.percentile(50) == LatencyHistogram.ceiling)
        #expect(histogram.distribution.count == 3)
    }

    @Test("nothing recorded no times stays nothing")
    func zeroTimes() {
        var histogram = LatencyHistogram()
        histogram.record(5, count: 0)
        #expect(histogram.isEmpty)
        #expect(histogram.max == 0)
    }

    @Test("merging is the same as recording in one")
    func merging() {
        var one = LatencyHistogram()
        var two = LatencyHistogram()
        var both = LatencyHistogram()
        for value in Self.latencies(5000, seed: 1) {
            one.record(value)
            both.record(value)
        }
        for value in Self.latencies(3000, seed: 2) {
            two.record(value * 3)
            both.record(value * 3)
        }
        var merged = one
        merged.add(two)
        #expect(merged == both)
        var distribution = one.distribution
        distribution.add(two.distribution)
        #expect(distribution == both.distribution)
        var mixed = one
        mixed.add(two.distribution)
        #expect(mixed == both)
        one.reset()
        #expect(one == LatencyHistogram())
        one.add(both)
        #expect(one == both)
    }

    @Test("a histogram and its distribution answer alike, and turn into each other")
    func distribution() {
        for size in [1, 2, 3, 1000] {
            var histogram = LatencyHistogram()
            for value in Self.latencies(size, seed: UInt64(size)) { histogram.record(value) }
            let distribution = histogram.distribution
            #expect(distribution.count == histogram.count)
            #expect(distribution.min == histogram.min)
            #expect(distribution.max == histogram.max)
            for percentile in [0, 0.1, 25, 50, 75, 90, 99, 99.9, 99.99, 100, 101, -1] {
                #expect(distribution.percentile(percentile) == histogram.percentile(percentile))
            }
            let copy = LatencyHistogram(distribution)
            #expect(copy == histogram)
            #expect(copy.min == histogram.min)
            #expect(copy.max == histogram.max)
        }
    }

    @Test("the mean survives sums that 64 bits cannot hold")
    func hugeSum() {
        var histogram = LatencyHistogram()
        histogram.record(LatencyHistogram.ceiling, count: 1 << 50)
        histogram.record(1, count: 1 << 50)
        #expect(abs(histogram.mean / 1.8e12 - 1) < 0.001)
        #expect(histogram.percentile(99.99) == LatencyHistogram.ceiling)
    }
}
