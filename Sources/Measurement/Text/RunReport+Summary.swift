// RunReport+Summary — a run on a terminal: what, how fast, how late, at what cost, and the receipt.

extension RunReport {
    /// The report for people, ending with a line feed.
    ///
    /// - Parameters:
    ///   - width: Columns of the terminal; narrower than 40 is taken as 40.
    ///   - color: Whether it understands ANSI colours.
    package func summary(width: Int = 80, color: Bool = false) -> String {
        var sheet = TextSheet(width: width, hasColor: color)
        sheet.line("\(scenario)  \(target)  (\(dialect))", .bold)
        sheet.row("", parameters.map { "\($0.name) \($0.value)" }, .dim)
        sheet.row("", [timeText, date], .dim)
        sheet.row("", [host.kernel, host.cpu, "\(Quantity.count(host.cpuCount)) CPUs"], .dim)
        sheet.space()
        writeFigures(on: &sheet)
        sheet.space()
        writeReceipt(on: &sheet)
        if !problems.isEmpty {
            sheet.space()
            for problem in problems {
                sheet.paragraph("\(Quantity.count(problem.count)) ×", problem.text)
            }
        }
        if !warnings.isEmpty {
            sheet.space()
            for warning in warnings { sheet.paragraph("warning", warning.description, .doubtful) }
        }
        return sheet.text
    }

    private func writeFigures(on sheet: inout TextSheet) {
        for row in [connectionsRow, handshakeRow, throughputRow] {
            if let row { sheet.row(row.name, row.values) }
        }
        if latency.isEmpty {
            sheet.row("latency", ["none was measured"])
        } else {
            sheet.table(
                "latency",
                Self.percentiles.map {
                    ($0.name, Quantity.nanoseconds(latency.percentile($0.percentile)))
                })
            sheet.row("", ["counted from \(latencyOrigin.text)"], .dim)
        }
        if let row = serverRow { sheet.row(row.name, row.values) }
        sheet.row(generatorRow.name, generatorRow.values)
    }

    private func writeReceipt(on sheet: inout TextSheet) {
        let style: TextSheet.Style = verdict == .passed ? .good : .bad
        sheet.row("receipt", [verdict.rawValue], style)
        sheet.paragraph("", checkedText)
        sheet.row(
            "", violationCounts.map { "\($0.name) \(Quantity.count($0.count))" },
            verdict == .passed ? .plain : .bad)
        let mishaps = mishapCounts.filter { $0.count > 0 }
        if !mishaps.isEmpty {
            sheet.row("", mishaps.map { "\($0.name) \(Quantity.count($0.count))" }, .doubtful)
        }
    }
}
