// WorkerRecord — what a worker hands over: one record per interval, one at its end.
//
// Threads of this process hand over values; child processes write them as lines of JSON.

internal import Measurement

struct WorkerRecord: Sendable, Codable {
    var worker: Int
    /// Number of the interval; `nil` in the last record, whose tally holds what only the end knows.
    var interval: Int?
    var beginSeconds: Double
    /// The interval's end; in the last record, when the last message came.
    var endSeconds: Double
    var tally: Tally
    var latency: LatencyDistribution
    var busyShare: Double
    var handshakes: LatencyDistribution?
    var problems: [RunReport.Problem] = []
    var worstSlip: UInt64 = 0
    /// CPU time of the thread over all intervals.
    var cpuSeconds = 0.0
}

/// Distinct problems with their counts; the texts come from the network too, so both are bounded.
struct ProblemList {
    private(set) var counts: [String: UInt64] = [:]
    static let limit = 32

    mutating func add(_ text: String, count: UInt64 = 1) {
        let text = counts[text] != nil || counts.count < Self.limit ? text : "other problems"
        counts[text, default: 0] += count
    }

    var problems: [RunReport.Problem] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { RunReport.Problem(text: $0.key, count: $0.value) }
    }
}
