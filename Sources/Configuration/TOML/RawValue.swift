// RawValue — what a configuration file says, before anybody decided what it means.
//
// The one shape that leaves the TOML library: settings read from it, and messages name it.

/// A TOML value (https://toml.io/en/v1.0.0).
package indirect enum RawValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case decimal(Double)
    case flag(Bool)
    case list([RawValue])
    case table([String: RawValue])
    /// A date, a time or both: no setting takes one.
    case moment

    /// The value as a message shows it: short, on one line.
    package var description: String {
        switch self {
        case .text(let text): TOMLText.quoted(text.count > 60 ? text.prefix(60) + "…" : text)
        case .integer(let number): String(number)
        case .decimal(let number): String(number)
        case .flag(let flag): String(flag)
        case .list(let elements):
            elements.count > 8
                ? "a list" : "[" + elements.map(\.description).joined(separator: ", ") + "]"
        case .table: "a table"
        case .moment: "a date or time"
        }
    }
}

/// TOML as we write it.
package enum TOMLText {
    /// `text` as a basic string.
    package static func quoted(_ text: some StringProtocol) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..<"\u{20}", "\u{7F}":
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
