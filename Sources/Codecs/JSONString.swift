// JSON strings — between text and the octets between the quotes (RFC 8259 §7).
//
// Reading resolves escapes and joins surrogate pairs. Writing escapes only what must be: quote,
// backslash and control octets; everything else goes as the UTF-8 it is.

package import Bytes

extension RawSpan {
    /// Whether these contents of a scanned string, their escapes resolved, are `text`, which is
    /// ASCII. Allocates nothing.
    internal func says(_ text: StaticString) -> Bool {
        var index = 0
        var matched = 0
        while index < byteCount {
            var octet = self[octet: index]
            index += 1
            if octet == JSONOctet.backslash {
                guard index < byteCount else { return false }
                octet = self[octet: index]
                index += 1
                switch octet {
                case 0x75:  // u; half of a surrogate pair is no ASCII either
                    guard let unit = JSONOctet.codeUnit(in: self, at: index), unit < 0x80
                    else { return false }
                    octet = UInt8(unit)
                    index += 4
                default: octet = JSONOctet.unescaped(octet)
                }
            }
            guard matched < text.utf8CodeUnitCount, unsafe octet == text.utf8Start[matched]
            else { return false }
            matched += 1
        }
        return matched == text.utf8CodeUnitCount
    }
}

extension JSONItem {
    /// The text of this string; `nil` for every other kind, and for half a surrogate pair, which
    /// must not be repaired where it is a name: two different names would become one.
    ///
    /// - Parameter text: What the scanner delimited this item in.
    package func text(in text: RawSpan) -> [UInt8]? {
        guard kind == .string else { return nil }
        let (octets, isText) = unescaped(in: text)
        return isText ? octets : nil
    }

    /// The text of this string, which it must be, with U+FFFD for half a surrogate pair: for
    /// people, and to compare with what has none.
    package func repairedText(in text: RawSpan) -> [UInt8] { unescaped(in: text).octets }

    private func unescaped(in text: RawSpan) -> (octets: [UInt8], isText: Bool) {
        let contents = text.extracting(self.contents)
        guard hasEscapes else { return (contents.array, true) }
        var plain = OctetBuffer(capacity: contents.byteCount)
        let isText = plain.append(unescaping: contents)
        return (plain.octets.array, isText)
    }
}

extension JSONOctet {
    /// What the escape with this letter stands for, `u` excepted (§7).
    static func unescaped(_ letter: UInt8) -> UInt8 {
        switch letter {
        case 0x62: 0x08  // b
        case 0x66: 0x0C  // f
        case 0x6E: 0x0A  // n
        case 0x72: 0x0D  // r
        case 0x74: 0x09  // t
        default: letter  // " \ /
        }
    }

    /// The number that the four digits at `start` say.
    static func codeUnit(in contents: RawSpan, at start: Int) -> UInt32? {
        guard contents.byteCount - start >= 4 else { return nil }
        var unit: UInt32 = 0
        for index in start..<start + 4 {
            guard let digit = hexadecimal(contents[octet: index]) else { return nil }
            unit = unit << 4 | digit
        }
        return unit
    }
}

extension OctetBuffer {
    /// Appends the text of a scanned string.
    ///
    /// - Parameter contents: What stands between the quotes, as the scanner delimited it.
    /// - Returns: `false` when it names half of a surrogate pair (`\ud800`). JSON allows that and
    ///   UTF-8 cannot say it: U+FFFD is written in its place, and the caller decides whether it
    ///   wants such a text.
    package mutating func append(unescaping contents: RawSpan) -> Bool {
        var isText = true
        var index = 0
        while let backslash = contents.firstIndex(of: JSONOctet.backslash, from: index) {
            append(contents.extracting(index..<backslash))
            index = backslash + 2
            guard index <= contents.byteCount else { return false }
            switch contents[octet: backslash + 1] {
            case 0x75:  // u
                let scalar = Self.scalar(in: contents, at: &index)
                if scalar == nil { isText = false }
                append(utf8: scalar ?? "\u{FFFD}")
            case let letter: append(JSONOctet.unescaped(letter))
            }
        }
        append(contents.extracting(index..<contents.byteCount))
        return isText
    }

    /// Reads the four digits at `index` and, after a high surrogate, the escape of its low one.
    /// Moves `index` past what belongs to the scalar.
    private static func scalar(in contents: RawSpan, at index: inout Int) -> Unicode.Scalar? {
        guard let first = JSONOctet.codeUnit(in: contents, at: index) else { return nil }
        index += 4
        guard first & 0xFC00 == 0xD800 else { return Unicode.Scalar(first) }
        guard contents.byteCount - index >= 6,
            contents[octet: index] == JSONOctet.backslash, contents[octet: index + 1] == 0x75,
            let second = JSONOctet.codeUnit(in: contents, at: index + 2), second & 0xFC00 == 0xDC00
        else { return nil }
        index += 6
        return Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + second & 0x3FF)
    }

    private mutating func append(utf8 scalar: Unicode.Scalar) {
        for octet in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { append(octet) }
    }

    /// Appends `text`, which is UTF-8, as a JSON string with its quotes.
    package mutating func append(jsonString text: RawSpan) {
        append(JSONOctet.quote)
        append(jsonContents: text)
        append(JSONOctet.quote)
    }

    /// Appends `text` as a JSON string with its quotes.
    package mutating func append(jsonString text: String) {
        var text = text
        text.withUTF8 { unsafe append(jsonString: $0.span.bytes) }
    }

    /// Appends `text`, which is UTF-8, as a part of a JSON string: escaped, without quotes.
    package mutating func append(jsonContents text: RawSpan) {
        var index = 0
        while true {
            let special = JSONOctet.firstSpecial(in: text, from: index)
            append(text.extracting(index..<special))
            guard special < text.byteCount else { return }
            append(escaping: text[octet: special])
            index = special + 1
        }
    }

    private mutating func append(escaping octet: UInt8) {
        append(JSONOctet.backslash)
        switch octet {
        case 0x08: append(0x62)
        case 0x09: append(0x74)
        case 0x0A: append(0x6E)
        case 0x0C: append(0x66)
        case 0x0D: append(0x72)
        case 0x00..<0x20:
            append("u00")
            for digit in [octet >> 4, octet & 0xF] { append(digit + (digit < 10 ? 0x30 : 0x57)) }
        default: append(octet)  // quote, backslash
        }
    }
}
