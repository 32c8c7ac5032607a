// Markup — HTML that cannot be malformed, because nobody writes a bracket by hand.
//
// Elements close when their body ends; text and attribute values are escaped on the way in. The
// result is XML as well as HTML, so a test can parse it strictly.

/// HTML in the making.
internal struct Markup {
    private(set) var html = ""

    /// Writes an element with what `body` writes inside; one without a body is empty.
    ///
    /// - Parameters:
    ///   - name: The element's name, known when we compile.
    ///   - attributes: Names known when we compile, values of any kind.
    mutating func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
        _ body: (inout Markup) -> Void
    ) {
        open(name, attributes)
        html += ">"
        body(&self)
        html += "</\(name)>"
    }

    /// Writes an element that holds `text`.
    mutating func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
        text: String
    ) {
        element(name, attributes) { $0.text(text) }
    }

    /// Writes an element without contents: `<meta … />`, `<line … />`.
    mutating func empty(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:]
    ) {
        open(name, attributes)
        html += " />"
    }

    private mutating func open(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>
    ) {
        html += "<\(name)"
        for (name, value) in attributes {
            html += " \(name)=\""
            text(value)
            html += "\""
        }
    }

    /// Writes `text`, escaped; characters that XML does not have become U+FFFD.
    mutating func text(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": html += "&amp;"
            case "<": html += "&lt;"
            case ">": html += "&gt;"
            case "\"": html += "&quot;"
            case "'": html += "&#39;"
            case "\t", "\n": html.unicodeScalars.append(scalar)
            case "\u{0}"..<"\u{20}", "\u{7F}"..<"\u{A0}", "\u{FFFE}", "\u{FFFF}":
                html.unicodeScalars.append("\u{FFFD}")
            // They would turn the direction of what follows.
            case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}":
                html.unicodeScalars.append("\u{FFFD}")
            default: html.unicodeScalars.append(scalar)
            }
        }
    }

    /// Writes what another one holds.
    mutating func include(_ other: Markup) { html += other.html }

    /// Writes what is in the source already: the document type, the style sheet, line feeds.
    mutating func verbatim(_ html: StaticString) { self.html += "\(html)" }
}
