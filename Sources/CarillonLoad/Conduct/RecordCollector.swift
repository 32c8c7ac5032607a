// RecordCollector — the records of all workers, added up into intervals and one end.

internal import Measurement

/// What the server used at the edges of intervals.
struct ServerSamples {
    var first: ServerUse?
    var connected: ServerUse?
    private(set) var begin: ServerUse?
    private(set) var end: ServerUse?
    /// At the end of each interval.
    private(set) var edges: [ServerUse] = []

    /// The look at the beginning came too late to tell what the server used.
    private(set) var isLate = false

    /// - Parameters:
    ///   - delay: How long after the beginning the look was, ns: beside threads that spin, who looks
    ///     may have to wait for a CPU.
    ///   - duration: The measured time, ns.
    mutating func begin(_ use: ServerUse?, after delay: UInt64, of duration: UInt64) {
        isLate = use != nil && delay > 1_000_000 + duration / 50
        begin = isLate ? nil : use
    }

    mutating func end(_ use: ServerUse?) { end = use }
    mutating func intervalEnded(_ use: ServerUse?) { if let use { edges.append(use) } }

    /// CPU seconds and memory in interval `number`; the last one reaches to the end.
    func interval(_ number: Int, isLast: Bool) -> (cpu: Double, resident: UInt64)? {
        guard let begin else { return nil }
        let before =
            number == 0 ? begin : edges.indices.contains(number - 1) ? edges[number - 1] : nil
        let after = isLast ? end : edges.indices.contains(number) ? edges[number] : end
        guard let before, let after else { return nil }
        return (max(0, after.cpuSeconds - before.cpuSeconds), after.residentOctets)
    }
}

struct RecordCollector {
    private let plan: LoadPlan
    /// Records of intervals that not every worker has finished, by number.
    private var open: [Int: [WorkerRecord]] = [:]
    private(set) var intervals: [Interval] = []
    private(set) var final: [WorkerRecord] = []

    init(_ plan: LoadPlan) { self.plan = plan }

    mutating func add(_ record: WorkerRecord) {
        if let number = record.interval {
            open[number, default: []].append(record)
        } else {
            final.append(record)
        }
    }

    /// The next interval that all workers have finished.
    mutating func nextInterval(_ samples: ServerSamples) -> Interval? {
        let number = intervals.count
        guard let records = open[number], records.count == plan.workerCount else { return nil }
        // The server is looked at when an interval ends, which may be a moment from now.
        guard samples.begin == nil || samples.edges.count > number else { return nil }
        return join(number, records, samples, isLast: false)
    }

    /// Whatever there is, at the end: a worker may have closed one interval more than another.
    mutating func finish(_ samples: ServerSamples) {
        while let records = open[intervals.count] {
            let isLast = open[intervals.count + 1] == nil
            _ = join(intervals.count, records, samples, isLast: isLast)
        }
    }

    private mutating func join(
        _ number: Int, _ records: [WorkerRecord], _ samples: ServerSamples, isLast: Bool
    ) -> Interval {
        open[number] = nil
        var tally = Tally()
        var latency = LatencyDistribution()
        for record in records {
            tally += record.tally
            latency.add(record.latency)
        }
        let use = samples.interval(number, isLast: isLast)
        // Workers look at the clock once a turn: an interval begins where the one before ends.
        let begin = intervals.last.map { $0.startSeconds + $0.durationSeconds } ?? 0
        let end = records.map(\.endSeconds).max() ?? begin
        let interval = Interval(
            startSeconds: begin, durationSeconds: max(0, end - begin), tally: tally,
            latency: latency, serverCPUSeconds: use?.cpu, serverResidentOctets: use?.resident,
            generatorBusyShare: records.map(\.busyShare).max() ?? 0)
        intervals.append(interval)
        return interval
    }

    /// Adds what the workers know of a run that did not begin.
    func explain(_ error: SetUpError) -> SetUpError {
        let problems = final.flatMap(\.problems)
        guard !problems.isEmpty else { return error }
        var list = ProblemList()
        for problem in problems { list.add(problem.text, count: problem.count) }
        let lines = list.problems.prefix(5).map { "\n  \($0.count) × \($0.text)" }
        return SetUpError(error.description + lines.joined())
    }
}

/// What a run came to.
struct RunOutcome {
    var collector: RecordCollector
    let samples: ServerSamples
    let wasInterrupted: Bool
    /// Every process has reported.
    let isWhole: Bool
    /// Clients that were ready before the run began.
    let openedCount: Int
    let measuredSeconds: Double
}
