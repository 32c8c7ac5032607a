// Histograms — durations in log-linear buckets, fixed at compile time.
//
// Four buckets per power of two, from 1 ns to 2^36 ns (69 s), and one for what is longer: a value
// is known to 25 %, recording is a bit count and two increments, and two histograms add up bucket
// by bucket. (The idea is HdrHistogram's; two bits of mantissa are enough to see a tail move.)
// Bounds are inclusive above, as `le` is in Prometheus: a bucket holds the values in (lower,
// upper].

/// The shape all histograms share.
@frozen
@usableFromInline
package enum HistogramShape {
    /// The powers of two that are told apart; longer durations share the last bucket.
    @inlinable
    package static var exponentLimit: Int { 36 }

    @inlinable
    package static var bucketCount: Int { (exponentLimit - 1) * 4 + 1 }

    /// The bucket that counts a duration of `nanoseconds`.
    @inlinable
    @inline(__always)
    package static func bucket(of nanoseconds: UInt64) -> Int {
        let below = nanoseconds == 0 ? 0 : nanoseconds &- 1  // makes upper bounds inclusive
        if below < 4 { return Int(truncatingIfNeeded: below) }
        let exponent = 63 &- below.leadingZeroBitCount
        if exponent >= exponentLimit { return bucketCount &- 1 }
        let mantissa = Int(truncatingIfNeeded: below >> UInt64(truncatingIfNeeded: exponent &- 2))
        return (exponent &- 1) &* 4 &+ (mantissa & 3)
    }

    /// The longest duration that `bucket` counts, in nanoseconds; `nil` for the last one.
    package static func upperBound(of bucket: Int) -> UInt64? {
        precondition(bucket >= 0 && bucket < bucketCount)
        if bucket == bucketCount - 1 { return nil }
        if bucket < 4 { return UInt64(bucket) + 1 }
        let exponent = bucket / 4 + 1
        return UInt64(bucket % 4 + 5) << UInt64(exponent - 2)
    }
}

/// What a core measures.
@frozen
@usableFromInline
package enum Histogram: Int, CaseIterable, Sendable {
    case loopTurn
    case fanOut
    case publishToSocket

    package var name: String {
        switch self {
        case .loopTurn: "loop_turn_seconds"
        case .fanOut: "fanout_seconds"
        case .publishToSocket: "publish_to_socket_seconds"
        }
    }

    package var help: String {
        switch self {
        case .loopTurn: "Time a turn of the core's loop worked, without its sleep."
        case .fanOut: "Time from matching a publication to the last subscriber's queue."
        case .publishToSocket:
            "Time from a publication's arrival to the send that carries it, sampled."
        }
    }

    package var isShownPerCore: Bool { self == .loopTurn }
}

/// One word of one histogram: a bucket, or the sum behind the last bucket.
@frozen
@usableFromInline
package struct HistogramKey: MetricKey {
    @usableFromInline package let index: Int

    @inlinable
    package static var keyCount: Int { Histogram.keyCountOfAll }

    @inlinable
    internal init(_ histogram: Histogram, bucket: Int) {
        index = histogram.rawValue &* Histogram.wordCount &+ bucket
    }

    @inlinable
    internal init(sumOf histogram: Histogram) {
        self.init(histogram, bucket: HistogramShape.bucketCount)
    }
}

extension Histogram {
    @inlinable
    internal static var wordCount: Int { HistogramShape.bucketCount + 1 }

    @inlinable
    internal static var keyCountOfAll: Int { allCases.count * wordCount }
}

/// What a histogram held at one moment; adds up over cores.
package struct HistogramReading: Sendable, Equatable {
    /// Durations counted, by ``HistogramShape`` bucket.
    package private(set) var buckets: [UInt64]
    /// The durations' sum, in nanoseconds.
    package private(set) var sum: UInt64 = 0

    package init() { buckets = Array(repeating: 0, count: HistogramShape.bucketCount) }

    package init(buckets: [UInt64], sum: UInt64) {
        precondition(buckets.count == HistogramShape.bucketCount)
        self.buckets = buckets
        self.sum = sum
    }

    package var count: UInt64 { buckets.reduce(0, &+) }

    package mutating func record(nanoseconds: UInt64) {
        buckets[HistogramShape.bucket(of: nanoseconds)] &+= 1
        sum &+= nanoseconds
    }

    package mutating func add(_ other: HistogramReading) {
        for index in buckets.indices { buckets[index] &+= other.buckets[index] }
        sum &+= other.sum
    }
}
