import Bytes
import Measurement
import Testing

@Suite("run reports")
struct RunReportTests {
    @Test("a report survives JSON, and equal reports are equal octets")
    func roundTrip() throws {
        var report = SampleRun().report()
        report.note("handshake refused: 503 \"busy\"\n\u{1B}[31m</script>", count: 3)
        report.wasInterrupted = true
        let json = report.json()
        #expect(try RunReport(json: json) == report)
        #expect(report.json() == json)
        #expect(try RunReport(json: json).json() == json)
    }

    @Test("a report without the optional parts survives JSON too")
    func sparse() throws {
        var report = SampleRun(intervalCount: 0).report()
        report.handshake = nil
        report.server = nil
        #expect(try RunReport(json: report.json()) == report)
        #expect(report.rate == 0)
        #expect(report.octetRate == 0)
        #expect(report.serverMicrosecondsPerUnit == nil)
        #expect(report.serverOctetsPerConnection == nil)
    }

    @Test("figures that divide by zero cost nobody the file")
    func notANumber() {
        var report = SampleRun(intervalCount: 1).report()
        report.generator.busyShareMax = .nan
        report.durationSeconds = .infinity
        #expect(String(decoding: report.json(), as: UTF8.self).contains("\"NaN\""))
    }

    @Test("members stand on lines of their own, an interval on one")
    func layout() {
        let report = SampleRun(intervalCount: 3).report()
        let lines = String(decoding: report.json(), as: UTF8.self).split(separator: "\n")
        #expect(lines.first == "{")
        #expect(lines.last == "}")
        #expect(lines.contains("  \"scenario\": \"fanout\","))
        #expect(lines.count { $0.hasPrefix("    {\"durationSeconds\": 1") } == 3)
        #expect(lines.count < 120)
    }

    @Test("what is no report, is newer or is damaged is refused with the reason")
    func refused() throws {
        let good = String(decoding: SampleRun(intervalCount: 2).report().json(), as: UTF8.self)
        #expect(throws: Never.self) { try RunReport(json: Array(good.utf8)) }
        let table: [(text: String, said: String)] = [
            ("", "not JSON"), ("{", "not JSON"), ("\u{0}", "not JSON"),
            (String(repeating: "[", count: 100_000), "not JSON"),
            ("[]", "not a report"), ("3", "not a report"), ("{}", "not a report"),
            ("{\"format\": \"something else\", \"formatVersion\": 1}", "not a report"),
            ("{\"format\": 7}", "not a report"),
            ("{\"format\": \"carillon-load report\"}", "formatVersion is missing"),
            ("{\"format\": \"carillon-load report\", \"formatVersion\": 1}", "is missing"),
            (
                "{\"format\": \"carillon-load report\", \"formatVersion\": 2}",
                "a report of format 2"
            ),
            (good.replacing("\"lost\": 0", with: "\"lost\": -1"), "a number that is below 0"),
            (good.replacing("\"lost\": 0", with: "\"lost\": 0.5"), "a number that is below 0"),
            (good.replacing("\"lost\": 0", with: "\"lust\": 0"), "tally.lost is missing"),
            (good.replacing("\"work\": \"messages\"", with: "\"work\": \"play\""), "work"),
            (
                good.replacing("\"durationSeconds\": 1,", with: "\"durationSeconds\": -1,"),
                "intervals[0]"
            ),
            (
                good.replacing("\"durationSeconds\": 2,", with: "\"durationSeconds\": 1e300,"),
                "durationSeconds"
            ),
            (good.replacing("\"startSeconds\": 1", with: "\"startSeconds\": 0.5"), "intervals[1]"),
            (
                good.replacing("\"connectionsOpened\": 1000", with: "\"connectionsOpened\": -1"),
                "connections"
            ),
            (good.replacing("[[", with: "[[99999,1],["), "handshake: latencies out of order"),
            (
                good.replacing("\"latency\": [", with: "\"latency\": [[-5,1],"),
                "a number that is below 0"
            ),
            (String(good.dropLast(20)), "not JSON"),
        ]
        for (text, said) in table {
            do {
                _ = try RunReport(json: Array(text.utf8))
                Issue.record("read \(text.prefix(80)), which should say \(said)")
            } catch {
                #expect(error.description.contains(said), "\(error) for \(text.prefix(80))")
            }
        }
    }

    @Test("a report with any one octet changed is read or refused, and can be shown")
    func flippedOctets() {
        var generator = SplitMix64(seed: 5)
        let good = SampleRun(intervalCount: 6).report().json()
        for _ in 0..<150 {
            var json = good
            let index = Int.random(in: 0..<json.count, using: &generator)
            json[index] = UInt8.random(in: 0...255, using: &generator)
            guard let report = try? RunReport(json: json) else { continue }
            _ = (report.warnings, report.verdict, report.summary(), report.htmlPage())
            _ = Comparison(base: report, other: report, resampleCount: 100).summary()
        }
    }

