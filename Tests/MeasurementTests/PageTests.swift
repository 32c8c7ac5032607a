import Measurement
import Testing

@Suite("pages")
struct PageTests {
    @Test("a page is well-formed, with four pictures, and fetches and runs nothing")
    func page() throws {
        let page = SampleRun().report().htmlPage()
        let xml = try StrictXML(page)
        #expect(xml.elements.count { $0 == "svg" } == 4)
        #expect(!xml.elements.contains("script"))
        #expect(!xml.elements.contains("link"))
        #expect(!xml.elements.contains("img"))
        #expect(!xml.attributes.contains { ["src", "href", "style"].contains($0.name) })
        #expect(!xml.attributes.contains { $0.name.hasPrefix("on") })
        for word in ["url(", "@import", "expression("] { #expect(!page.contains(word)) }
        #expect(page.contains("prefers-color-scheme: dark"))
        for word in ["fanout", "passed", "p99.99", "openapi-ws", "permessage", "payload"] {
            #expect(xml.text.contains(word) == (word != "permessage"))
        }
    }

    @Test("texts that servers and users choose stay texts")
    func hostile() throws {
        let texts = [
            "</style><script>alert(1)</script>", "\" onload=\"alert(1)", "' & &amp; <b>",
            "\u{0}\u{1B}[31m\u{7F}\u{9B}\u{FFFE}", "]]>", "<!--", "\u{202E}gpj.exe", "é 🔔",
        ]
        for text in texts {
            var report = SampleRun(intervalCount: 2).report()
            report.tool = .init(name: text, version: text)
            report.date = text
            report.host = .init(kernel: text, cpu: text, cpuCount: 1)
            report.commandLine = [text, text]
            report.target = text
            report.scenario = text
            report.dialect = text
            report.parameters = [.init(name: text, value: text)]
            report.checks = [text]
            report.note(text)
            let xml = try StrictXML(report.htmlPage())
            #expect(!xml.elements.contains("script"))
            #expect(!xml.elements.contains("b"))
            #expect(!xml.attributes.contains { $0.name == "onload" })
            // Nothing is swallowed: what can be said in XML is read back as it was.
            if text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value < 0x7F }) {
                #expect(xml.text.contains(text))
            }
            #expect(!xml.text.contains("\u{202E}"))
            let summary = report.summary(width: 60)
            #expect(!summary.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
            #expect(!summary.unicodeScalars.contains { (0x7F..<0xA0).contains($0.value) })
        }
    }

    @Test("whatever figures a report holds, its page is well-formed and has no place that is none")
    func extremes() throws {
        var zero = SampleRun(intervalCount: 3).report()
        zero.latency = LatencyDistributionTests.distribution(of: [0])
        zero.intervals[0].tally = Tally()
        zero.intervals[1].latency = zero.latency
        var huge = zero
        huge.durationSeconds = 1e-300
        huge.tally.delivered = .max
        huge.intervals[0].tally.delivered = .max
        huge.intervals[0].durationSeconds = 1e-300
        huge.intervals[2].durationSeconds = 9e11
        huge.latency = LatencyDistributionTests.distribution(of: [0, LatencyHistogram.ceiling])
        huge.connectionsOpened = .max
        huge.generator.threads = .max
        huge.generator.processes = .min
        var none = SampleRun(intervalCount: 0).report()
        none.latency = LatencyDistribution()
        none.work = .none
        none.server = nil
        var odd = zero
        odd.durationSeconds = .nan
        odd.intervals[0].durationSeconds = .infinity
        odd.intervals[1].startSeconds = -.infinity
        odd.generator.busyShareMax = .nan
        let single = SampleRun(intervalCount: 1).report()
        let long = SampleRun(intervalCount: 700).report()
        for report in [zero, huge, none, odd, single, long] {
            let page = report.htmlPage()
            let xml = try StrictXML(page)
            for (name, value) in xml.attributes where ["d", "x", "y", "x1", "cx"].contains(name) {
                #expect(!value.contains("nan") && !value.contains("inf") && !value.contains("e"))
            }
            #expect(page.utf8.count < 100_000)
            #expect(!report.summary(width: 0).isEmpty)
        }
    }

    @Test("a failed run says at the top of its page what was wrong")
    func failed() throws {
        var report = SampleRun(intervalCount: 2).report()
        report.tally.lost = 17
        report.tally.reordered = 1
        let xml = try StrictXML(report.htmlPage())
        #expect(xml.text.contains("the server failed: 17 lost, 1 reordered"))
        #expect(xml.attributes.contains { $0 == ("class", "badge failed") })
    }
}
