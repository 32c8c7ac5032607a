// PythonText — a JSON value as Python's `repr` writes what `json.loads` makes of it.
//
// Reference servers written in Python put values into their error texts with `%r` and f-strings,
// and clients compare those texts. So this is the text of CPython 3: `None`, `True`, `1e+16`,
// `'it'` with whatever quotes need the fewest escapes, `{'a': [1.5]}`. Read once from front to back
// and written straight into the answer; recursion ends at the scanner's depth.
//
// What is printable is asked of the Unicode tables of Swift's standard library. A character that
// one of the two tables is too old to know is escaped here and not there, or the other way round.

package import Bytes

extension OctetBuffer {
    /// Appends Python's `repr` of a value.
    ///
    /// Integers keep their digits, however many; numbers with a fraction or an exponent are the
    /// nearest float64, `inf` beyond the largest. A member that occurs twice has its last value at
    /// its first place, as in a `dict`.
    ///
    /// - Parameter item: A value that a scanner delimited in `text`.
    /// - Complexity: O(octets of the value); the text has at most five for each of them.
    package mutating func append(pythonText item: JSONItem, of text: RawSpan) {
        let start = count
        var reader = JSONReader(text.extracting(item.range))
        do throws(CodecError) {
            try append(pythonText: &reader)
        } catch {
            // Not what a scanner delimited: there is no value, so there is nothing better to say.
            truncate(to: start)
            append(text.extracting(item.range))
        }
    }

    /// Appends Python's `repr` of a string.
    ///
    /// - Parameter contents: What stands between the quotes, as the scanner delimited it.
    package mutating func append(pythonString contents: RawSpan) {
        let quote = PythonQuote.around(contents)
        append(quote)
        var index = 0
        while index < contents.byteCount {
            let octet = contents[octet: index]
            if octet == JSONOctet.backslash {
                append(pythonEscape: contents, at: &index, quote: quote)
            } else if octet < 0x80 {
                append(pythonScalar: UInt32(octet), quote: quote)
                index += 1
            } else {
                var end = index + 1
                while end < contents.byteCount, contents[octet: end] >= 0x80 { end += 1 }
                for scalar in contents.extracting(index..<end).text.unicodeScalars {
                    append(pythonScalar: scalar.value, quote: quote)
                }
                index = end
            }
        }
        append(quote)
    }

    // MARK: - Values

    private mutating func append(
        pythonText reader: inout JSONReader
    ) throws(CodecError) {
        if reader.isAtArray() { return try append(pythonList: &reader) }
        if reader.isAtMap() { return try append(pythonDictionary: &reader) }
        let item = try reader.item()
        let octets = reader.octets.extracting(item.contents)
        switch item.kind {
        case .null: append("None" as StaticString)
        case .false: append("False" as StaticString)
        case .true: append("True" as StaticString)
        case .integer where octets.equals("-0"): append(0x30)  // there is no integer -0
        case .integer: append(octets)
        case .float: append(pythonFloat: JSONNumber.double(octets))
        case .string, .octets: append(pythonString: octets)
        case .array, .map: throw .unexpectedKind(at: reader.position)
        }
    }

    private mutating func append(pythonList reader: inout JSONReader) throws(CodecError) {
        var items = try reader.beginArray()
        var isFirst = true
        append(JSONOctet.openingBracket)
        while try reader.next(&items) {
            if !isFirst { append(", " as StaticString) }
            isFirst = false
            try append(pythonText: &reader)
        }
        append(JSONOctet.closingBracket)
    }

    private mutating func append(pythonDictionary reader: inout JSONReader) throws(CodecError) {
        var members = try reader.beginMap()
        let start = count
        // By the text of the key: two strings are equal exactly when their texts are.
        var places: [[UInt8]: Int] = [:]
        var entries: [(key: [UInt8], value: Range<Int>)] = []
        var hasRepeatedKeys = false
        append(JSONOctet.openingBrace)
        while let key = try reader.nextKey(&members) {
            if count > start + 1 { append(", " as StaticString) }
            let keyStart = count
            append(pythonString: reader.octets.extracting(key.contents))
            let name = octets.extracting(keyStart..<count).array
            append(": " as StaticString)
            let valueStart = count
            try append(pythonText: &reader)
            let value = valueStart..<count
            if let place = places[name] {
                hasRepeatedKeys = true
                entries[place].value = value
            } else {
                places[name] = entries.count
                entries.append((name, value))
            }
        }
        append(JSONOctet.closingBrace)
        if hasRepeatedKeys { rewrite(entries, from: start) }
    }

    /// Writes the dictionary that begins at `start` once more, with the entries that stay.
    private mutating func rewrite(_ entries: [(key: [UInt8], value: Range<Int>)], from start: Int) {
        var fresh = OctetBuffer(capacity: count - start)
        for (place, entry) in entries.enumerated() {
            fresh.append(place == 0 ? "{" as StaticString : ", ")
            fresh.append(entry.key)
            fresh.append(": " as StaticString)
            fresh.append(octets.extracting(entry.value))
        }
        fresh.append(JSONOctet.closingBrace)
        truncate(to: start)
        append(fresh.octets)
    }

