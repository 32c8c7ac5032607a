// LatencyDistribution — which latencies were measured, and how often.
//
// A histogram without its empty buckets: what a report keeps for every interval of a run, where an
// hour of whole histograms would be a gigabyte. It answers like the ``LatencyHistogram`` it came
// from, to the nanosecond, and both kinds turn into each other without loss.

/// Latencies in nanoseconds with their counts, in ascending order.
package struct LatencyDistribution: Sendable, Equatable {
    /// Latencies that are not told apart.
    package struct Entry: Sendable, Equatable {
        /// The longest latency of the bucket, in nanoseconds; of the first entry the shortest one
        /// that was measured and of the last the longest, both exact.
        package var value: UInt64
        /// How often, at least 1.
        package var count: UInt64

        package init(value: UInt64, count: UInt64) {
            self.value = value
            self.count = count
        }
    }

    /// What was measured; values strictly ascending.
    package private(set) var entries: [Entry] = []

    /// Bits of a value that are kept: 2 048 sub-buckets, HdrHistogram's three digits.
    package static let precision = 11
    /// Bits kept by ``coarsened()``: a value is known to 0.8 %.
    package static let coarsePrecision = 8
    /// More latencies than a run can measure (2^53, which every reader of JSON understands).
    /// What comes from outside and counts more is refused, so that sums of distributions that are
    /// left do not overflow.
    package static let countLimit: UInt64 = 1 << 53

    package init() {}

    /// - Parameters:
    ///   - buckets: Longest latencies of buckets, strictly ascending, with counts above 0.
    ///   - min: The shortest latency, in the first bucket.
    ///   - max: The longest latency, in the last bucket.
    internal init(buckets: [Entry], min: UInt64, max: UInt64) {
        guard let last = buckets.indices.last else { return }
        entries = buckets
        if last > 0 || min == max {
            entries[0].value = min
            entries[last].value = max
        } else {
            // Both ends in one bucket: two entries, so that both stay known.
            entries[0] = Entry(value: min, count: 1)
            if entries[0].count < buckets[0].count {
                entries.append(Entry(value: max, count: buckets[0].count - 1))
            }
        }
    }

    package var isEmpty: Bool { entries.isEmpty }
    package var count: UInt64 { entries.reduce(0) { $0.addingWithCeiling($1.count) } }
    /// The shortest latency in nanoseconds; 0 when there is none.
    package var min: UInt64 { entries.first?.value ?? 0 }
    /// The longest latency in nanoseconds; 0 when there is none.
    package var max: UInt64 { entries.last?.value ?? 0 }

    /// The mean in nanoseconds, counting every latency as the middle of its bucket.
    package var mean: Double {
        guard !isEmpty else { return 0 }
        var sum = 0.0
        for (index, entry) in entries.enumerated() {
            let isExact = index == 0 || index == entries.count - 1
            let lower = isExact ? entry.value : Self.lowerBound(of: entry.value)
            sum += (Double(lower) + Double(entry.value)) / 2 * Double(entry.count)
        }
        return Swift.min(Swift.max(sum / Double(count), Double(min)), Double(max))
    }

    /// The latency in nanoseconds that `percentile` percent of the measured ones do not exceed:
    /// the upper end of its bucket, as HdrHistogram defines it; 0 when there is none.
    package func percentile(_ percentile: Double) -> UInt64 {
        if percentile <= 0 { return min }
        // One step down, or 99.9 % of 1 000 would round up to more than 999 of them.
        let wanted = (Swift.min(percentile, 100).nextDown / 100 * Double(count)).rounded(.up)
        var seen = 0.0
        for entry in entries {
            seen += Double(entry.count)
            if seen >= wanted { return Swift.min(Self.upperBound(of: entry.value), max) }
        }
        return max
    }

    /// Adds what `other` measured.
    package mutating func add(_ other: LatencyDistribution) {
        guard !other.isEmpty else { return }
        guard !isEmpty else {
            self = other
            return
        }
        let ends = (min: Swift.min(min, other.min), max: Swift.max(max, other.max))
        var merged: [Entry] = []
        merged.reserveCapacity(entries.count + other.entries.count)
        var (left, right) = (entries[...], other.entries[...])
        while let one = left.first ?? right.first {
            let next =
                if let two = right.first, two.value < one.value || left.isEmpty {
                    right.removeFirst()
                } else {
                    left.removeFirst()
                }
            merged.append(counting: next, in: Self.upperBound(of: next.value))
        }
        self = LatencyDistribution(buckets: merged, min: ends.min, max: ends.max)
    }

    /// The same latencies in buckets eight times as wide (0.8 %), the ends still exact.
    ///
    /// What an interval keeps: a curve over time and a confidence interval need no more, and a
    /// report of an hour stays readable.
    package func coarsened() -> LatencyDistribution {
        var wide: [Entry] = []
        for entry in entries {
            let upper = Self.upperBound(of: entry.value, precision: Self.coarsePrecision)
            wide.append(counting: entry, in: upper)
        }
        return LatencyDistribution(buckets: wide, min: min, max: max)
    }
}

// MARK: - Buckets

extension LatencyDistribution {
    /// How many low bits of `value` are not told apart.
    private static func shift(of value: UInt64, precision: Int) -> Int {
        Swift.max(0, 64 - value.leadingZeroBitCount - precision)
    }

    /// The longest latency in the bucket of `value`.
    internal static func upperBound(of value: UInt64, precision: Int = precision) -> UInt64 {
        value | (1 << shift(of: value, precision: precision) - 1)
    }

    /// The shortest latency in the bucket of `value`.
    internal static func lowerBound(of value: UInt64, precision: Int = precision) -> UInt64 {
        value & ~(1 << shift(of: value, precision: precision) - 1)
    }
}

extension [LatencyDistribution.Entry] {
    /// Counts `entry` in the bucket that ends with `upper`, which is the last one or comes next.
    internal mutating func append(counting entry: Element, in upper: UInt64) {
        if let index = indices.last, self[index].value == upper {
            self[index].count = self[index].count.addingWithCeiling(entry.count)
        } else {
            append(Element(value: upper, count: entry.count))
        }
    }
}

extension UInt64 {
    /// The sum, or the greatest number when the sum is greater.
    internal func addingWithCeiling(_ other: UInt64) -> UInt64 {
        let (sum, isOverflow) = addingReportingOverflow(other)
        return isOverflow ? .max : sum
    }
}
