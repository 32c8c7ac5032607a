import Bytes
import Testing

@testable import Measurement

@Suite("comparisons")
struct ComparisonTests {
    @Test("a report compared with itself differs in nothing")
    func same() {
        let report = SampleRun().report()
        let comparison = Comparison(base: report, other: report, resampleCount: 400)
        #expect(comparison.lines.map(\.metric) == Comparison.Metric.allCases)
        #expect(comparison.notes == [])
        for line in comparison.lines {
            #expect(line.ratio == 1)
            #expect(line.change == .none)
            #expect((line.lower ?? 2) <= 1)
            #expect((line.upper ?? 0) >= 1)
        }
    }

    @Test("the same files give the same text, octet by octet")
    func deterministic() {
        let (base, other) = (SampleRun(seed: 3).report(), SampleRun(seed: 4).report())
        let one = Comparison(base: base, other: other, resampleCount: 300)
        let two = Comparison(base: base, other: other, resampleCount: 300)
        #expect(one == two)
        #expect(one.json() == two.json())
        #expect(one.summary() == two.summary())
    }

    @Test("the true ratio is in the interval as often as 95 % promises, and 1 is not")
    func coverage() throws {
        var inside: [Comparison.Metric: Int] = [:]
        var sure: [Comparison.Metric: Int] = [:]
        let rounds = 24
        for round in 0..<rounds {
            let base = SampleRun(seed: UInt64(1000 + round), intervalCount: 24)
            let other = SampleRun(
                seed: UInt64(2000 + round), intervalCount: 24, rate: 120_000, latency: 50_000,
                cpu: 1.5)
            let comparison = Comparison(
                base: base.report(), other: other.report(), resampleCount: 200)
            let truths: [(Comparison.Metric, Double)] = [
                (.throughput, 1.2), (.p50, 1.25), (.p90, 1.25), (.p99, 1.25), (.cpu, 0.75),
            ]
            for (metric, truth) in truths {
                let line = try #require(comparison.line(of: metric))
                let (lower, upper) = (try #require(line.lower), try #require(line.upper))
                #expect(lower <= line.ratio && line.ratio <= upper)
                if lower <= truth, truth <= upper { inside[metric, default: 0] += 1 }
                if line.change == (metric == .throughput || metric == .cpu ? .better : .worse) {
                    sure[metric, default: 0] += 1
                }
            }
        }
        // Of 24, 95 % are 22.8; fewer than 19 would be one time in a thousand.
        for (metric, count) in inside { #expect(count >= 19, "\(metric): \(count)") }
        for (metric, count) in sure where metric != .p99 {
            #expect(count == rounds, "\(metric): \(count)")
        }
        #expect(inside.count == 5)
    }

    @Test("percentiles of a resample are those of the merged histograms")
    func resampling() {
        let report = SampleRun(intervalCount: 12).report()
        let resampling = Resampling(report)
        for seed in UInt64(0)..<20 {
            var generator = SplitMix64(seed: seed)
            let figures = resampling.figures(using: &generator)
            // The same draw, merged the slow way.
            var again = SplitMix64(seed: seed)
            var merged = LatencyDistribution()
            var tally = Tally()
            for _ in report.intervals {
                let interval = report.intervals[again.place(below: report.intervals.count)]
                merged.add(interval.latency)
                tally += interval.tally
            }
            for (metric, figure) in zip(Comparison.Metric.allCases, figures) {
                guard let figure else {
                    Issue.record("\(metric) is missing")
                    continue
                }
                if let percentile = metric.percentile {
                    let bound = Double(merged.percentile(percentile))
                    #expect(abs(figure / bound - 1) < 0.009)
                }
            }
            #expect(figures[0] == Double(tally.delivered) / Double(report.intervals.count))
        }
    }

    @Test("runs that are not about the same thing are noted")
    func notes() {
        let base = SampleRun(intervalCount: 6).report()
        let table: [(change: (inout RunReport) -> Void, note: String)] = [
            ({ $0.scenario = "echo" }, "the scenario differs: fanout and echo"),
            ({ $0.dialect = "wamp" }, "the dialect differs"),
            ({ $0.work = .answers }, "what is counted differs: messages and answers"),
            ({ $0.latencyOrigin = .sent }, "it cannot be compared"),
            (
                { $0.connectionsOpened = 2000 },
                "the number of connections differs: 1 000 and 2 000"
            ),
            ({ $0.parameters[1].value = "256 B" }, "payload differs: 128 B and 256 B"),
            ({ $0.parameters.append(.init(name: "rooms", value: "9")) }, "rooms differs: – and 9"),
            ({ $0.host.cpu = "Another" }, "the CPU differs"),
            ({ $0.tally.lost = 1 }, "run B failed its checks"),
            ({ $0.wasInterrupted = true }, "run B: interrupted"),
            ({ $0.intervals.removeLast(3) }, "no confidence intervals"),
        ]
        for (change, note) in table {
            var other = base
            change(&other)
            let comparison = Comparison(base: base, other: other, resampleCount: 100)
            #expect(comparison.notes.contains { $0.contains(note) }, "\(note)")
            #expect(comparison.summary(width: 120).contains("note"))
        }
    }

    @Test("figures that one run does not know are left out; too few intervals give no interval")
    func missing() {
        var base = SampleRun(intervalCount: 4).report()
        let other = SampleRun(intervalCount: 20).report()
        base.server = nil
        let comparison = Comparison(base: base, other: other)
        #expect(comparison.line(of: .cpu) == nil)
        #expect(comparison.line(of: .memory) == nil)
        #expect(comparison.lines.count == 6)
        #expect(comparison.lines.allSatisfy { $0.lower == nil && $0.change == .unknown })
        var empty = other
        empty.latency = LatencyDistribution()
        empty.work = .none
        empty.server = nil
        let nothing = Comparison(base: empty, other: other)
        #expect(nothing.lines.isEmpty)
        #expect(nothing.summary().contains("no figure that both runs know"))
    }

    @Test("the text shows both runs, the ratio with its interval, and what was judged")
    func text() throws {
        let base = SampleRun().report()
        let other = SampleRun(seed: 2, latency: 60_000).report()
        let comparison = Comparison(base: base, other: other, resampleCount: 300)
        let judgements = comparison.judge([try Threshold("p50<=1.1"), try Threshold("cpu<=2")])
        let text = comparison.summary(judgements: judgements, width: 80)
        for words in ["A ", "B ", "p99.9", " – ", "worse", "no difference", "missed", "met "] {
            #expect(text.contains(words), "\(words)")
        }
        for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        let colored = comparison.summary(judgements: judgements, width: 80, color: true)
        #expect(SummaryTests.withoutColors(colored) == text)
        let json = String(decoding: comparison.json(judgements: judgements), as: UTF8.self)
        for words in ["\"format\": \"carillon-load comparison\"", "\"status\": \"missed\""] {
            #expect(json.contains(words))
        }
    }

    @Test("reports of any content compare without a stop")
    func anyContent() {
        let good = SampleRun(intervalCount: 6).report()
        var odd = good
        odd.intervals[0].durationSeconds = 0
        odd.intervals[1].tally.delivered = .max
        odd.intervals[2].serverCPUSeconds = nil
        odd.intervals[3].latency = LatencyDistribution()
        odd.intervals[4].durationSeconds = 1e-300
        odd.connectionsOpened = 0
        var empty = good
        for index in empty.intervals.indices {
            empty.intervals[index].tally = Tally()
            empty.intervals[index].latency = LatencyDistribution()
            empty.intervals[index].durationSeconds = 0
        }
        for (one, two) in [(good, odd), (odd, good), (odd, odd), (good, empty), (empty, good)] {
            let comparison = Comparison(base: one, other: two, resampleCount: 100)
            #expect(!comparison.json().isEmpty)
            #expect(!comparison.summary().isEmpty)
        }
        let long = SampleRun(intervalCount: 700).report()
        #expect(Comparison(base: long, other: good, resampleCount: 100).lines.count == 8)
    }
}
