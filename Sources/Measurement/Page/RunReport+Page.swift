// RunReport+Page — a run as one HTML page that can be mailed, kept and printed.
//
// Self-contained: no script, no font, no picture from elsewhere. Every text that is not in this
// source is escaped, because servers choose some of them.

extension RunReport {
    /// The page, as HTML that is well-formed XML too.
    package func htmlPage() -> String {
        var markup = Markup()
        markup.verbatim("<!DOCTYPE html>\n")
        markup.element("html", ["xmlns": "http://www.w3.org/1999/xhtml", "lang": "en"]) { markup in
            markup.element("head") { markup in
                markup.empty("meta", ["charset": "utf-8"])
                markup.empty(
                    "meta",
                    ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                markup.element("title", text: "\(scenario) – \(target) – \(tool.name)")
                markup.element("style") { $0.verbatim(PageStyle.sheet) }
            }
            markup.verbatim("\n")
            markup.element("body") { writeBody(to: &$0) }
        }
        markup.verbatim("\n")
        return markup.html
    }

    private func writeBody(to markup: inout Markup) {
        markup.element("header") { markup in
            markup.element("h1", text: scenario)
            markup.element("code", ["class": "soft"], text: target)
            markup.element(
                "span", ["class": "badge \(verdict.rawValue)"], text: verdict.rawValue)
        }
        markup.element(
            "p", ["class": "soft"],
            text: ([timeText, dialect] + parameters.map { "\($0.name) \($0.value)" })
                .joined(separator: " · "))
        markup.verbatim("\n")
        writeTiles(to: &markup)
        writeNotices(to: &markup)
        markup.element("div", ["class": "columns"]) { markup in
            for write in [
                writeThroughput, writeLatencyOverTime, writePercentiles, writeDistribution,
            ] {
                write(&markup)
                markup.verbatim("\n")
            }
        }
        markup.element("div", ["class": "columns"]) { markup in
            writeFigures(to: &markup)
            markup.verbatim("\n")
            writeReceipt(to: &markup)
        }
        markup.verbatim("\n")
        writeSetting(to: &markup)
        markup.element(
            "footer",
            text: "\(tool.name) \(tool.version) · \(date) · latency counted from "
                + latencyOrigin.text)
    }

    /// The figures people look for first.
    private func writeTiles(to markup: inout Markup) {
        var tiles: [(name: String, figure: String, unit: String)] = []
        if work != .none {
            tiles.append(("throughput", Quantity.rate(rate), "\(work.plural)/s"))
        }
        tiles.append(("connections", Quantity.count(connectionsOpened), "opened"))
        if !latency.isEmpty {
            for (name, percentile) in [("median", 50.0), ("p99", 99), ("max", 100)] {
                let latency = Quantity.nanoseconds(latency.percentile(percentile))
                tiles.append((name, latency, "latency"))
            }
        }
        if let cost = serverMicrosecondsPerUnit {
            tiles.append(
                ("server CPU", Quantity.nanoseconds(cost * 1000), "per \(work.singular)"))
        }
        if work == .none, let share = serverCPUShare {
            tiles.append(("server CPU", Quantity.share(share), "of one CPU"))
        }
        if let size = serverOctetsPerConnection {
            tiles.append(("server memory", Quantity.octets(size), "per connection"))
        }
        markup.element("div", ["class": "tiles"]) { markup in
            for tile in tiles {
                markup.element("div", ["class": "tile"]) { markup in
                    markup.element("div", ["class": "name"], text: tile.name)
                    markup.element("div", ["class": "figure"], text: tile.figure)
                    markup.element("div", ["class": "unit"], text: tile.unit)
                }
            }
        }
        markup.verbatim("\n")
    }

    /// What a reader must not miss: first what was wrong, then what is doubtful.
    private func writeNotices(to markup: inout Markup) {
        guard verdict == .failed || !warnings.isEmpty else { return }
        markup.element("ul", ["class": "notices"]) { markup in
            if verdict == .failed {
                let counts = violationCounts.filter { $0.count > 0 }
                    .map { "\(Quantity.count($0.count)) \($0.name)" }
                markup.element(
                    "li", ["class": "violated"],
                    text: "the server failed: " + counts.joined(separator: ", "))
            }
            for warning in warnings { markup.element("li", text: warning.description) }
        }
        markup.verbatim("\n")
    }

    private func writeFigures(to markup: inout Markup) {
        markup.section("Figures") { markup in
            for row in [connectionsRow, handshakeRow, throughputRow] {
                if let row { markup.row(row) }
            }
            if !latency.isEmpty {
                for (name, percentile) in Self.percentiles {
                    markup.row(
                        Row(
                            name: "latency \(name)",
                            values: [Quantity.nanoseconds(latency.percentile(percentile))]))
                }
                let mean = Quantity.nanoseconds(latency.mean)
                markup.row(Row(name: "latency mean", values: [mean]))
            }
            if let row = serverRow { markup.row(row) }
            markup.row(generatorRow)
        }
    }

    private func writeReceipt(to markup: inout Markup) {
        markup.section("Receipt") { markup in
            markup.row(Row(name: "verdict", values: [verdict.rawValue]))
            markup.row(Row(name: "checked", values: [checkedText]))
            for (name, count) in violationCounts {
                markup.row(
                    Row(name: name, values: [Quantity.count(count)]), isBad: count > 0)
            }
            for (name, count) in mishapCounts {
                markup.row(Row(name: name, values: [Quantity.count(count)]))
            }
            for problem in problems {
                markup.row(
                    Row(name: "\(Quantity.count(problem.count)) ×", values: [problem.text]))
            }
        }
    }

    private func writeSetting(to markup: inout Markup) {
        markup.section("Setting") { markup in
            markup.row(Row(name: "scenario", values: [scenario]))
            markup.row(Row(name: "dialect", values: [dialect]))
            for parameter in parameters {
                markup.row(Row(name: parameter.name, values: [parameter.value]))
            }
            markup.row(
                Row(
                    name: "host",
                    values: [host.kernel, host.cpu, "\(Quantity.count(host.cpuCount)) CPUs"]))
            markup.element("tr") { markup in
                markup.element("th", ["scope": "row"], text: "command")
                markup.element("td") { markup in
                    markup.element("code", text: commandText)
                }
            }
        }
    }
}

extension Markup {
    /// Writes a titled table.
    fileprivate mutating func section(_ title: String, _ rows: (inout Markup) -> Void) {
        element("section") { markup in
            markup.element("h2", text: title)
            markup.element("table") { $0.element("tbody", [:], rows) }
        }
    }

    fileprivate mutating func row(_ row: RunReport.Row, isBad: Bool = false) {
        element("tr", isBad ? ["class": "bad"] : [:]) { markup in
            markup.element("th", ["scope": "row"], text: row.name)
            markup.element("td") { markup in
                for value in row.values { markup.element("span", text: value) }
            }
        }
    }
}
