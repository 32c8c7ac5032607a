// Comparison+Notes — when two runs are not about the same thing.

extension Comparison {
    /// What speaks against comparing the two; empty when nothing does.
    internal static func notes(_ base: RunReport, _ other: RunReport) -> [String] {
        differences(base, other) + doubts(base, name: "A") + doubts(other, name: "B")
            + shortage(base, other)
    }

    private static func differences(_ base: RunReport, _ other: RunReport) -> [String] {
        var notes: [String] = []
        func compare(_ name: String, _ one: String, _ two: String) {
            if one != two { notes.append("\(name) differs: \(quoted(one)) and \(quoted(two))") }
        }
        compare("the scenario", base.scenario, other.scenario)
        compare("the dialect", base.dialect, other.dialect)
        compare("what is counted", base.work.plural, other.work.plural)
        if base.latencyOrigin != other.latencyOrigin {
            notes.append(
                "latency is counted from \(base.latencyOrigin.text) in A, and from "
                    + "\(other.latencyOrigin.text) in B: it cannot be compared")
        }
        if base.connectionsOpened != other.connectionsOpened {
            compare(
                "the number of connections", Quantity.count(base.connectionsOpened),
                Quantity.count(other.connectionsOpened))
        }
        var names: [String] = []
        for parameter in base.parameters + other.parameters where !names.contains(parameter.name) {
            names.append(parameter.name)
        }
        for name in names {
            func value(in report: RunReport) -> String {
                report.parameters.first { $0.name == name }?.value ?? Quantity.unknown
            }
            compare(name, value(in: base), value(in: other))
        }
        compare("the CPU", base.host.cpu, other.host.cpu)
        compare("the kernel", base.host.kernel, other.host.kernel)
        return notes
    }

    private static func doubts(_ report: RunReport, name: String) -> [String] {
        var notes: [String] = []
        if report.verdict == .failed {
            notes.append("run \(name) failed its checks: its figures are not those of the work")
        }
        for warning in report.warnings {
            switch warning {
            case .generatorBusy, .slipped, .interrupted, .serverDied, .nothingArrived,
                .connectionsMissing:
                notes.append("run \(name): \(warning)")
            case .fewSamples, .disconnected, .timedOut, .protocolErrors: break
            }
        }
        return notes
    }

    private static func shortage(_ base: RunReport, _ other: RunReport) -> [String] {
        let count = Swift.min(base.intervals.count, other.intervals.count)
        guard count < Resampling.intervalMinimum else { return [] }
        return [
            "no confidence intervals: it takes \(Resampling.intervalMinimum) intervals in both "
                + "runs, and one has \(count)"
        ]
    }

    private static func quoted(_ text: String) -> String { text.isEmpty ? "nothing" : text }
}
