// TextSheet — lines for a terminal: labels on the left, values wrapped beside them.
//
// Knows how wide the terminal is and whether it has colours, and lets nothing through that a
// terminal would obey: texts come from servers and from report files.

/// Text that grows line by line.
internal struct TextSheet {
    /// How something is shown where there are colours.
    internal enum Style: String {
        case plain = ""
        case bold = "1"
        case dim = "2"
        case good = "32"
        case bad = "1;31"
        case doubtful = "33"
    }

    /// Columns of a line; at least 40, whatever the terminal says.
    internal let width: Int
    private let hasColor: Bool
    private(set) var text = ""

    /// Columns of the labels.
    internal static let labelWidth = 13

    internal init(width: Int, hasColor: Bool) {
        self.width = Swift.max(40, width)
        self.hasColor = hasColor
    }

    /// `text` as `style` has it.
    internal func painted(_ text: String, _ style: Style) -> String {
        hasColor && style != .plain && text.contains { $0 != " " }
            ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Ends the paragraph.
    internal mutating func space() { text += "\n" }

    internal mutating func line(_ words: String, _ style: Style = .plain) {
        text += painted(Self.harmless(words), style) + "\n"
    }

    /// A label and values three columns apart; what does not fit goes to the next line, and a value
    /// that no line can hold is broken between its words.
    internal mutating func row(_ label: String, _ values: [String], _ style: Style = .plain) {
        text += painted(Self.padded(label, to: Self.labelWidth), .dim)
        var column = Self.labelWidth
        for value in values.map(Self.harmless) {
            let fits = Self.labelWidth + value.count <= width
            let parts = fits ? [value] : value.split(separator: " ").map(String.init)
            for (index, part) in parts.enumerated() {
                let gap = column == Self.labelWidth ? 0 : index == 0 ? 3 : 1
                if column + gap + part.count > width, gap > 0 {
                    text += "\n" + String(repeating: " ", count: Self.labelWidth)
                    column = Self.labelWidth
                } else {
                    text += String(repeating: " ", count: gap)
                    column += gap
                }
                text += painted(part, style)
                column += part.count
            }
        }
        text += "\n"
    }

    /// A label and a sentence, wrapped between words.
    internal mutating func paragraph(_ label: String, _ sentence: String, _ style: Style = .plain) {
        var lines = [""]
        for word in Self.harmless(sentence).split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if Self.labelWidth + last.count + 1 + word.count > width {
                lines.append(String(word))
            } else {
                lines[lines.count - 1] += " " + word
            }
        }
        for (index, line) in lines.enumerated() {
            text += painted(Self.padded(index == 0 ? label : "", to: Self.labelWidth), .dim)
            text += painted(line, style) + "\n"
        }
    }

    /// Names above values, in columns as wide as the widest; as many side by side as fit.
    internal mutating func table(_ label: String, _ cells: [(name: String, value: String)]) {
        let cellWidth = 2 + cells.reduce(0) { Swift.max($0, $1.name.count, $1.value.count) }
        let perLine = Swift.max(1, (width - Self.labelWidth + 2) / cellWidth)
        var rest = cells[...]
        var label = label
        while !rest.isEmpty {
            let line = rest.prefix(perLine)
            rest = rest.dropFirst(perLine)
            for (isHead, style) in [(true, Style.dim), (false, .bold)] {
                text += painted(Self.padded(isHead ? label : "", to: Self.labelWidth), .dim)
                for (index, cell) in line.enumerated() {
                    let word = isHead ? cell.name : cell.value
                    let wanted = index == 0 ? cellWidth - 2 : cellWidth
                    text += String(repeating: " ", count: Swift.max(0, wanted - word.count))
                    text += painted(word, style)
                }
                text += "\n"
            }
            label = ""
        }
    }

    internal static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: Swift.max(0, width - text.count))
    }

    /// `text` without control characters, which would move cursors and set titles.
    internal static func harmless(_ text: String) -> String {
        var harmless = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x00..<0x20, 0x7F..<0xA0:
                harmless.unicodeScalars.append(scalar == "\n" || scalar == "\t" ? " " : "\u{FFFD}")
            case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069:  // turn the direction of a line
                harmless.unicodeScalars.append("\u{FFFD}")
            default: harmless.unicodeScalars.append(scalar)
            }
        }
        return harmless
    }
}
