import Bytes
import Measurement
import Testing

@testable import CarillonLoad

@Suite("pending latencies")
struct PendingLatenciesTests {
    @Test("counted by message, they come to what recording one by one does")
    func model() {
        var random = SplitMix64(seed: 1)
        var pending = PendingLatencies()
        var batched = LatencyHistogram()
        var plain = LatencyHistogram()
        for turn in 1...50 as ClosedRange<UInt64> {
            let now = turn * 1_000_000
            for _ in 0..<400 {
                // Numbers of two streams meet in places, with times of their own.
                let number = UInt32.random(in: 0..<600, using: &random)
                let time = now &- UInt64(number) * 977 &- (random.next() & 1)
                pending.add(number, time: time, now: now, into: &batched)
                plain.record(now > time ? now - time : 0)
            }
            pending.flush(now: now, into: &batched)
        }
        #expect(batched == plain)
        #expect(batched.count == 20_000)
    }
}
