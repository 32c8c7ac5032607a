// Resampling — what a run could have measured just as well: its intervals, drawn with replacement.
//
// The bootstrap (Efron 1979) over whole intervals: messages of one interval share its luck, so the
// interval, not the message, is what counts as one observation. A resample of percentiles needs
// the merged histogram of the drawn intervals. Merging would cost every bucket of every drawn
// interval; instead the counts are summed up along the buckets once, and a percentile of any
// resample is a binary search that touches only ten buckets.

internal import Bytes

/// The intervals of one report, ready to be drawn.
internal struct Resampling {
    /// What one resample came to, in the units of ``Comparison/Metric``; `nil` where unknown.
    typealias Figures = [Double?]

    /// More intervals are joined with their neighbours, which also takes care of what they have
    /// in common with them.
    static let intervalLimit = 240
    /// With fewer an interval of confidence is a guess.
    static let intervalMinimum = 5

    private let work: Work
    private let intervals: [Interval]
    private let units: [Double]
    private let connections: Double
    private let residentAtStart: Double?
    /// Longest latencies of the buckets that any interval hit, ascending.
    private let bounds: [UInt64]
    /// Latencies up to `bounds[bucket]`, at `bucket * intervals.count + interval`.
    private let sums: [Double]

    init(_ report: RunReport) {
        work = report.work
        let intervals = report.intervals.condensed(to: Self.intervalLimit)
        self.intervals = intervals
        units = intervals.map { Double(report.work.units(in: $0.tally)) }
        connections = Double(report.connectionsOpened)
        residentAtStart = report.server?.residentAtStart.map { Double($0) }

        let coarse = intervals.map { $0.latency.coarsened().entries }
        func bound(_ entry: LatencyDistribution.Entry) -> UInt64 {
            LatencyDistribution.upperBound(
                of: entry.value, precision: LatencyDistribution.coarsePrecision)
        }
        let bounds = Set(coarse.joined().map(bound)).sorted()
        self.bounds = bounds
        var sums = [Double](repeating: 0, count: bounds.count * intervals.count)
        for (interval, entries) in coarse.enumerated() {
            var rest = entries[...]
            var sum = 0.0
            for (bucket, upper) in bounds.enumerated() {
                while let entry = rest.first, bound(entry) == upper {
                    sum += Double(entry.count)
                    rest.removeFirst()
                }
                sums[bucket * intervals.count + interval] = sum
            }
        }
        self.sums = sums
    }

    /// Whether there are enough intervals to draw from.
    var isPossible: Bool { intervals.count >= Self.intervalMinimum }

    /// Draws as many intervals as there are, with replacement, and computes all figures.
    func figures(using generator: inout SplitMix64) -> Figures {
        var weights = [Double](repeating: 0, count: intervals.count)
        for _ in intervals { weights[generator.place(below: intervals.count)] += 1 }
        return Comparison.Metric.allCases.map { figure($0, weights: weights) }
    }

    /// - Parameter weights: How often each interval was drawn.
    private func figure(_ metric: Comparison.Metric, weights: [Double]) -> Double? {
        switch metric {
        case .throughput:
            let seconds = sum(weights) { intervals[$0].durationSeconds }
            return ratio(sum(weights) { units[$0] }, seconds)
        case .cpu:
            guard intervals.allSatisfy({ $0.serverCPUSeconds != nil }) else { return nil }
            let seconds = sum(weights) { intervals[$0].serverCPUSeconds ?? 0 }
            return ratio(seconds * 1e6, sum(weights) { units[$0] })
        case .memory:
            guard let residentAtStart, connections > 0,
                intervals.allSatisfy({ $0.serverResidentOctets != nil })
            else { return nil }
            let resident = sum(weights) { Double(intervals[$0].serverResidentOctets ?? 0) }
            return (resident / Double(intervals.count) - residentAtStart) / connections
        case .max:
            var greatest: UInt64 = 0
            for (interval, weight) in zip(intervals, weights) where weight > 0 {
                greatest = Swift.max(greatest, interval.latency.max)
            }
            return greatest > 0 ? Double(greatest) : nil
        case .p50, .p90, .p99, .p999:
            return metric.percentile.flatMap { latency(percentile: $0, weights: weights) }
        }
    }

    /// The percentile of the drawn intervals together, in nanoseconds. Between the ends of its
    /// bucket it is interpolated, or equal runs would differ by a whole bucket or by nothing.
    private func latency(percentile: Double, weights: [Double]) -> Double? {
        guard !bounds.isEmpty else { return nil }
        let total = count(upTo: bounds.count - 1, weights: weights)
        guard total > 0 else { return nil }
        let wanted = total * percentile / 100
        var (lower, upper) = (0, bounds.count - 1)
        while lower < upper {
            let middle = (lower + upper) / 2
            if count(upTo: middle, weights: weights) >= wanted {
                upper = middle
            } else {
                lower = middle + 1
            }
        }
        let before = lower > 0 ? count(upTo: lower - 1, weights: weights) : 0
        let inside = count(upTo: lower, weights: weights) - before
        let longest = Double(bounds[lower])
        let shortest = Double(
            LatencyDistribution.lowerBound(
                of: bounds[lower], precision: LatencyDistribution.coarsePrecision))
        guard inside > 0 else { return longest }
        return shortest + (longest - shortest) * Swift.min(1, (wanted - before) / inside)
    }

    private func count(upTo bucket: Int, weights: [Double]) -> Double {
        var sum = 0.0
        let start = bucket * weights.count
        for index in weights.indices { sum += weights[index] * sums[start + index] }
        return sum
    }

    private func sum(_ weights: [Double], _ value: (Int) -> Double) -> Double {
        var sum = 0.0
        for index in weights.indices where weights[index] > 0 {
            sum += weights[index] * value(index)
        }
        return sum
    }

    private func ratio(_ dividend: Double, _ divisor: Double) -> Double? {
        divisor > 0 ? dividend / divisor : nil
    }
}
