// RunOutcome+Report — what was measured, as the report that is written and compared.

internal import FoundationEssentials
internal import Glibc
internal import Measurement

extension RunOutcome {
    /// Makes the report.
    func report(
        _ plan: LoadPlan, work: Work, dialect: String, parameters: [RunReport.Parameter],
        url: String, pids: [Int]
    ) -> RunReport {
        var collector = self.collector
        collector.finish(samples)
        var report = RunReport(
            tool: .init(name: "carillon-load", version: loadVersion), date: Self.date,
            host: Self.host, commandLine: CommandLine.arguments, target: url,
            scenario: plan.scenario, dialect: dialect, parameters: parameters, work: work,
            latencyOrigin: plan.isOpenLoop ? .due : .sent)
        report.warmUpSeconds = Double(plan.warmUp) / 1e9
        // With an overloaded server it takes longer until everything has come than to send it.
        report.durationSeconds = max(
            measuredSeconds, collector.final.map(\.endSeconds).max() ?? 0)
        report.intervals = collector.intervals
        report.connectionsAsked = plan.clientCount
        report.connectionsOpened = openedCount
        report.wasInterrupted = wasInterrupted
        var handshakes = LatencyDistribution()
        for interval in collector.intervals { report.tally += interval.tally }
        for record in collector.final {
            report.tally += record.tally
            report.latency.add(record.latency)
            if let distribution = record.handshakes { handshakes.add(distribution) }
            for problem in record.problems { report.note(problem.text, count: problem.count) }
        }
        report.handshake = handshakes
        report.tally.expected +=
            report.tally.delivered + report.tally.lost
            + (plan.populations.contains { $0.role == .requester } ? report.tally.answered : 0)
        if work == .connections {
            report.latency = handshakes
            report.connectionsAsked = Int(clamping: report.tally.requested)
            report.connectionsOpened = Int(clamping: report.tally.connected)
        }
        if !isWhole { report.note("a process of the generator ended before it reported") }
        if samples.isLate {
            report.note("the server's CPU is not known: it was looked at too late")
        }
        report.generator = generator(plan, collector, report.tally)
        if let pid = pids.first { report.server = server(pid) }
        return report
    }

    private func generator(
        _ plan: LoadPlan, _ collector: RecordCollector, _ tally: Tally
    ) -> RunReport.GeneratorFigures {
        // The last interval may be a sliver of the drain; it says nothing about the load.
        let busy = collector.intervals.filter { $0.durationSeconds > 0.05 }
        let timed = Double(tally.published + tally.requested)
        return RunReport.GeneratorFigures(
            threads: plan.threadCount, processes: plan.processCount,
            busyShareMax: busy.map(\.generatorBusyShare).max() ?? 0,
            busyShareMean: busy.isEmpty
                ? 0 : busy.reduce(0) { $0 + $1.generatorBusyShare } / Double(busy.count),
            slippedShare: timed > 0 ? min(1, Double(tally.slippedSamples) / timed) : 0,
            worstSlipNanoseconds: collector.final.map(\.worstSlip).max() ?? 0,
            cpuSeconds: collector.final.reduce(0) { $0 + $1.cpuSeconds })
    }

    private func server(_ pid: Int) -> RunReport.ServerFigures {
        var figures = RunReport.ServerFigures(pid: pid)
        if let begin = samples.begin, let end = samples.end {
            figures.cpuSeconds = max(0, end.cpuSeconds - begin.cpuSeconds)
        }
        figures.residentAtStart = samples.first?.residentOctets
        figures.residentAtEnd = samples.end?.residentOctets
        figures.died = samples.end?.isAlive == false
        return figures
    }

    private static var date: String {
        Date().formatted(.iso8601)
    }

    private static var host: RunReport.Host {
        var name = utsname()
        unsafe uname(&name)
        let kernel = unsafe withUnsafePointer(to: &name.release) {
            unsafe $0.withMemoryRebound(to: CChar.self, capacity: 65) {
                unsafe String(cString: $0)
            }
        }
        let model = (ProcFile.read("/proc/cpuinfo") ?? "").split(separator: "\n")
            .first { $0.hasPrefix("model name") }?
            .split(separator: ":", maxSplits: 1).last.map { $0.drop { $0 == " " } }
        return RunReport.Host(
            kernel: kernel, cpu: model.map(String.init) ?? "unknown",
            cpuCount: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }
}

extension LoadPlan {
    var isOpenLoop: Bool {
        populations.contains { population in
            guard population.role == .publisher || population.role == .requester else {
                return false
            }
            if case .open = population.pace { return true }
            return false
        }
    }
}
