// ScenarioCommand — what every scenario does with its options: a plan, a run, a report.

internal import ArgumentParser
internal import CSystem
internal import Glibc
internal import Measurement

/// A scenario on the command line.
protocol ScenarioCommand: ParsableCommand {
    var target: TargetOptions { get }
    var time: TimeOptions { get }
    var place: PlaceOptions { get }
    var output: OutputOptions { get }

    /// What one unit of its work is.
    var work: Work { get }

    /// What --phases said; `nil` without, and where there is no such option.
    var phases: String? { get }

    /// The populations, and what else is of this scenario.
    func plan(for target: Target) throws -> LoadPlan

    /// What the report lists.
    var parameters: [RunReport.Parameter] { get }
}

/// A scenario whose clients send and get messages.
protocol TrafficCommand: ScenarioCommand {
    var traffic: TrafficOptions { get }
}

extension TrafficCommand {
    var phases: String? { traffic.pace.phases }
}

extension ScenarioCommand {
    var phases: String? { nil }

    func run() throws {
        let plan = try finishedPlan()
        if let given = Inheritance.given {
            do throws(SetUpError) { try ChildRun.run(plan, given) } catch { throw fail(error) }
            return
        }
        try ReportOutput(options: output).checkPlaces()
        SignalPoll.prepare()
        var audience = TerminalAudience(isQuiet: output.quiet, work: work)
        let outcome: RunOutcome
        do throws(SetUpError) {
            let watch = output.serverPid.isEmpty ? nil : try ServerWatch(output.serverPid)
            var conductor = Conductor(plan, watch: watch)
            outcome = try conductor.run(&audience)
        } catch {
            audience.end()
            throw fail(error)
        }
        audience.end()
        let report = outcome.report(
            plan, work: work, dialect: target.dialectName, parameters: parameters,
            url: target.url ?? "ws://127.0.0.1:8000", pids: output.serverPid)
        try ReportOutput(options: output).write(report)
        if report.verdict == .failed { throw LoadStatus.incorrect }
        if report.tally.refusedHandshakes > 0 || !outcome.isWhole { throw LoadStatus.setUp }
    }

    private func fail(_ error: SetUpError) -> any Error {
        StandardError.write("carillon-load: \(error.description)\n")
        return LoadStatus.setUp
    }

    /// The plan with what all scenarios share.
    private func finishedPlan() throws -> LoadPlan {
        do {
            var plan = try plan(for: try target.target())
            place.apply(to: &plan)
            plan.warmUp = time.warmup.nanoseconds
            plan.duration = try time.measuredTime(phases)
            plan.patience = max(output.timeout.nanoseconds, 1_000_000)
            let tenth = plan.duration / 10
            let interval = output.interval?.nanoseconds ?? min(1_000_000_000, tenth)
            plan.interval = max(interval, 10_000_000)
            try checkDescriptors(plan)
            return plan
        } catch let error as TargetError {
            throw ValidationError(error.description)
        } catch let error as TemplateError {
            throw ValidationError(error.description)
        } catch let error as ScheduleError {
            throw ValidationError(error.description)
        }
    }

    /// Says beforehand what would fail on the way.
    private func checkDescriptors(_ plan: LoadPlan) throws {
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        unsafe carillon_descriptor_limit(&soft, &hard, true)
        let perWorker = plan.clientCount(of: 0)
        // Each ring has a table of its own, as large as the limit.
        guard UInt64(perWorker) <= soft else {
            let needed = (plan.clientCount + Int(clamping: soft) - 1) / max(Int(clamping: soft), 1)
            throw ValidationError(
                "\(perWorker) connections per thread are more than the \(soft) that the limit of "
                    + "descriptors allows; use --threads \(needed), or raise it with ulimit -n")
        }
    }
}

/// Standard error, as it is.
enum StandardError {
    static func write(_ text: String) {
        let octets = Array(text.utf8)
        _ = unsafe Glibc.write(2, octets, octets.count)
    }
}
