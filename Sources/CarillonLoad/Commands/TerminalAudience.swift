// TerminalAudience — the progress line on a terminal; in a pipe nothing.

internal import Glibc
internal import Measurement

struct TerminalAudience: Audience {
    private let isShown: Bool
    private let work: Work
    private var hasLine = false
    private var total = Tally()

    init(isQuiet: Bool, work: Work) {
        isShown = !isQuiet && isatty(2) == 1
        self.work = work
    }

    mutating func connecting(_ ready: Int, of count: Int) {
        show("connecting: \(ready) of \(count)")
    }

    mutating func finished(_ interval: Interval, connections: Int) {
        total += interval.tally
        let line = ProgressLine(
            interval: interval, total: total, connections: connections, work: work)
        show(line.text(width: Terminal.width))
    }

    mutating func note(_ text: String) {
        guard isShown else { return }
        end()
        StandardError.write(text + "\n")
    }

    private mutating func show(_ text: String) {
        guard isShown else { return }
        StandardError.write("\r\u{1B}[K" + text)
        hasLine = true
    }

    /// Leaves the line.
    mutating func end() {
        if hasLine { StandardError.write("\r\u{1B}[K") }
        hasLine = false
    }
}
