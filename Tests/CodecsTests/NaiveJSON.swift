// NaiveJSON — the grammar of RFC 8259 written down as functions that call each other.
//
// Slow, recursive and hard to get wrong: what the scanner is compared with.

struct NaiveJSON {
    private let octets: [UInt8]
    private var position = 0

    private init(_ octets: [UInt8]) { self.octets = octets }

    /// Whether `octets` is one JSON value, with at most `depthLimit` containers inside one another.
    static func isValid(_ octets: [UInt8], depthLimit: Int = 64) -> Bool {
        var parser = NaiveJSON(octets)
        return parser.skipValue(depthLimit) && parser.position == octets.count
    }

    private var next: UInt8? { position < octets.count ? octets[position] : nil }

    private mutating func take(_ text: String) -> Bool {
        guard octets[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    private mutating func skipSpace() {
        while let octet = next, [0x20, 0x09, 0x0A, 0x0D].contains(octet) { position += 1 }
    }

    private mutating func skipValue(_ depth: Int) -> Bool {
        skipSpace()
        let isValid =
            skipList("{", "}", depth) { parser in
                parser.skipSpace()
                guard parser.skipString() else { return false }
                parser.skipSpace()
                return parser.take(":") && parser.skipValue(depth - 1)
            }
            || skipList("[", "]", depth) { $0.skipValue(depth - 1) }
            || skipString() || take("null") || take("true") || take("false") || skipNumber()
        skipSpace()
        return isValid
    }

    private mutating func skipList(
        _ opening: String, _ closing: String, _ depth: Int,
        _ skipElement: (inout NaiveJSON) -> Bool
    ) -> Bool {
        let start = position
        guard depth > 0, take(opening) else { return false }
        skipSpace()
        if take(closing) { return true }
        while skipElement(&self) {
            if take(closing) { return true }
            guard take(",") else { break }
        }
        position = start
        return false
    }

    private mutating func skipString() -> Bool {
        let start = position
        guard take("\"") else { return false }
        while let octet = next {
            position += 1
            switch octet {
            case 0x22: return true
            case 0..<0x20: break
            case 0x5C:
                if let escape = next, "\"\\/bfnrt".utf8.contains(escape) {
                    position += 1
                    continue
                }
                if take("u"), octets.count - position >= 4,
                    octets[position..<position + 4].allSatisfy(
                        "0123456789abcdefABCDEF".utf8.contains)
                {
                    position += 4
                    continue
                }
            default: continue
            }
            break
        }
        position = start
        return false
    }

    private mutating func skipNumber() -> Bool {
        let start = position
        _ = take("-")
        guard take("0") || skipDigits() else {
            position = start
            return false
        }
        if take("."), !skipDigits() { return false }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            return skipDigits()
        }
        return true
    }

    private mutating func skipDigits() -> Bool {
        let start = position
        while let octet = next, (0x30...0x39).contains(octet) { position += 1 }
        return position > start
    }
}