    /// Appends what `float.__repr__` says: the fewest digits that are read as the same number, with
    /// an exponent below 1e-4 and from 1e16 on.
    private mutating func append(pythonFloat value: Double) {
        guard value.isFinite else {
            append(value < 0 ? "-inf" as StaticString : "inf")
            return
        }
        if value.sign == .minus { append(JSONOctet.minus) }
        guard value != 0 else { return append("0.0" as StaticString) }
        let (digits, power) = Self.shortestDigits(value.magnitude)
        switch power {
        case -4..<0:
            append("0." as StaticString)
            for _ in power..<(-1) { append(0x30) }
            append(digits)
        case 0..<16:
            let wholeCount = power + 1
            for place in 0..<max(wholeCount, digits.count) {
                if place == wholeCount { append(JSONOctet.dot) }
                append(place < digits.count ? digits[place] : 0x30)
            }
            if digits.count <= wholeCount { append(".0" as StaticString) }
        default:
            append(digits[0])
            if digits.count > 1 { append(JSONOctet.dot) }
            for digit in digits.dropFirst() { append(digit) }
            append(power < 0 ? "e-" as StaticString : "e+")
            if power.magnitude < 10 { append(0x30) }
            append(decimal: Int(power.magnitude))
        }
    }

    /// The digits of a number that is neither 0 nor infinite, without zeros at either end, and the
    /// power of ten of the first. Swift finds the same digits and only places them otherwise.
    private static func shortestDigits(_ value: Double) -> (digits: [UInt8], power: Int) {
        let parts = value.description.utf8.split(separator: 0x65)  // e
        var power = parts.count > 1 ? Int(String(Substring(parts[1]))) ?? 0 : 0
        var digits: [UInt8] = []
        var isBehindPoint = false
        for octet in parts[0] {
            if octet == JSONOctet.dot {
                isBehindPoint = true
                continue
            }
            if digits.isEmpty {
                if isBehindPoint { power -= 1 }
                if octet == 0x30 { continue }
            } else if !isBehindPoint {
                power += 1
            }
            digits.append(octet)
        }
        while digits.last == 0x30 { digits.removeLast() }
        return (digits, power)
    }

    // MARK: - Characters

    /// Appends what the JSON escape at `index` stands for, and moves behind it. Half of a surrogate
    /// pair is a character to Python.
    private mutating func append(
        pythonEscape contents: RawSpan, at index: inout Int, quote: UInt8
    ) {
        guard contents.byteCount - index >= 2, contents[octet: index + 1] == 0x75 else {  // u
            let letter = contents.byteCount - index >= 2 ? contents[octet: index + 1] : 0x5C
            append(pythonScalar: UInt32(JSONOctet.unescaped(letter)), quote: quote)
            index += 2
            return
        }
        let unit = JSONOctet.codeUnit(in: contents, at: index + 2) ?? 0xFFFD
        index += 6
        if unit & 0xFC00 == 0xD800, contents.byteCount - index >= 6,
            contents[octet: index] == JSONOctet.backslash, contents[octet: index + 1] == 0x75,
            let low = JSONOctet.codeUnit(in: contents, at: index + 2), low & 0xFC00 == 0xDC00
        {
            index += 6
            append(pythonScalar: 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF, quote: quote)
        } else {
            append(pythonScalar: unit, quote: quote)
        }
    }

    private mutating func append(pythonScalar value: UInt32, quote: UInt8) {
        switch value {
        case 0x09: append("\\t" as StaticString)
        case 0x0A: append("\\n" as StaticString)
        case 0x0D: append("\\r" as StaticString)
        case 0x5C: append("\\\\" as StaticString)
        case UInt32(quote):
            append(JSONOctet.backslash)
            append(quote)
        case 0x20..<0x7F: append(UInt8(truncatingIfNeeded: value))
        default:
            if let scalar = Unicode.Scalar(value), scalar.isPrintableToPython {
                for octet in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                    append(octet)
                }
            } else if value < 0x100 {
                append("\\x" as StaticString)
                append(digits: value, count: 2)
            } else if value < 0x10000 {
                append("\\u" as StaticString)
                append(digits: value, count: 4)
            } else {
                append("\\U" as StaticString)
                append(digits: value, count: 8)
            }
        }
    }

    /// Appends the lowest `count` hexadecimal digits of `value`.
    private mutating func append(digits value: UInt32, count: Int) {
        for place in (0..<count).reversed() {
            append(Hex.digit(of: UInt8(truncatingIfNeeded: value >> UInt32(place * 4))))
        }
    }
}

/// Which quotes Python chooses: single ones, unless there are such inside and no double ones.
private enum PythonQuote {
    static let single: UInt8 = 0x27

    static func around(_ contents: RawSpan) -> UInt8 {
        var hasSingle = false
        var index = 0
        while index < contents.byteCount {
            switch contents[octet: index] {
            case single: hasSingle = true
            case JSONOctet.backslash where contents.byteCount - index >= 2:
                index += 1
                switch contents[octet: index] {
                case JSONOctet.quote: return single
                case 0x75:  // u
                    let unit = JSONOctet.codeUnit(in: contents, at: index + 1)
                    if unit == UInt32(JSONOctet.quote) { return single }
                    if unit == UInt32(single) { hasSingle = true }
                default: break
                }
            default: break
            }
            index += 1
        }
        return hasSingle ? JSONOctet.quote : single
    }
}

extension Unicode.Scalar {
    /// What `str.isprintable` says: neither "other" nor a separator, the space excepted.
    fileprivate var isPrintableToPython: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        case .spaceSeparator: value == 0x20
        default: true
        }
    }
}
