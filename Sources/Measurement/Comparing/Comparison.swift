// Comparison — two runs side by side, with how sure one can be that they differ.
//
// For every figure the ratio B/A of the whole runs, and the interval in which that ratio lies 95
// times out of 100 when the intervals of both runs are drawn anew (``Resampling``). It knows the
// unrest within the two runs and nothing of what changes from one run to the next (where the
// kernel put things, what else ran), so a small difference that is "sure" here deserves a second
// run before it is believed.

internal import Bytes

/// Report B measured against report A.
package struct Comparison: Sendable, Equatable, Codable {
    /// What is compared.
    package enum Metric: String, Sendable, Equatable, Codable, CaseIterable {
        /// Units of work per second.
        case throughput
        /// Latency in nanoseconds.
        case p50
        case p90
        case p99
        case p999 = "p99.9"
        case max
        /// The server's CPU time per unit of work, in microseconds.
        case cpu
        /// How much the server grew per connection, in octets.
        case memory

        /// Which percentile of latency it is; `nil` for figures that are no latency.
        package var percentile: Double? {
            switch self {
            case .p50: 50
            case .p90: 90
            case .p99: 99
            case .p999: 99.9
            case .max: 100
            case .throughput, .cpu, .memory: nil
            }
        }

        /// Whether more of it is good.
        package var isBetterWhenHigher: Bool { self == .throughput }
    }

    /// One figure of both runs. Both are above 0 and finite.
    package struct Line: Sendable, Equatable, Codable {
        package var metric: Metric
        /// What run A came to, in the unit of the metric.
        package var base: Double
        /// What run B came to.
        package var other: Double
        /// B divided by A.
        package var ratio: Double
        /// Ends of the 95 % interval of `ratio`; both `nil` when there are too few intervals or
        /// the figure is not known for all of them.
        package var lower: Double?
        package var upper: Double?

        /// What the interval says about the difference.
        package var change: Change {
            guard let lower, let upper else { return .unknown }
            if lower <= 1, upper >= 1 { return .none }
            return (lower > 1) == metric.isBetterWhenHigher ? .better : .worse
        }
    }

    package enum Change: String, Sendable, Equatable, Codable {
        case better
        case worse
        /// 1 is in the interval: the runs may well be the same.
        case none
        /// There is no interval.
        case unknown
    }

    /// A run in a few words.
    package struct Run: Sendable, Equatable, Codable {
        package var date: String
        package var scenario: String
        package var target: String
        package var work: Work

        internal init(_ report: RunReport) {
            date = report.date
            scenario = report.scenario
            target = report.target
            work = report.work
        }
    }

    package private(set) var format = "carillon-load comparison"
    package private(set) var formatVersion = 1
    package let base: Run
    package let other: Run
    /// The figures that both runs know, in the order of ``Metric``.
    package let lines: [Line]
    /// Why the comparison is to be taken with care, or makes no sense at all.
    package let notes: [String]

    /// Compares two reports. Takes a fraction of a second, and says the same each time.
    ///
    /// - Parameters:
    ///   - base: Run A, which the ratios are relative to.
    ///   - other: Run B.
    ///   - resampleCount: How often the intervals are drawn; 2 000 know the ends of a 95 %
    ///     interval well.
    package init(base: RunReport, other: RunReport, resampleCount: Int = 2000) {
        self.base = Run(base)
        self.other = Run(other)
        let ratios = Self.resampledRatios(base, other, count: Swift.max(100, resampleCount))
        var lines: [Line] = []
        for (metric, ratios) in zip(Metric.allCases, ratios) {
            guard let one = base.figure(metric), let two = other.figure(metric),
                one > 0, two > 0, one.isFinite, two.isFinite
            else { continue }
            var line = Line(metric: metric, base: one, other: two, ratio: two / one)
            if let ratios {
                // The figures of whole runs come from finer buckets; they are never outside.
                line.lower = Swift.min(ratios.lower, line.ratio)
                line.upper = Swift.max(ratios.upper, line.ratio)
            }
            lines.append(line)
        }
        self.lines = lines
        notes = Self.notes(base, other)
    }

    /// The line of `metric`; `nil` when one of the runs does not know it.
    package func line(of metric: Metric) -> Line? { lines.first { $0.metric == metric } }

    /// For each metric the middle 95 % of the ratios of `count` pairs of resamples.
    private static func resampledRatios(
        _ base: RunReport, _ other: RunReport, count: Int
    ) -> [(lower: Double, upper: Double)?] {
        let (one, two) = (Resampling(base), Resampling(other))
        guard one.isPossible, two.isPossible else { return Metric.allCases.map { _ in nil } }
        var generator = SplitMix64(seed: 0xCA71_1107)
        var ratios = [[Double]](repeating: [], count: Metric.allCases.count)
        for _ in 0..<count {
            let below = one.figures(using: &generator)
            let above = two.figures(using: &generator)
            for index in ratios.indices {
                guard let divisor = below[index], let dividend = above[index], divisor > 0 else {
                    continue
                }
                ratios[index].append(dividend / divisor)
            }
        }
        return ratios.map { ratios in
            // A figure that some resamples lack has no interval one could rely on.
            guard ratios.count == count else { return nil }
            let sorted = ratios.sorted()
            let cut = count / 40
            return (sorted[cut], sorted[count - 1 - cut])
        }
    }
}

extension RunReport {
    /// The figure of the whole run, in the metric's unit; `nil` when it is not known.
    internal func figure(_ metric: Comparison.Metric) -> Double? {
        switch metric {
        case .throughput: work == .none ? nil : rate
        case .p50, .p90, .p99, .p999, .max:
            latency.isEmpty ? nil : metric.percentile.map { Double(latency.percentile($0)) }
        case .cpu: serverMicrosecondsPerUnit
        case .memory: serverOctetsPerConnection
        }
    }
}
