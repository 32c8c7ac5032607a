// Reports for tests: deterministic, and as a run would fill them.

import Bytes
import Measurement

/// How a made-up run differs from the usual one.
struct SampleRun {
    var seed: UInt64 = 1
    var intervalCount = 20
    /// Messages per second, the mean.
    var rate = 100_000.0
    /// Median latency in nanoseconds.
    var latency = 40_000.0
    /// Server CPU time per message, in microseconds.
    var cpu = 2.0

    /// Messages per interval whose latencies are drawn; each stands for a share of the rate.
    static let drawnPerInterval = 400

    func report() -> RunReport {
        var generator = SplitMix64(seed: seed)
        var report = RunReport(
            tool: .init(name: "carillon-load", version: "1.0"), date: "2025-06-01T12:00:00Z",
            host: .init(kernel: "Linux 6.12.1", cpu: "A CPU @ 3.00 GHz", cpuCount: 8),
            commandLine: ["carillon-load", "fanout", "ws://127.0.0.1:8000/stream", "-c", "1000"],
            target: "ws://127.0.0.1:8000/stream", scenario: "fanout", dialect: "openapi-ws",
            parameters: [
                .init(name: "subscribers", value: "1 000"), .init(name: "payload", value: "128 B"),
            ],
            work: .messages, latencyOrigin: .due)
        report.durationSeconds = Double(intervalCount)
        report.warmUpSeconds = 2
        report.connectionsAsked = 1000
        report.connectionsOpened = 1000
        var whole = LatencyHistogram()
        for index in 0..<intervalCount {
            let noise = Double.random(in: 0.9...1.1, using: &generator)
            let delivered = UInt64(rate * noise)
            var tally = Tally()
            tally.published = delivered / 1000
            tally.delivered = delivered
            tally.expected = delivered
            tally.octetsReceived = delivered * 132
            tally.octetsSent = tally.published * 160
            var part = LatencyHistogram()
            for _ in 0..<Self.drawnPerInterval {
                // A median, a spread around it, and a tail that falls with the square.
                let draw = Double.random(in: 0.0001..<1, using: &generator)
                let value = latency * (0.5 + 0.25 / draw.squareRoot())
                part.record(UInt64(value), count: delivered / UInt64(Self.drawnPerInterval))
            }
            whole.add(part)
            report.tally += tally
            report.intervals.append(
                Interval(
                    startSeconds: Double(index), durationSeconds: 1, tally: tally,
                    latency: part.distribution,
                    serverCPUSeconds: Double(delivered) * cpu / 1e6
                        * Double.random(in: 0.98...1.02, using: &generator),
                    serverResidentOctets: 30_000_000, generatorBusyShare: 0.4))
        }
        report.tally.connected = 1000
        report.latency = whole.distribution
        var handshake = LatencyHistogram()
        for value in UInt64(1)...1000 { handshake.record(value * 1000) }
        report.handshake = handshake.distribution
        report.server = .init(
            pid: 4711,
            cpuSeconds: report.intervals.reduce(0) { $0 + ($1.serverCPUSeconds ?? 0) },
            residentAtStart: 28_000_000, residentAtEnd: 30_000_000)
        report.generator = .init(threads: 2, busyShareMax: 0.42, busyShareMean: 0.4)
        return report
    }
}