    @Test("rates and costs follow from the sums")
    func derived() {
        var report = SampleRun(intervalCount: 0).report()
        report.durationSeconds = 10
        report.tally.delivered = 1_000_000
        report.tally.answered = 500_000
        report.tally.connected = 100
        report.tally.octetsReceived = 50_000_000
        report.server = .init(
            pid: 1, cpuSeconds: 3, residentAtStart: 1_000_000, residentAtEnd: 3_000_000)
        #expect(report.rate == 100_000)
        #expect(report.octetRate == 5_000_000)
        #expect(report.serverMicrosecondsPerUnit == 3)
        #expect(report.serverCPUShare == 0.3)
        #expect(report.serverOctetsPerConnection == 2000)
        let units: [(Work, UInt64)] = [
            (.messages, 1_000_000), (.answers, 500_000), (.exchanges, 1_500_000),
            (.connections, 100), (.none, 0),
        ]
        for (work, count) in units {
            report.work = work
            #expect(report.units == count)
        }
        report.server?.residentAtEnd = 5
        #expect(report.serverOctetsPerConnection == nil)
    }

    @Test("each violation fails the run with status 3, and nothing else does")
    func verdict() {
        let clean = SampleRun(intervalCount: 1).report()
        #expect(clean.verdict == .passed)
        #expect(clean.verdict.exitStatus == 0)
        let violations: [WritableKeyPath<Tally, UInt64>] = [
            \.lost, \.duplicated, \.reordered, \.corrupted,
        ]
        for counter in violations {
            var report = clean
            report.tally[keyPath: counter] = 1
            #expect(report.verdict == .failed)
            #expect(report.verdict.exitStatus == 3)
        }
        var report = clean
        report.tally.timedOut = 1
        report.wasInterrupted = true
        #expect(report.verdict == .passed)
    }

    @Test("each doubt is a warning, and a clean run has none")
    func warnings() {
        let clean = SampleRun(intervalCount: 1).report()
        #expect(clean.warnings == [])
        let table: [(change: (inout RunReport) -> Void, warning: RunReport.Warning)] = [
            ({ $0.generator.busyShareMax = 0.86 }, .generatorBusy(share: 0.86)),
            (
                {
                    $0.generator.slippedShare = 0.25
                    $0.generator.worstSlipNanoseconds = 5_000_000
                }, .slipped(share: 0.25, worstNanoseconds: 5_000_000)
            ),
            (
                { $0.latency = LatencyDistributionTests.distribution(of: [1, 2, 3]) },
                .fewSamples(count: 3)
            ),
            (
                { $0.connectionsOpened = 999 }, .connectionsMissing(asked: 1000, opened: 999)
            ),
            ({ $0.tally.disconnected = 2 }, .disconnected(count: 2)),
            ({ $0.tally.timedOut = 3 }, .timedOut(count: 3)),
            ({ $0.tally.protocolErrors = 4 }, .protocolErrors(count: 4)),
            ({ $0.tally.delivered = 0 }, .nothingArrived),
            ({ $0.wasInterrupted = true }, .interrupted),
            ({ $0.server?.died = true }, .serverDied),
        ]
        for (change, warning) in table {
            var report = clean
            change(&report)
            #expect(report.warnings == [warning])
            #expect(!warning.description.isEmpty)
        }
        var idle = clean
        idle.latency = LatencyDistribution()
        #expect(idle.warnings == [])
    }

    @Test("a mishap that happens again is counted, the most frequent first")
    func problems() {
        var report = SampleRun(intervalCount: 0).report()
        report.note("refused: 503")
        report.note("refused: 429", count: 5)
        report.note("refused: 503")
        #expect(
            report.problems == [
                .init(text: "refused: 429", count: 5), .init(text: "refused: 503", count: 2),
            ])
    }

    @Test("a server that words every refusal anew does not make the report long")
    func problemLimit() {
        var report = SampleRun(intervalCount: 0).report()
        for index in 0..<1000 { report.note("refused: request \(index)") }
        report.note(String(repeating: "x", count: 100_000), count: 5000)
        #expect(report.problems.count == RunReport.problemLimit + 1)
        #expect(report.problems[0].text == "other problems")
        #expect(report.problems.reduce(0) { $0 + $1.count } == 6000)
        #expect(report.problems.allSatisfy { $0.text.count <= RunReport.problemSize })
    }
}
