import Measurement
import Testing

@Suite("summaries")
struct SummaryTests {
    @Test("a summary says what was run, how fast, how late, at what cost and what was checked")
    func summary() {
        var report = SampleRun(intervalCount: 0).report()
        report.durationSeconds = 10
        report.tally.delivered = 8_123_404
        report.tally.expected = 8_123_404
        report.tally.octetsReceived = 1_044_000_000
        var histogram = LatencyHistogram()
        histogram.record(412, count: 500_000)
        histogram.record(38_123, count: 450_000)
        histogram.record(1_240_000, count: 49_900)
        histogram.record(2_100_000_000, count: 100)
        report.latency = histogram.distribution
        report.server = .init(
            pid: 1, cpuSeconds: 8.123404, residentAtStart: 1_000_000, residentAtEnd: 2_986_000)
        let expected = """
            fanout  ws://127.0.0.1:8000/stream  (openapi-ws)
                         subscribers 1 000   payload 128 B
                         10 s measured after 2 s of warm-up   2025-06-01T12:00:00Z
                         Linux 6.12.1   A CPU @ 3.00 GHz   8 CPUs

            connections  1 000 of 1 000 opened
            handshake    p50 500 µs   p99 990 µs   max 1.00 ms
            throughput   812 340 messages/s   104 MB/s received   8 123 404 in all
            latency          p50      p90      p99    p99.9   p99.99      max
                          412 ns  38.1 µs  1.24 ms  1.24 ms  1.24 ms   2.10 s
                         counted from the time a message was due
            server       1.00 µs of CPU per message   81.2 % of one CPU
                         1.94 KiB per connection   2.85 MiB resident
            generator    2 threads in 1 process   busiest 42.0 %   mean 40.0 %
                         0 % sent late

            receipt      passed
                         8 123 404 of 8 123 404 expected messages on 1 000 connections:
                         sequence, time, content
                         lost 0   duplicated 0   reordered 0   corrupted 0

            """
        #expect(report.summary(width: 80) == expected)
    }

    @Test("no line is wider than the terminal, and colours take no room")
    func width() {
        var report = SampleRun(intervalCount: 2).report()
        report.tally.lost = 3
        report.generator.busyShareMax = 0.99
        report.note("handshake refused: 503 Service Unavailable", count: 12)
        for width in [40, 60, 80, 132] {
            let plain = report.summary(width: width)
            for line in plain.split(separator: "\n").dropFirst() {
                #expect(line.count <= width, "\(line)")
            }
            let colored = report.summary(width: width, color: true)
            #expect(colored != plain)
            #expect(Self.withoutColors(colored) == plain)
        }
    }

    @Test("violations, mishaps and warnings are in the summary")
    func failed() {
        var report = SampleRun(intervalCount: 2).report()
        report.tally.lost = 3
        report.tally.timedOut = 4
        report.note("closed with 1011", count: 5)
        report.wasInterrupted = true
        let text = report.summary(width: 80)
        for words in [
            "receipt      failed", "lost 3", "timed out 4", "5 ×          closed with 1011",
            "warning      interrupted",
        ] {
            #expect(text.contains(words))
        }
    }

    static func withoutColors(_ text: String) -> String {
        var plain = ""
        var isCode = false
        for character in text {
            if character == "\u{1B}" { isCode = true }
            if !isCode { plain.append(character) }
            if isCode, character == "m" { isCode = false }
        }
        return plain
    }
}

@Suite("progress lines")
struct ProgressLineTests {
    private func line(errors: UInt64 = 0, phase: String = "") -> ProgressLine {
        var interval = SampleRun(intervalCount: 1).report().intervals[0]
        interval.startSeconds = 11
        interval.tally.delivered = 812_340
        interval.latency = LatencyDistributionTests.distribution(of: [38_100, 1_240_000])
        var total = Tally()
        total.lost = errors
        return ProgressLine(
            interval: interval, total: total, connections: 19_000, work: .messages, phase: phase)
    }

    @Test("a line has time, rate, latency, errors and connections")
    func text() {
        let text = line().text(width: 100)
        #expect(
            text
                == "  12 s      812 340 msg/s   p50 38.1 µs   p99 1.24 ms   0 errors   19 000 open"
        )
        #expect(line(errors: 1).text(width: 100).contains("1 error   "))
        #expect(line(phase: "warm-up").text(width: 100).hasSuffix("   warm-up"))
        #expect(!line(phase: "\u{1B}[2J").text(width: 100).contains("\u{1B}"))
    }

    @Test("a line never wraps: the right end is left out")
    func width() {
        for width in 0...100 {
            let text = line(phase: "ramp").text(width: width)
            #expect(text.count <= width)
            let colored = line(phase: "ramp").text(width: width, color: true)
            #expect(SummaryTests.withoutColors(colored) == text)
        }
    }
}
