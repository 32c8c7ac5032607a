// JSONScanner, the grammar — how each kind of value is validated and left behind (RFC 8259 §2–§7).
//
// Strings are crossed eight octets at a time: one word tells whether any of its octets is a quote,
// a backslash or a control octet. Containers keep their kinds in the bits of one word, so depth
// costs neither stack nor heap.

import Bytes

/// The octets that mean something to JSON.
internal enum JSONOctet {
    static let quote: UInt8 = 0x22
    static let comma: UInt8 = 0x2C
    static let minus: UInt8 = 0x2D
    static let dot: UInt8 = 0x2E
    static let colon: UInt8 = 0x3A
    static let openingBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closingBracket: UInt8 = 0x5D
    static let openingBrace: UInt8 = 0x7B
    static let closingBrace: UInt8 = 0x7D

    /// Marks the top bit of octets that cannot stand for themselves inside a string: `"`, `\` and
    /// everything below 0x20. The lowest mark is exact; marks above it may be wrong, because a
    /// borrow runs upwards out of a marked octet.
    @inline(__always)
    static func special(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let marks =
            ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
            | ((word &- (ones &* 0x20)) & ~word)
        return marks & (ones &* 0x80)
    }

    /// The place of the first octet of `text` at or after `start` that cannot stand for itself
    /// inside a string; the size of the text if there is none.
    @inline(__always)
    static func firstSpecial(in text: RawSpan, from start: Int) -> Int {
        var index = start
        while text.byteCount - index >= 8 {
            let word = unsafe text.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let marks = special(in: UInt64(littleEndian: word))
            if marks != 0 { return index + marks.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < text.byteCount {
            let octet = text[octet: index]
            if octet == quote || octet == backslash || octet < 0x20 { return index }
            index += 1
        }
        return index
    }

    static func isDigit(_ octet: UInt8) -> Bool { octet &- 0x30 < 10 }

    /// The value of a hexadecimal digit (§7), or `nil`.
    static func hexadecimal(_ octet: UInt8) -> UInt32? {
        switch octet {
        case 0x30...0x39: UInt32(octet - 0x30)
        case 0x41...0x46: UInt32(octet - 0x41 + 10)
        case 0x61...0x66: UInt32(octet - 0x61 + 10)
        default: nil
        }
    }
}

extension JSONScanner {
    /// The octet at `position`; the text ending here is an error.
    @inline(__always)
    internal func current() throws(JSONError) -> UInt8 {
        guard position < text.byteCount else { throw .malformed(at: text.byteCount) }
        return text[octet: position]
    }

    /// Skips the white space of §2: space, tab, line feed, carriage return.
    @inline(__always)
    internal mutating func skipSpace() {
        while position < text.byteCount {
            let octet = text[octet: position]
            guard octet <= 0x20, octet == 0x20 || octet == 0x0A || octet == 0x0D || octet == 0x09
            else { return }
            position += 1
        }
    }

    @inline(__always)
    internal mutating func skipColon() throws(JSONError) {
        skipSpace()
        guard try current() == JSONOctet.colon else { throw .malformed(at: position) }
        position += 1
    }

    /// Skips the string (§7) whose opening quote is at `position`.
    ///
    /// - Returns: Whether it holds escapes.
    internal mutating func skipString() throws(JSONError) -> Bool {
        var hasEscapes = false
        var index = position + 1
        while true {
            index = JSONOctet.firstSpecial(in: text, from: index)
            guard index < text.byteCount else { throw .malformed(at: text.byteCount) }
            switch text[octet: index] {
            case JSONOctet.quote:
                position = index + 1
                return hasEscapes
            case JSONOctet.backslash:
                hasEscapes = true
                index += try escapeSize(at: index)
            default: throw .malformed(at: index)
            }
        }
    }

    /// How many octets the escape at `start` takes (§7).
    private func escapeSize(at start: Int) throws(JSONError) -> Int {
        guard text.byteCount - start >= 2 else { throw .malformed(at: text.byteCount) }
        switch text[octet: start + 1] {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: return 2  // " \ / b f n r t
        case 0x75:  // u
            for index in start + 2..<start + 6 {
                guard index < text.byteCount else { throw .malformed(at: text.byteCount) }
                guard JSONOctet.hexadecimal(text[octet: index]) != nil else {
                    throw .malformed(at: index)
                }
            }
            return 6
        default: throw .malformed(at: start + 1)
        }
    }

    /// Skips a number or one of the three literal names, which begins with `first`.
    internal mutating func skipPlain(_ first: UInt8) throws(JSONError) -> JSONKind {
        switch first {
        case 0x6E:
            try skipName("null")
            return .null
        case 0x74:
            try skipName("true")
            return .true
        case 0x66:
            try skipName("false")
            return .false
        default: return try skipNumber()
        }
    }

    private mutating func skipName(_ name: StaticString) throws(JSONError) {
        let size = name.utf8CodeUnitCount
        guard text.byteCount - position >= size,
            text.extracting(position..<position + size).equals(name)
        else { throw .malformed(at: position) }
        position += size
    }

    /// Skips a number (§6): a minus, an integer without leading zeros, fraction, exponent.
    private mutating func skipNumber() throws(JSONError) -> JSONKind {
        var kind = JSONKind.integer
        if try current() == JSONOctet.minus { position += 1 }
        if try current() == 0x30 { position += 1 } else { try skipDigits() }
        if position < text.byteCount, text[octet: position] == JSONOctet.dot {
            kind = .fraction
            position += 1
            try skipDigits()
        }
        if position < text.byteCount, text[octet: position] | 0x20 == 0x65 {  // e, E
            kind = .fraction
            position += 1
            let sign = try current()
            if sign == 0x2B || sign == JSONOctet.minus { position += 1 }
            try skipDigits()
        }
        return kind
    }

    /// Skips at least one digit.
    private mutating func skipDigits() throws(JSONError) {
        guard JSONOctet.isDigit(try current()) else { throw .malformed(at: position) }
        repeat {
            position += 1
        } while position < text.byteCount
            && JSONOctet.isDigit(text[octet: position])
    }

    /// Skips the array or object that begins at `position`, with everything in it.
    internal mutating func skipContainer() throws(JSONError) {
        var kinds: UInt64 = 0  // a bit per open container, 1 for an object, the innermost lowest
        var level = depth
        while true {
            // A value begins here.
            let octet = try current()
            switch octet {
            case JSONOctet.openingBrace, JSONOctet.openingBracket:
                guard level < Self.depthLimit else { throw .tooDeep }
                let isObject: UInt64 = octet == JSONOctet.openingBrace ? 1 : 0
                level += 1
                kinds = kinds << 1 | isObject
                position += 1
                skipSpace()
                // In ASCII both closings follow their openings by 2.
                if try current() == octet + 2 {
                    position += 1
                    level -= 1
                    kinds >>= 1
                } else {
                    if isObject == 1 { try skipKey() }
                    continue
                }
            case JSONOctet.quote: _ = try skipString()
            default: _ = try skipPlain(octet)
            }
            // A value has ended: leave the containers that end with it, then go on to the next one.
            while true {
                if level == depth { return }
                skipSpace()
                let octet = try current()
                let isObject = kinds & 1 == 1
                if octet == JSONOctet.comma {
                    position += 1
                    skipSpace()
                    if isObject { try skipKey() }
                    break
                }
                let closing = isObject ? JSONOctet.closingBrace : JSONOctet.closingBracket
                guard octet == closing else { throw .malformed(at: position) }
                position += 1
                level -= 1
                kinds >>= 1
            }
        }
    }

    /// Skips a key, its colon, and the space before the value.
    private mutating func skipKey() throws(JSONError) {
        guard try current() == JSONOctet.quote else { throw .malformed(at: position) }
        _ = try skipString()
        try skipColon()
        skipSpace()
    }
}
