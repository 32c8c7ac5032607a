// Secret — text that no message, log or listing shows.

/// A key or password. Its description does not tell it; ``text`` does.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// The secret itself.
    package let text: String

    /// Makes a secret of text that is neither empty nor holds control characters (a line feed in
    /// the middle of a key is an accident).
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        self.text = text
    }

    /// The text of a secret's file without the line feeds at its end: editors and `echo` write
    /// them, and they are no part of the secret.
    internal static func withoutLineEnd(_ text: String) -> String {
        var text = text
        while text.unicodeScalars.last == "\n" || text.unicodeScalars.last == "\r" {
            text.unicodeScalars.removeLast()
        }
        return text
    }

    package var description: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Format where Value == Secret? {
    /// A secret, or nothing while it is not set.
    package static var secret: Format {
        Format(
            "text that is not empty, on one line",
            read: { if case .text(let text) = $0 { Secret(text).map(Optional.some) } else { nil } },
            parse: { Secret($0).map(Optional.some) },
            write: { _ in TOMLText.quoted("(secret)") })
    }
}
