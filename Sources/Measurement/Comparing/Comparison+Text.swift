// Comparison+Text — a comparison for people, and for programs.

import FoundationEssentials

extension Comparison {
    /// The comparison for a terminal, ending with a line feed.
    ///
    /// - Parameters:
    ///   - judgements: What ``judge(_:strictness:)`` said, to be listed below.
    ///   - width: Columns of the terminal.
    ///   - color: Whether it understands ANSI colours.
    package func summary(
        judgements: [Judgement] = [], width: Int = 80, color: Bool = false
    ) -> String {
        var sheet = TextSheet(width: width, hasColor: color)
        sheet.row("A", [base.scenario, base.target, base.date])
        sheet.row("B", [other.scenario, other.target, other.date])
        sheet.space()
        if lines.isEmpty {
            sheet.line("There is no figure that both runs know.")
        } else {
            writeLines(on: &sheet)
            sheet.space()
            sheet.paragraph(
                "",
                "The interval is the ratio's within these two runs (95 %, bootstrap over "
                    + "intervals); what changes from run to run is not in it.", .dim)
        }
        if !judgements.isEmpty {
            sheet.space()
            for judgement in judgements {
                let style: TextSheet.Style =
                    switch judgement.status {
                    case .met: .good
                    case .missed: .bad
                    case .unjudged: .doubtful
                    }
                sheet.row(
                    judgement.status.rawValue,
                    [judgement.threshold.description, judgement.reason], style)
            }
        }
        if !notes.isEmpty {
            sheet.space()
            for note in notes { sheet.paragraph("note", note, .doubtful) }
        }
        return sheet.text
    }

    private func writeLines(on sheet: inout TextSheet) {
        func columns(_ cells: [String]) -> String {
            var text = ""
            for (cell, width) in zip(cells, [11, 11, 8, 15]) {
                text += String(repeating: " ", count: Swift.max(0, width - cell.count)) + cell
            }
            return text
        }
        sheet.row("", [columns(["A", "B", "B/A", "95 % interval"])], .dim)
        for line in lines {
            var interval = Quantity.unknown
            if let lower = line.lower, let upper = line.upper {
                interval = "\(Quantity.ratio(lower)) – \(Quantity.ratio(upper))"
            }
            let (word, style): (String, TextSheet.Style) =
                switch line.change {
                case .better: ("better", .good)
                case .worse: ("worse", .bad)
                case .none: ("no difference", .plain)
                case .unknown: ("", .plain)
                }
            let cells = columns([
                text(line.base, of: line.metric), text(line.other, of: line.metric),
                Quantity.ratio(line.ratio), interval,
            ])
            sheet.row(line.metric.rawValue, word.isEmpty ? [cells] : [cells, word], style)
        }
    }

    private func text(_ figure: Double, of metric: Metric) -> String {
        switch metric {
        case .throughput: "\(Quantity.rate(figure))/s"
        case .p50, .p90, .p99, .p999, .max: Quantity.nanoseconds(figure)
        case .cpu: Quantity.nanoseconds(figure * 1000)
        case .memory: Quantity.octets(figure)
        }
    }

    /// The comparison as JSON text that ends with a line feed, keys sorted.
    package func json(judgements: [Judgement] = []) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        let document = JudgedComparison(comparison: self, judgements: judgements)
        guard let compact = try? encoder.encode(document) else {
            preconditionFailure("a comparison is made of numbers, texts and lists")
        }
        return JSONLayout.lines(of: [UInt8](compact))
    }
}

/// A comparison whose members stand beside what was judged.
private struct JudgedComparison: Encodable {
    var comparison: Comparison
    var judgements: [Judgement]

    enum CodingKeys: CodingKey { case judgements }

    func encode(to encoder: any Encoder) throws {
        try comparison.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(judgements, forKey: .judgements)
    }
}
