import Measurement
import Testing

@Suite("thresholds")
struct ThresholdTests {
    @Test("a threshold is a figure, a relation and a ratio")
    func parsing() throws {
        let table: [(String, Comparison.Metric, Threshold.Relation, Double)] = [
            ("p99<=1.10", .p99, .atMost, 1.1), ("throughput>=0.95", .throughput, .atLeast, 0.95),
            (" cpu <= 1.05 ", .cpu, .atMost, 1.05), ("p99.9<=2", .p999, .atMost, 2),
            ("memory<=1.", .memory, .atMost, 1), ("max>=.5", .max, .atLeast, 0.5),
        ]
        for (text, metric, relation, limit) in table {
            let threshold = try Threshold(text)
            #expect(threshold == Threshold(metric: metric, relation: relation, limit: limit))
            #expect(try Threshold(threshold.description) == threshold)
        }
    }

    @Test("what is no threshold is refused with what would be one")
    func mistakes() {
        let table: [(String, String)] = [
            ("", "write a figure"), ("p99", "write a figure"), ("p99=1.1", "write a figure"),
            ("p99<1.1", "write a figure"), ("p98<=1", "there is no figure \"p98\""),
            ("<=1", "there is no figure \"\""), ("P99<=1", "there are throughput, p50"),
            ("p99<=", "\"\" is not a ratio"), ("p99<=x", "\"x\" is not a ratio"),
            ("p99<=0", "is not a ratio"), ("p99<=-1", "is not a ratio"),
            ("p99<=inf", "is not a ratio"), ("p99<=nan", "is not a ratio"),
            ("p99<=1e5", "is not a ratio"), ("p99<=1..1", "is not a ratio"),
            ("p99<=0x1", "is not a ratio"), ("p99<=1.1<=2", "is not a ratio"),
            ("p99<=" + String(repeating: "9", count: 400), "is not a ratio"),
        ]
        for (text, said) in table {
            do {
                _ = try Threshold(text)
                Issue.record("read \(text)")
            } catch {
                #expect(error.description.contains(said), "\(error)")
            }
        }
    }

    @Test("a threshold is judged by the ratio, or only when the difference is sure")
    func judging() throws {
        let base = SampleRun(seed: 1).report()
        // Throughput about 1, p50 1.2 and sure, CPU 0.9 and sure.
        let other = SampleRun(seed: 2, latency: 48_000, cpu: 1.8).report()
        let comparison = Comparison(base: base, other: other, resampleCount: 300)
        let ratio = try #require(comparison.line(of: .throughput)?.ratio)
        let near = (ratio * 1000).rounded() / 1000
        let table: [(String, Judgement.Status, Judgement.Status)] = [
            ("p50<=1.5", .met, .met), ("p50<=1.1", .missed, .missed),
            ("p50>=1.5", .missed, .missed), ("p50<=0.9", .missed, .missed),
            ("cpu<=1", .met, .met), ("cpu>=1", .missed, .missed), ("cpu<=0.5", .missed, .missed),
            // Beyond the limit by a hair, and 1 is in the interval: it may be chance.
            ("throughput>=\(near + 0.002)", .missed, .met),
            ("throughput<=\(near - 0.002)", .missed, .met),
        ]
        for (text, byRatio, onlyWhenSure) in table {
            let threshold = try Threshold(text)
            #expect(comparison.judge([threshold]).map(\.status) == [byRatio], "\(text)")
            let strict = comparison.judge([threshold], strictness: .onlyWhenSure)
            #expect(strict.map(\.status) == [onlyWhenSure], "\(text)")
        }
    }

    @Test("what cannot be judged does not fail, and says why")
    func unjudged() throws {
        var base = SampleRun(intervalCount: 3).report()
        var other = SampleRun(seed: 2, intervalCount: 3, latency: 80_000).report()
        let short = Comparison(base: base, other: other)
        let threshold = try Threshold("p50<=1.1")
        #expect(short.judge([threshold]).map(\.status) == [.missed])
        let judgements = short.judge([threshold], strictness: .onlyWhenSure)
        #expect(judgements.map(\.status) == [.unjudged])
        #expect(judgements[0].reason.contains("without a confidence interval"))
        #expect(Comparison.exitStatus(of: judgements) == 0)
        #expect(Comparison.exitStatus(of: short.judge([threshold])) == 4)
        base.server = nil
        other.server = nil
        let unknown = Comparison(base: base, other: other).judge([try Threshold("cpu<=1")])
        #expect(unknown.map(\.status) == [.unjudged])
        #expect(unknown[0].reason == "not known for both runs")
    }
}
