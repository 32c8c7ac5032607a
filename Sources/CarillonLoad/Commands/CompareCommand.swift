// CompareCommand — `carillon-load compare A.json B.json`: is B faster than A, and how sure is that?

internal import ArgumentParser
internal import Measurement

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare two reports: ratios with confidence intervals.",
        discussion: """
            Ratios are B to A, with 95 % intervals from resampling the intervals of both runs. A \
            threshold that is missed makes the exit status 4.

            carillon-load compare before.json after.json --threshold 'p99<=1.10' \\
                --threshold 'throughput>=0.95'
            """)

    @Argument(help: "The report to compare with.") var base: String
    @Argument(help: "The report to judge.") var other: String

    @Option(
        help: ArgumentHelp(
            "A limit for a ratio: throughput, p50, p90, p99, p99.9, max, cpu or memory, with <= or "
                + ">=; repeatable.", valueName: "limit"))
    var threshold: [String] = []

    @Flag(help: "Write the comparison as JSON.") var json = false

    func run() throws {
        let thresholds = try threshold.map { text in
            do throws(ThresholdError) { return try Threshold(text) } catch {
                throw ValidationError(error.description)
            }
        }
        let comparison = Comparison(base: try report(base), other: try report(other))
        let judgements = comparison.judge(thresholds)
        if json {
            StandardOutput.write(comparison.json(judgements: judgements))
        } else {
            let text = comparison.summary(
                judgements: judgements, width: Terminal.width, color: Terminal.hasColor)
            StandardOutput.write(Array(text.utf8))
        }
        let status = Comparison.exitStatus(of: judgements)
        if status != 0 { throw ExitCode(status) }
    }

    private func report(_ path: String) throws -> RunReport {
        let octets = try ReportOutput.read(path)
        do throws(MeasurementError) { return try RunReport(json: octets) } catch {
            StandardError.write("carillon-load: \(path): \(error)\n")
            throw LoadStatus.setUp
        }
    }
}
