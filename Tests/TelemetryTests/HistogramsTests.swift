import Bytes
import Telemetry
import Testing

@Suite("histograms")
struct HistogramsTests {
    @Test("a bucket holds what is above the bound before it and not above its own")
    func bounds() {
        var lower: UInt64 = 0
        for bucket in 0..<HistogramShape.bucketCount - 1 {
            guard let upper = HistogramShape.upperBound(of: bucket) else {
                Issue.record("bucket \(bucket) has no bound")
                return
            }
            #expect(upper > lower)
            #expect(HistogramShape.bucket(of: lower + 1) == bucket)
            #expect(HistogramShape.bucket(of: upper) == bucket)
            #expect(HistogramShape.bucket(of: upper + 1) == bucket + 1)
            // Four buckets per power of two: at most a quarter wide.
            if lower >= 4 { #expect((upper - lower) * 4 <= lower) }
            lower = upper
        }
        #expect(lower == 1 << 36)
        #expect(HistogramShape.upperBound(of: HistogramShape.bucketCount - 1) == nil)
        #expect(HistogramShape.bucket(of: 0) == 0)
        #expect(HistogramShape.bucket(of: .max) == HistogramShape.bucketCount - 1)
    }

    @Test("a core's histogram reads like one filled in order")
    func recording() {
        let metrics = CoreMetrics(core: 0)
        var model = HistogramReading()
        var words = SplitMix64(seed: 1)
        for step in 0..<500 {
            let nanoseconds = (words.next() >> 20) >> UInt64(step % 40)
            metrics.record(.loopTurn, nanoseconds: nanoseconds)
            model.record(nanoseconds: nanoseconds)
        }
        #expect(metrics.reading(of: .loopTurn) == model)
        #expect(metrics.reading(of: .loopTurn).count == 500)
        #expect(metrics.reading(of: .fanOut).count == 0)
    }

    @Test("readings add up bucket by bucket")
    func addition() {
        var one = HistogramReading()
        var two = HistogramReading()
        var both = HistogramReading()
        for value in [UInt64(3), 900, 1_000_000] {
            one.record(nanoseconds: value)
            both.record(nanoseconds: value)
        }
        two.record(nanoseconds: 77)
        both.record(nanoseconds: 77)
        one.add(two)
        #expect(one == both)
    }
}
