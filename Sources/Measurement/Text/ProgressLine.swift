// ProgressLine — how a run is doing, on one line that is written over every second.

/// The last interval and what went wrong so far.
package struct ProgressLine: Sendable {
    package var interval: Interval
    /// Counts since the run began, for the errors.
    package var total: Tally
    /// Connections that are open now.
    package var connections: Int
    package var work: Work
    /// A word for the part of the run: "warm-up", a phase's name; empty for none.
    package var phase: String

    package init(
        interval: Interval, total: Tally, connections: Int, work: Work, phase: String = ""
    ) {
        self.interval = interval
        self.total = total
        self.connections = connections
        self.work = work
        self.phase = phase
    }

    /// The line, never wider than `width` columns and without a line feed. What matters less
    /// stands further right, and is what a narrow terminal leaves out.
    ///
    /// - Parameters:
    ///   - width: Columns of the terminal.
    ///   - color: Whether it understands ANSI colours.
    package func text(width: Int = 80, color: Bool = false) -> String {
        let sheet = TextSheet(width: width, hasColor: color)
        var parts: [(text: String, style: TextSheet.Style)] = []
        let end = interval.startSeconds + interval.durationSeconds
        parts.append((right("\(Quantity.fixed(end, decimals: 0)) s", 6), .dim))
        if work != .none {
            let rate = Quantity.rate(interval.rate(of: work))
            parts.append((right("\(rate) \(unit)/s", 13 + unit.count), .bold))
        }
        if !interval.latency.isEmpty {
            for (name, percentile) in [("p50", 50.0), ("p99", 99)] {
                let latency = Quantity.nanoseconds(interval.latency.percentile(percentile))
                parts.append(("\(name) \(right(latency, 7))", .plain))
            }
        }
        let errors = total.errors
        parts.append(
            ("\(Quantity.count(errors)) error\(errors == 1 ? "" : "s")", errors > 0 ? .bad : .dim))
        parts.append(("\(Quantity.count(connections)) open", .plain))
        if !phase.isEmpty { parts.append((TextSheet.harmless(phase), .dim)) }

        var line = ""
        var column = 0
        for part in parts {
            let size = part.text.count + (line.isEmpty ? 0 : 3)
            guard column + size <= width else { break }
            line += (line.isEmpty ? "" : "   ") + sheet.painted(part.text, part.style)
            column += size
        }
        return line
    }

    private var unit: String {
        switch work {
        case .messages: "msg"
        case .answers: "answers"
        case .exchanges: "msg"
        case .connections: "conn"
        case .none: ""
        }
    }

    /// `text` at the right end of `width` columns, so that a growing figure does not push others.
    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: Swift.max(0, width - text.count)) + text
    }
}
