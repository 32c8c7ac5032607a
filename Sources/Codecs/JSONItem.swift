// JSONItem — a JSON value as a place in its text (RFC 8259 §3), and what can be wrong with it.
//
// A push server rarely needs a value, nearly always its octets: what a publisher wrote goes to the
// subscribers unchanged, numbers digit by digit. So a value is a kind and a range, 24 octets on the
// stack, and there is no tree of values anywhere in the server.

/// What kind of value it is; a number with a fraction or an exponent is a `fraction`.
@frozen
@usableFromInline
package enum JSONKind: UInt8, Sendable {
    case null, `false`, `true`, integer, fraction, string, array, object
}

/// One value, delimited and validated, not parsed.
@frozen
@usableFromInline
package struct JSONItem: Equatable, Sendable {
    @usableFromInline package let kind: JSONKind
    /// Whether a string holds at least one escape; `false` for every other kind.
    @usableFromInline package let hasEscapes: Bool
    /// The octets of the value in the scanned text, quotes and brackets included.
    @usableFromInline package let range: Range<Int>

    @inlinable
    package init(kind: JSONKind, hasEscapes: Bool = false, range: Range<Int>) {
        self.kind = kind
        self.hasEscapes = hasEscapes
        self.range = range
    }

    /// The octets between the quotes of a string, escapes as written.
    @inlinable
    package var contents: Range<Int> {
        precondition(kind == .string)
        return range.lowerBound + 1..<range.upperBound - 1
    }
}

/// Why a text is not taken as JSON.
package enum JSONError: Error, Equatable {
    /// The text stops being JSON at this octet; the size of the text when it ends too early.
    case malformed(at: Int)
    /// More than ``JSONScanner/depthLimit`` containers inside one another.
    case tooDeep
    /// A number's text is longer than the caller takes.
    case numberTooLong
    /// An object has more members than the caller takes.
    case tooManyKeys
}
