// RunReport — everything one run says about itself: the file that `--json` writes, `--html` draws
// and `--compare` reads.
//
// Plain values, filled by the generator; what follows from them (rates, costs, warnings, the
// verdict) is computed here, so that text, page and comparison cannot disagree.

/// One run of one scenario against one server.
package struct RunReport: Sendable, Equatable, Codable {
    /// What marks a file as one of ours.
    package static let formatName = "carillon-load report"
    /// Grows when a reader of the version before would misunderstand a file.
    package static let formatVersion = 1

    package private(set) var format = RunReport.formatName
    package private(set) var formatVersion = RunReport.formatVersion

    package var tool: Tool
    /// When the measured part began, ISO 8601 with its offset.
    package var date: String
    package var host: Host
    /// The command as it was typed, word by word.
    package var commandLine: [String]
    /// The server's URL.
    package var target: String
    /// The scenario's name.
    package var scenario: String
    /// The dialect's or template's name.
    package var dialect: String
    /// What the scenario was set to (payload size, rate, window, rooms, …), in order.
    package var parameters: [Parameter]
    /// What rates and costs are counted in.
    package var work: Work
    /// Where latency begins.
    package var latencyOrigin: LatencyOrigin
    /// What was checked of every message, for the receipt.
    package var checks = ["sequence", "time", "content"]

    /// Seconds of the measured part; less than asked when interrupted.
    package var durationSeconds: Double = 0
    /// Seconds before it that are in no figure.
    package var warmUpSeconds: Double = 0
    package var connectionsAsked: Int = 0
    package var connectionsOpened: Int = 0

    /// From the beginning of a connect to the last octet of the handshake's answer.
    package var handshake: LatencyDistribution?
    /// Latency of all messages and answers of the measured part.
    package var latency = LatencyDistribution()
    /// Sums over the measured part; `connected` and `refusedHandshakes` count set-up too.
    package var tally = Tally()
    /// The measured part in slices, in order.
    package var intervals: [Interval] = []
    package var server: ServerFigures?
    package var generator = GeneratorFigures()
    /// Distinct mishaps with their counts, the most frequent first.
    package var problems: [Problem] = []
    /// Whether somebody ended the run before its time.
    package var wasInterrupted = false

    package init(
        tool: Tool, date: String, host: Host, commandLine: [String], target: String,
        scenario: String, dialect: String, parameters: [Parameter], work: Work,
        latencyOrigin: LatencyOrigin
    ) {
        self.tool = tool
        self.date = date
        self.host = host
        self.commandLine = commandLine
        self.target = target
        self.scenario = scenario
        self.dialect = dialect
        self.parameters = parameters
        self.work = work
        self.latencyOrigin = latencyOrigin
    }
}

// MARK: - What follows from the figures

extension RunReport {
    /// Units of work that were done.
    package var units: UInt64 { work.units(in: tally) }

    /// Units of work per second; 0 when nothing was measured.
    package var rate: Double { durationSeconds > 0 ? Double(units) / durationSeconds : 0 }

    /// Octets per second that arrived at the generator.
    package var octetRate: Double {
        durationSeconds > 0 ? Double(tally.octetsReceived) / durationSeconds : 0
    }

    /// The server's CPU time per unit of work, in microseconds; `nil` when either is unknown.
    package var serverMicrosecondsPerUnit: Double? {
        guard let seconds = server?.cpuSeconds, units > 0 else { return nil }
        return seconds * 1e6 / Double(units)
    }

    /// How busy the server was, 1 being one CPU; `nil` when unknown.
    package var serverCPUShare: Double? {
        guard let seconds = server?.cpuSeconds, durationSeconds > 0 else { return nil }
        return seconds / durationSeconds
    }

    /// How much the server grew per open connection, in octets; `nil` when unknown or when it
    /// did not grow.
    package var serverOctetsPerConnection: Double? {
        guard let start = server?.residentAtStart, let end = server?.residentAtEnd,
            end > start, connectionsOpened > 0
        else { return nil }
        return Double(end - start) / Double(connectionsOpened)
    }

    /// Kinds of mishaps that are told apart; a server that words each refusal anew must not make
    /// the report as long as the run.
    package static let problemLimit = 20
    /// Characters of a problem's text that are kept.
    package static let problemSize = 300

    /// Adds a mishap, or one more of a kind that is known.
    package mutating func note(_ problem: String, count: UInt64 = 1) {
        var text = String(problem.prefix(Self.problemSize))
        let isKnown = problems.contains { $0.text == text }
        if !isKnown, problems.count >= Self.problemLimit { text = "other problems" }
        if let index = problems.firstIndex(where: { $0.text == text }) {
            problems[index].count = problems[index].count.addingWithCeiling(count)
        } else {
            problems.append(Problem(text: text, count: count))
        }
        problems.sort { ($1.count, $0.text) < ($0.count, $1.text) }
    }
}
