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
        // Bit 1 turned over makes a quote 0x20 and the space 0x22, while control octets stay below
        // 0x20: what borrows when 0x21 is taken off is one of the two.
        let below = (word ^ (ones &* 0x02)) &- (ones &* 0x21)
        let backslashes = (word ^ (ones &* 0x5C)) &- ones
        // Octets of other than ASCII have their top bit already, and never borrow.
        return (below | backslashes) & ~word & (ones &* 0x80)
    }

    /// The place of the first octet of `text` at or after `start` that cannot stand for itself
    /// inside a string; the size of the text if there is none.
    ///
    /// Names and short values end in their first word, which is looked at where they are met.
    @inline(__always)
    static func firstSpecial(in text: RawSpan, from start: Int) -> Int {
        assert(start >= 0 && start <= text.byteCount)
        guard text.byteCount &- start >= 8 else { return laterSpecial(in: text, from: start) }
        let marks = special(in: word(of: text, at: start))
        guard marks == 0 else { return start &+ marks.trailingZeroBitCount &>> 3 }
        return laterSpecial(in: text, from: start &+ 8)
    }

    /// The same for long strings, out of line: here the masks stay in registers.
    @inline(never)
    private static func laterSpecial(in text: RawSpan, from start: Int) -> Int {
        var index = start
        let lastWord = text.byteCount &- 8
        while index <= lastWord {
            let marks = special(in: word(of: text, at: index))
            if marks != 0 { return index &+ marks.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < text.byteCount {
            let octet = text[octet: index]
            if octet == quote || octet == backslash || octet < 0x20 { return index }
            index += 1
        }
        return index
    }

    /// The eight octets at `index`, which the text holds, the first one lowest.
    @inline(__always)
    private static func word(of text: RawSpan, at index: Int) -> UInt64 {
        assert(index >= 0 && index <= text.byteCount - 8)
        let word = unsafe text.unsafeLoadUnaligned(
            fromUncheckedByteOffset: index, as: UInt64.self)
        return UInt64(littleEndian: word)
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
    /// The octet at `index`, which the caller has compared with the size of the text.
    @inline(__always)
    internal func octet(at index: Int) -> UInt8 {
        assert(index >= 0 && index < text.byteCount)
        return unsafe text.unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self)
    }

    /// The octet at `position`; the text ending here is an error.
    @inline(__always)
    internal func current() throws(JSONError) -> UInt8 {
        guard position < text.byteCount else { throw .malformed(at: text.byteCount) }
        return octet(at: position)
    }

    /// The white space of §2: space, tab, line feed, carriage return.
    @inline(__always)
    private static func isSpace(_ octet: UInt8) -> Bool {
        octet <= 0x20 && (octet == 0x20 || octet == 0x0A || octet == 0x0D || octet == 0x09)
    }

    /// Skips white space.
    @inline(__always)
    internal mutating func skipSpace() {
        while position < text.byteCount, Self.isSpace(octet(at: position)) { position += 1 }
    }

    /// Skips white space and reads the octet behind it, which `position` then points to; the text
    /// ending before there is one is an error.
    @inline(__always)
    internal mutating func significantOctet() throws(JSONError) -> UInt8 {
        while position < text.byteCount {
            let octet = octet(at: position)
            guard Self.isSpace(octet) else { return octet }
            position += 1
        }
        throw .malformed(at: text.byteCount)
    }

    @inline(__always)
    internal mutating func skipColon() throws(JSONError) {
        guard try significantOctet() == JSONOctet.colon else { throw .malformed(at: position) }
        position += 1
    }

    /// Skips the string (§7) whose opening quote is at `position`.
    ///
    /// - Returns: Whether it holds escapes.
    @inline(__always)
    internal mutating func skipString() throws(JSONError) -> Bool {
        let index = JSONOctet.firstSpecial(in: text, from: position &+ 1)
        if index < text.byteCount, octet(at: index) == JSONOctet.quote {
            position = index &+ 1
            return false
        }
        position = try endOfString(from: index)
        return true
    }

    /// Where the string ends that goes on at `start` with something else than its closing quote: an
    /// escape, an octet that no string holds, or the end of the text.
    private func endOfString(from start: Int) throws(JSONError) -> Int {
        var index = start
        while index < text.byteCount {
            switch octet(at: index) {
            case JSONOctet.quote: return index + 1
            case JSONOctet.backslash:
                index = JSONOctet.firstSpecial(in: text, from: index + (try escapeSize(at: index)))
            default: throw .malformed(at: index)
            }
        }
        throw .malformed(at: text.byteCount)
    }

    /// How many octets the escape at `start` takes (§7).
    private func escapeSize(at start: Int) throws(JSONError) -> Int {
        guard text.byteCount - start >= 2 else { throw .malformed(at: text.byteCount) }
        switch octet(at: start + 1) {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: return 2  // " \ / b f n r t
        case 0x75:  // u
            for index in start + 2..<start + 6 {
                guard index < text.byteCount else { throw .malformed(at: text.byteCount) }
                guard JSONOctet.hexadecimal(octet(at: index)) != nil else {
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
        guard text.holds(name, at: position) else { throw .malformed(at: position) }
        position += name.utf8CodeUnitCount
    }

    /// Skips a number (§6): a minus, an integer without leading zeros, fraction, exponent.
    private mutating func skipNumber() throws(JSONError) -> JSONKind {
        var kind = JSONKind.integer
        if try current() == JSONOctet.minus { position += 1 }
        if try current() == 0x30 { position += 1 } else { try skipDigits() }
        if position < text.byteCount, octet(at: position) == JSONOctet.dot {
            kind = .fraction
            position += 1
            try skipDigits()
        }
        if position < text.byteCount, octet(at: position) | 0x20 == 0x65 {  // e, E
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
            && JSONOctet.isDigit(octet(at: position))
    }

    /// Skips the array or object that begins at `position`, with everything in it.
    internal mutating func skipContainer() throws(JSONError) {
        var kinds: UInt64 = 0  // a bit per open container, 1 for an object, the innermost lowest
        var level = depth
        while true {
            // A value begins here, inside an object with its key.
            if kinds & 1 == 1 { try skipKey() }
            let octet = try significantOctet()
            switch octet {
            case JSONOctet.quote: _ = try skipString()
            case JSONOctet.openingBrace, JSONOctet.openingBracket:
                guard level < Self.depthLimit else { throw .tooDeep }
                level += 1
                kinds = kinds << 1 | (octet == JSONOctet.openingBrace ? 1 : 0)
                position += 1
                // In ASCII both closings follow their openings by 2.
                guard try significantOctet() == octet &+ 2 else { continue }
                position += 1
                level -= 1
                kinds >>= 1
            default: _ = try skipPlain(octet)
            }
            // A value has ended: leave the containers that end with it, then go on to the next one.
            while true {
                if level == depth { return }
                let octet = try significantOctet()
                if octet == JSONOctet.comma { break }
                let closing =
                    kinds & 1 == 1 ? JSONOctet.closingBrace : JSONOctet.closingBracket
                guard octet == closing else { throw .malformed(at: position) }
                position += 1
                level -= 1
                kinds >>= 1
            }
            position += 1
        }
    }

    /// Skips a key and its colon.
    @inline(__always)
    private mutating func skipKey() throws(JSONError) {
        guard try significantOctet() == JSONOctet.quote else { throw .malformed(at: position) }
        _ = try skipString()
        try skipColon()
    }
}
