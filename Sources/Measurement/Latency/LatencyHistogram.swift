// LatencyHistogram — where a thread that measures puts every latency it sees.
//
// HdrHistogram with three significant digits from 1 ns to 1 h: a value is known to 0.1 %, and
// recording is a bit count, a shift and a few increments whatever the value. The price is its size,
// 264 KiB, so there is one per thread (and one that is being read), and what is kept for later is
// a ``LatencyDistribution``, which holds only the buckets that were hit.

// Public, because inlinable code of ours calls inlinable code of theirs.
public import Histogram

/// Latencies in nanoseconds, as they are recorded.
///
/// A value: copying shares the buckets until one copy records again, which then copies 264 KiB.
/// Hand histograms over whole (`swap`, `consume`) between threads rather than keep two.
@frozen
@usableFromInline
package struct LatencyHistogram: Sendable {
    @usableFromInline internal var buckets: Histogram<UInt64>

    /// The longest latency that is told apart, one hour in nanoseconds.
    @inlinable
    package static var ceiling: UInt64 { 3_600_000_000_000 }

    /// Allocates an empty histogram.
    package init() {
        buckets = Histogram(
            lowestDiscernibleValue: 1, highestTrackableValue: Self.ceiling,
            numberOfSignificantValueDigits: .three)
    }

    /// Counts `count` latencies of `nanoseconds`; longer ones than ``ceiling`` count as that.
    ///
    /// Hot path: no allocation, no call once it is specialised; two or three nanoseconds.
    @inlinable
    @inline(__always)
    package mutating func record(_ nanoseconds: UInt64, count: UInt64 = 1) {
        guard count > 0 else { return }
        buckets.record(nanoseconds < Self.ceiling ? nanoseconds : Self.ceiling, count: count)
    }

    /// Adds everything that `other` recorded. Bucket by bucket: the result is the histogram that
    /// had recorded both.
    package mutating func add(_ other: LatencyHistogram) { buckets.add(other.buckets) }

    /// Adds what another process recorded. Exact, but for the latencies of a coarsened
    /// distribution (see ``LatencyDistribution/coarsened()``).
    package mutating func add(_ other: LatencyDistribution) {
        for entry in other.entries { record(entry.value, count: entry.count) }
    }

    /// Forgets everything.
    ///
    /// Starts over with new buckets, so a copy that is being read elsewhere is left alone.
    package mutating func reset() { self = LatencyHistogram() }

    package var count: UInt64 { buckets.totalCount }
    package var isEmpty: Bool { count == 0 }

    /// The shortest latency recorded, exactly, in nanoseconds; 0 when there is none.
    package var min: UInt64 { buckets.min }
    /// The longest latency recorded, exactly, in nanoseconds; 0 when there is none.
    package var max: UInt64 { buckets.maxRecorded }
    /// The mean in nanoseconds, as exact as the buckets; 0 when there is none.
    package var mean: Double { distribution.mean }

    /// The latency in nanoseconds that `percentile` percent of the recorded ones do not exceed.
    package func percentile(_ percentile: Double) -> UInt64 {
        isEmpty ? 0 : buckets.valueAtPercentile(Swift.max(percentile, 0))
    }

    /// What was recorded, without the empty buckets.
    ///
    /// Walks from the shortest latency to the longest, some microseconds per power of two between
    /// them: for the thread that reports, not for the one that measures. (The package's iterators
    /// keep a sum of all values and trap when it overflows; this loop cannot.)
    package var distribution: LatencyDistribution {
        var counted: [LatencyDistribution.Entry] = []
        var missing = count
        var value = min
        while missing > 0, value <= max {
            let upper = buckets.highestEquivalentForValue(value)
            let count = buckets.countForValue(value)
            if count > 0 { counted.append(.init(value: upper, count: count)) }
            missing = missing >= count ? missing - count : 0
            value = upper + 1
        }
        return LatencyDistribution(buckets: counted, min: min, max: max)
    }
}

extension LatencyHistogram: Equatable {
    @usableFromInline
    package static func == (one: LatencyHistogram, other: LatencyHistogram) -> Bool {
        one.distribution == other.distribution
    }
}

/// In a report a histogram looks like the distribution it holds.
extension LatencyHistogram: Codable {
    @usableFromInline
    package init(from decoder: any Decoder) throws {
        self.init(try LatencyDistribution(from: decoder))
    }

    @usableFromInline
    package func encode(to encoder: any Encoder) throws { try distribution.encode(to: encoder) }

    package init(_ distribution: LatencyDistribution) {
        self.init()
        add(distribution)
    }
}
