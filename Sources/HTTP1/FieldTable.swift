// FieldTable — the lines of a head, found and checked one by one (RFC 9112 §2.2, §5).
//
// A line is judged when it is complete, and the lines in order, so the verdict is the same however
// the octets were cut; only the limits look at an unfinished line. What is kept of a field is where
// it lies in the octets of the head: whoever asks for it brings the same octets along.

internal import Bytes

/// Where a header field lies in the octets of its head.
package struct Field: Sendable, Equatable {
    package let name: FieldName
    private let nameStart: UInt32
    private let nameEnd: UInt32
    private let valueStart: UInt32
    private let valueEnd: UInt32

    init(_ name: FieldName, nameRange: Range<Int>, valueRange: Range<Int>) {
        self.name = name
        nameStart = UInt32(nameRange.lowerBound)
        nameEnd = UInt32(nameRange.upperBound)
        valueStart = UInt32(valueRange.lowerBound)
        valueEnd = UInt32(valueRange.upperBound)
    }

    /// The name, as sent.
    package var nameRange: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    /// The value, without the white space around it.
    package var valueRange: Range<Int> { Int(valueStart)..<Int(valueEnd) }
}

/// The header fields of one head, and how far the head has been read.
package struct FieldTable: Sendable {
    /// The fields so far, in the order sent.
    package private(set) var fields: [Field] = []
    /// Where the line begins that is not yet complete.
    private(set) var lineStart = 0
    /// How far the search for its end has come.
    private var searched = 0
    /// Where the header lines begin.
    private var headersStart = 0
    /// Which fields there are: one bit for each known name.
    private var seen: UInt32 = 0

    init() { fields.reserveCapacity(16) }

    /// Empties the table and keeps its room.
    mutating func reset() {
        fields.removeAll(keepingCapacity: true)
        lineStart = 0
        searched = 0
        headersStart = 0
        seen = 0
    }

    /// The next line without its end, or `nil` while octets of it are missing.
    ///
    /// - Parameter limit: Largest size of the line, its end included.
    mutating func nextLine(
        _ bytes: RawSpan, limit: Int, tooLong: HeadError
    ) throws(HeadError) -> Range<Int>? {
        guard let end = bytes.firstIndex(of: 0x0A, from: searched) else {
            searched = bytes.byteCount
            if bytes.byteCount - lineStart >= limit { throw tooLong }
            return nil
        }
        if end + 1 - lineStart > limit { throw tooLong }
        guard end > lineStart, bytes[octet: end - 1] == 0x0D else { throw .bareLineFeed }
        let line = lineStart..<end - 1
        lineStart = end + 1
        searched = lineStart
        return line
    }

    /// Marks the end of the start line.
    mutating func beginHeaders() { headersStart = lineStart }

    /// Reads header lines up to the empty one.
    ///
    /// - Returns: Whether the head is complete; `lineStart` is then its size.
    mutating func readHeaders(
        _ bytes: RawSpan, limits: HeadLimits
    ) throws(HeadError) -> Bool {
        while true {
            let room = limits.headersSize - (lineStart - headersStart)
            // The empty line at the end is not a header: it always has room.
            let isShort = room < limits.headerLineSize
            let line = try nextLine(
                bytes, limit: max(2, isShort ? room : limits.headerLineSize),
                tooLong: isShort ? .headersTooLarge : .headerLineTooLong)
            guard let line else { return false }
            if line.isEmpty { return true }
            guard fields.count < limits.headerCount else { throw .tooManyHeaders }
            try add(bytes, line)
        }
    }

    /// Takes one header line (§5: name, colon, optional space, value, optional space).
    private mutating func add(_ bytes: RawSpan, _ line: Range<Int>) throws(HeadError) {
        let text = bytes.extracting(line)
        if Grammar.isBlank(text[octet: 0]) { throw .foldedHeader }
        guard let nameSize = text.firstIndex(of: 0x3A) else { throw .badHeader }
        let sentName = text.extracting(first: nameSize)
        let name = FieldName(sentName)
        // The names we know are tokens, all others are looked at. §5.1: a space before the colon is
        // refused here too, as no token octet; so is a name of no octets.
        guard name != .other || Grammar.isToken(sentName) else { throw .badHeader }
        let nameRange = line.lowerBound..<line.lowerBound + nameSize
        let valueRange = Grammar.trim(bytes, nameRange.upperBound + 1..<line.upperBound)
        guard Grammar.isFieldValue(bytes.extracting(valueRange)) else { throw .badHeader }
        seen |= 1 << UInt32(name.rawValue)
        fields.append(Field(name, nameRange: nameRange, valueRange: valueRange))
    }

    /// Whether there is a field called `name`.
    package func has(_ name: FieldName) -> Bool { seen & 1 << UInt32(name.rawValue) != 0 }

    /// How many fields are called `name`.
    package func count(of name: FieldName) -> Int {
        guard has(name) else { return 0 }
        var count = 0
        for field in fields where field.name == name { count += 1 }
        return count
    }

    /// The first field called `name`.
    package func first(_ name: FieldName) -> Field? {
        guard has(name) else { return nil }
        for field in fields where field.name == name { return field }
        return nil
    }

    /// Whether a field called `name` has the list element `lowercase`, compared without case.
    package func list(
        _ name: FieldName, contains lowercase: StaticString, in bytes: RawSpan
    ) -> Bool {
        guard has(name) else { return false }
        for field in fields where field.name == name {
            if Grammar.list(bytes.extracting(field.valueRange), contains: lowercase) { return true }
        }
        return false
    }
}
