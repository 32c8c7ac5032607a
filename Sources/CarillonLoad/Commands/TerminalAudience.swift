// TerminalAudience — the progress line on a terminal; in a pipe nothing.

internal import Glibc
internal import Measurement

struct TerminalAudience: Audience {
    private let isShown: Bool
    private var hasLine = false

    init(isQuiet: Bool) { isShown = !isQuiet && isatty(2) == 1 }

    mutating func connecting(_ ready: Int, of count: Int) {
        show("connecting: \(ready) of \(count)")
    }

    mutating func finished(_ interval: Interval, connections: Int) {
        show(ProgressLine(interval, connections: connections).text)
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
