// RunReport+Charts — the four pictures of a page, each an answer to one question.

import Glibc

extension RunReport {
    /// Points that a line of half a page's width can show.
    private static let pointLimit = 300

    /// Did it go steadily? Units of work per second over time.
    internal func writeThroughput(to markup: inout Markup) {
        let intervals = intervals.condensed(to: Self.pointLimit)
        guard work != .none, !intervals.isEmpty else { return }
        let rates = intervals.map { $0.rate(of: work) }
        var chart = Chart(
            horizontal: timeAxis(of: intervals),
            vertical: .fromZero(to: rates.max() ?? 0) { Quantity.tick($0) },
            horizontalTitle: "seconds", verticalTitle: "\(work.plural)/s")
        let points = zip(intervals, rates).map { interval, rate in
            Chart.Point(
                x: chart.horizontal.place(of: interval.middleSeconds),
                y: chart.vertical.place(of: rate))
        }
        chart.area(points, style: "one")
        chart.line(points, style: "one")
        markup.figure("Throughput over time", legend: []) { markup in
            chart.write(to: &markup, description: "\(work.plural) per second over time")
        }
    }

    /// When was it slow? Percentiles of every interval.
    internal func writeLatencyOverTime(to markup: inout Markup) {
        let intervals = intervals.condensed(to: Self.pointLimit).filter { !$0.latency.isEmpty }
        guard !intervals.isEmpty else { return }
        let series = [("p50", 50.0, "one"), ("p99", 99, "two"), ("max", 100, "three")]
        let values = series.map { _, percentile, _ in
            intervals.map { Double($0.latency.percentile(percentile)) }
        }
        var chart = Chart(
            horizontal: timeAxis(of: intervals),
            vertical: .logarithmic(
                from: values[0].min() ?? 1, to: values[2].max() ?? 1,
                label: { Quantity.tick(nanoseconds: $0) }),
            horizontalTitle: "seconds", verticalTitle: "latency")
        for ((_, _, style), values) in zip(series, values).reversed() {
            let points = zip(intervals, values).map { interval, value in
                Chart.Point(
                    x: chart.horizontal.place(of: interval.middleSeconds),
                    y: chart.vertical.place(of: value))
            }
            chart.line(points, style: style)
        }
        markup.figure("Latency over time", legend: series.map { ($0.0, $0.2) }) { markup in
            chart.write(to: &markup, description: "Percentiles of latency over time")
        }
    }

    /// How slow are the slow ones? Latency by percentile, every nine as wide as the one before.
    internal func writePercentiles(to markup: inout Markup) {
        let count = Double(latency.count)
        guard count > 0 else { return }
        let nines = Swift.min(Swift.max(log10(count), 1), 5)
        let (least, greatest) = (Double(latency.percentile(1)), Double(latency.max))
        // A tail many times the median would press everything else to the floor.
        let vertical: Axis =
            greatest > 8 * Double(latency.percentile(50))
            ? .logarithmic(from: least, to: greatest) { Quantity.tick(nanoseconds: $0) }
            : .fromZero(to: greatest) { Quantity.tick(nanoseconds: $0) }
        var chart = Chart(
            horizontal: .percentiles(nines: nines), vertical: vertical,
            horizontalTitle: "percentile", verticalTitle: "latency")
        let curve = LatencyCurve(latency)
        let points = (0...Self.pointLimit).map { index in
            let place = Double(index) / Double(Self.pointLimit)
            let share = 1 - pow(10, -place * nines)
            return Chart.Point(x: place, y: vertical.place(of: curve.latency(at: share)))
        }
        chart.line(points, style: "one")
        markup.figure("Latency by percentile", legend: []) { markup in
            chart.write(to: &markup, description: "Latency by percentile, from 0 to 100")
        }
    }

    /// What does an ordinary one look like? How many latencies lie where.
    internal func writeDistribution(to markup: inout Markup) {
        guard !latency.isEmpty else { return }
        let horizontal = Axis.logarithmic(
            from: Double(latency.min), to: Double(latency.max),
            label: { Quantity.tick(nanoseconds: $0) })
        let binCount = 110
        var bins = [Double](repeating: 0, count: binCount)
        for entry in latency.entries {
            let place = horizontal.place(of: Double(entry.value))
            bins[Swift.min(Int(place * Double(binCount)), binCount - 1)] += Double(entry.count)
        }
        let total = Double(latency.count)
        let greatest = (bins.max() ?? 0) / total
        let vertical = Axis.fromZero(to: greatest * 100) { "\(Quantity.tick($0)) %" }
        var chart = Chart(
            horizontal: horizontal, vertical: vertical, horizontalTitle: "latency",
            verticalTitle: "share of all")
        chart.bars(
            bins.enumerated().map { index, count in
                (
                    from: Double(index) / Double(binCount),
                    to: Double(index + 1) / Double(binCount),
                    height: vertical.place(of: count / total * 100)
                )
            }, style: "one")
        for (percentile, style) in [(50.0, "one"), (99, "two"), (99.9, "three")] {
            chart.mark(
                horizontal.place(of: Double(latency.percentile(percentile))), style: style)
        }
        markup.figure(
            "Distribution", legend: [("p50", "one"), ("p99", "two"), ("p99.9", "three")]
        ) { markup in
            chart.write(to: &markup, description: "How many latencies lie where")
        }
    }

    private func timeAxis(of intervals: [Interval]) -> Axis {
        let end = intervals.last.map { $0.startSeconds + $0.durationSeconds } ?? 0
        return .time(to: end) { Quantity.tick($0) }
    }
}

/// Latency by share, for many shares at once.
private struct LatencyCurve {
    private let latency: LatencyDistribution
    private var sums: [Double] = []

    init(_ latency: LatencyDistribution) {
        self.latency = latency
        var sum = 0.0
        for entry in latency.entries {
            sum += Double(entry.count)
            sums.append(sum)
        }
    }

    /// The latency in nanoseconds that `share` of all do not exceed.
    func latency(at share: Double) -> Double {
        let wanted = share * (sums.last ?? 0)
        var (lower, upper) = (0, sums.count - 1)
        while lower < upper {
            let middle = (lower + upper) / 2
            if sums[middle] >= wanted { upper = middle } else { lower = middle + 1 }
        }
        return Double(latency.entries[lower].value)
    }
}

extension Interval {
    fileprivate var middleSeconds: Double { startSeconds + durationSeconds / 2 }
}

extension Markup {
    /// Writes a picture with its caption and what its lines are.
    fileprivate mutating func figure(
        _ title: String, legend: [(name: String, style: String)], _ body: (inout Markup) -> Void
    ) {
        element("figure") { markup in
            markup.element("figcaption") { markup in
                markup.element("h2", text: title)
                guard !legend.isEmpty else { return }
                markup.element("span", ["class": "legend"]) { markup in
                    for (name, style) in legend {
                        markup.element("span") { markup in
                            markup.element("i", ["class": style]) { _ in }
                            markup.text(name)
                        }
                    }
                }
            }
            body(&markup)
        }
    }
}
