// RunReport+Verdict — whether the server was correct, and whether the figures mean anything.
//
// Two different questions. A violation (something lost, repeated, out of order or changed) fails
// the run and is the exit status. A warning does not: it says why somebody should not believe a
// figure, and the issue of most published figures is that nobody did.

extension RunReport {
    /// Whether everything that was checked was right.
    package enum Verdict: String, Sendable, Equatable, Codable {
        case passed
        case failed

        /// What the process ends with.
        package var exitStatus: Int32 {
            switch self {
            case .passed: 0
            case .failed: 3
            }
        }
    }

    package var verdict: Verdict { tally.violations == 0 ? .passed : .failed }

    /// Why a figure deserves doubt.
    package enum Warning: Sendable, Equatable {
        /// The busiest generator thread worked more than ``busyShareLimit`` of the time.
        case generatorBusy(share: Double)
        /// Messages left later than they were due.
        case slipped(share: Double, worstNanoseconds: UInt64)
        /// Not enough latencies for the highest percentile that is printed.
        case fewSamples(count: UInt64)
        /// Some connections were never open.
        case connectionsMissing(asked: Int, opened: Int)
        /// Connections ended on their own.
        case disconnected(count: UInt64)
        /// Calls or publications without an answer in time.
        case timedOut(count: UInt64)
        /// The server broke WebSocket's or the dialect's rules.
        case protocolErrors(count: UInt64)
        /// Something should have arrived and nothing at all did.
        case nothingArrived
        case interrupted
        case serverDied
    }

    /// Above this the generator may have been what limited the run.
    package static let busyShareLimit = 0.85
    /// Ten latencies beyond p99.99: fewer, and it is one unlucky message that is printed.
    package static let sampleCountForHighestPercentile: UInt64 = 100_000

    /// What to doubt, the gravest first; empty for a clean run.
    package var warnings: [Warning] {
        var warnings: [Warning] = []
        if server?.died == true { warnings.append(.serverDied) }
        if wasInterrupted { warnings.append(.interrupted) }
        if tally.expected > 0, tally.delivered == 0, tally.answered == 0 {
            warnings.append(.nothingArrived)
        }
        if generator.busyShareMax > Self.busyShareLimit {
            warnings.append(.generatorBusy(share: generator.busyShareMax))
        }
        if generator.slippedShare > 0 || tally.slippedSamples > 0 {
            warnings.append(
                .slipped(
                    share: generator.slippedShare,
                    worstNanoseconds: generator.worstSlipNanoseconds))
        }
        if connectionsOpened < connectionsAsked {
            warnings.append(
                .connectionsMissing(asked: connectionsAsked, opened: connectionsOpened))
        }
        if tally.disconnected > 0 { warnings.append(.disconnected(count: tally.disconnected)) }
        if tally.timedOut > 0 { warnings.append(.timedOut(count: tally.timedOut)) }
        if tally.protocolErrors > 0 {
            warnings.append(.protocolErrors(count: tally.protocolErrors))
        }
        let samples = latency.count
        if samples > 0, samples < Self.sampleCountForHighestPercentile {
            warnings.append(.fewSamples(count: samples))
        }
        return warnings
    }
}

extension RunReport.Warning: CustomStringConvertible {
    /// One sentence for the summary and the page.
    package var description: String {
        switch self {
        case .generatorBusy(let share):
            "the generator was busy \(Quantity.share(share)) of the time: it may be what limited "
                + "this run; give it more threads or less to do"
        case .slipped(let share, let worst):
            "the generator fell behind its own schedule for \(Quantity.share(share)) of the "
                + "messages, by \(Quantity.nanoseconds(worst)) at worst; their latencies "
                + "include that"
        case .fewSamples(let count):
            "p99.99 rests on \(Quantity.count(count)) latencies: it takes "
                + "\(Quantity.count(RunReport.sampleCountForHighestPercentile)) to mean something"
        case .connectionsMissing(let asked, let opened):
            "only \(Quantity.count(opened)) of \(Quantity.count(asked)) connections were opened"
        case .disconnected(let count):
            "\(Quantity.count(count)) connections ended though nobody here ended them"
        case .timedOut(let count):
            "\(Quantity.count(count)) calls or publications were not answered in time"
        case .protocolErrors(let count):
            "the server broke the protocol \(Quantity.count(count)) times"
        case .nothingArrived:
            "nothing arrived: look at the subscribe and publish texts, and at the path of the URL"
        case .interrupted: "interrupted: the figures are of the time before"
        case .serverDied: "the server's process ended during the run"
        }
    }
}
