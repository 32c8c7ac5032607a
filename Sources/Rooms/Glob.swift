// placeholder until the compiled glob lands: a naive recursive matcher behind the same interface

import Bytes

package enum GlobError: Error, Equatable { case invalid }

package struct Glob: Hashable, Sendable {
    package let text: [UInt8]

    package init(text: [UInt8]) throws(GlobError) {
        guard text.count <= 255 else { throw .invalid }
        self.text = text
        var rest = scalars[...]
        while !rest.isEmpty {
            guard let token = Self.token(&rest) else { throw .invalid }
            _ = token
        }
    }

    package var matchesEmpty: Bool { Self.match(scalars[...], []) }

    package func matches(_ octets: RawSpan) -> Bool {
        Self.match(scalars[...], Array(octets.text.unicodeScalars)[...])
    }

    private var scalars: [Unicode.Scalar] {
        Array(String(decoding: text, as: UTF8.self).unicodeScalars)
    }

    private typealias Token = (Unicode.Scalar) -> Bool

    private static func token(_ text: inout ArraySlice<Unicode.Scalar>) -> Token? {
        let first = text.removeFirst()
        switch first {
        case "?", "*": return { $0 != "\n" }
        case "\\":
            guard let next = text.popFirst() else { return nil }
            return { $0 == next }
        case "[":
            var ranges: [ClosedRange<Unicode.Scalar>] = []
            let negated = text.first == "^"
            if negated { text.removeFirst() }
            while let low = text.popFirst(), low != "]" {
                if text.first == "-", text.count > 1, text[text.startIndex + 1] != "]" {
                    let high = text[text.startIndex + 1]
                    text.removeFirst(2)
                    guard low <= high else { return nil }
                    ranges.append(low...high)
                } else {
                    ranges.append(low...low)
                }
                if text.isEmpty { return nil }
            }
            guard !ranges.isEmpty else { return nil }
            return { scalar in ranges.contains { $0.contains(scalar) } != negated }
        default: return { $0 == first }
        }
    }

    private static func match(
        _ pattern: ArraySlice<Unicode.Scalar>, _ text: ArraySlice<Unicode.Scalar>
    ) -> Bool {
        var rest = pattern
        guard let first = pattern.first, let token = token(&rest) else { return text.isEmpty }
        if first == "*", match(rest, text) { return true }
        guard let scalar = text.first, token(scalar) else { return false }
        return match(first == "*" ? pattern : rest, text.dropFirst())
    }
}
