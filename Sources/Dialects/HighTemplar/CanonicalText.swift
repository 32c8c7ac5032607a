// CanonicalText — one text for all the ways in which a JSON value can be written (specification
// §4.1).
//
// Members are sorted by key, of equal keys the last one counts, strings are compared by what they
// say and not by how they are escaped, and numbers stay what they are: `1`, `1.0` and `"1"` are
// three values, an integer keeps all its digits, and a fraction is the float64 that it names. For
// permissions and request ids numbers are compared by their value instead, as the reference does.

import Bytes
import Codecs

/// How numbers are told apart.
internal enum NumberReading {
    /// `1` and `1.0` differ.
    case typed
    /// A fraction that names an integer is that integer, if 64 bits hold it.
    case numeric
}

/// Writes canonical texts of values that were scanned before, so they are valid JSON.
///
/// Each function returns whether, or what, it could write: text with half of a surrogate pair and
/// objects of more than ``memberLimit`` members have no canonical text.
internal struct CanonicalText {
    /// Members of a value, those of the objects in it included.
    static let memberLimit = 1024

    let numbers: NumberReading
    /// Whether a number was met that the other reading writes differently.
    private(set) var hasFractions = false
    private var memberCount = 0

    init(_ numbers: NumberReading) { self.numbers = numbers }

    /// The canonical text of one value.
    static func of(_ value: RawSpan, _ numbers: NumberReading) -> [UInt8]? {
        var reader = JSONReader(value)
        var canonical = CanonicalText(numbers)
        var text = OctetBuffer(capacity: value.byteCount)
        return canonical.append(&reader, to: &text) ? text.octets.array : nil
    }

    /// Appends the value that begins at the reader's place.
    mutating func append(_ reader: inout JSONReader, to text: inout OctetBuffer) -> Bool {
        if reader.isAtMap() { return appendObject(&reader, to: &text) }
        if reader.isAtArray() { return appendArray(&reader, to: &text) }
        guard let item = try? reader.item() else { return false }
        switch item.kind {
        case .integer: append(integer: reader.octets.extracting(item.contents), to: &text)
        case .float: append(fraction: reader.double(item) ?? .nan, to: &text)
        case .string:
            var contents = OctetBuffer(capacity: item.contents.count)
            guard reader.append(textOf: item, to: &contents) else { return false }
            text.append(jsonString: contents.octets)
        default: text.append(reader.octets.extracting(item.range))
        }
        return true
    }

    private mutating func appendArray(
        _ reader: inout JSONReader, to text: inout OctetBuffer
    ) -> Bool {
        guard var items = try? reader.beginArray() else { return false }
        text.append(0x5B)
        var isFirst = true
        while true {
            guard let hasItem = try? reader.next(&items) else { return false }
            guard hasItem else { break }
            if !isFirst { text.append(0x2C) }
            isFirst = false
            guard append(&reader, to: &text) else { return false }
        }
        text.append(0x5D)
        return true
    }

    private mutating func appendObject(
        _ reader: inout JSONReader, to text: inout OctetBuffer
    ) -> Bool {
        guard let members = members(of: &reader, asSegments: false) else { return false }
        text.append(0x7B)
        for (position, member) in members.enumerated() {
            if position > 0 { text.append(0x2C) }
            text.append(jsonString: unsafe member.key.span.bytes)
            text.append(0x3A)
            text.append(member.value)
        }
        text.append(0x7D)
        return true
    }

    /// A member of an object: what its key says, and its value.
    typealias Member = (key: [UInt8], value: [UInt8])

    /// The members of the object that begins at the reader's place, in the order of their keys;
    /// octets of UTF-8 have the order of code points.
    ///
    /// - Parameter asSegments: Whether values are written as segments of a room
    ///   (``RoomAddress``) or as canonical texts.
    mutating func members(of reader: inout JSONReader, asSegments: Bool) -> [Member]? {
        guard var map = try? reader.beginMap() else { return nil }
        var members: [Member] = []
        while true {
            // An error is not the end of the object, so `try?` would not do.
            let key: Item?
            do { key = try reader.nextKey(&map) } catch { return nil }
            guard let key else { break }
            guard memberCount < Self.memberLimit else { return nil }
            memberCount += 1
            var name = OctetBuffer(capacity: key.contents.count)
            guard reader.append(textOf: key, to: &name) else { return nil }
            guard let value = asSegments ? segment(&reader) : text(&reader) else { return nil }
            members.append((name.octets.array, value))
        }
        // Equal keys stay in the order in which they came, so that the last one can be told.
        let order = members.indices.sorted { left, right in
            let (first, second) = (members[left].key, members[right].key)
            return first == second ? left < right : first.lexicographicallyPrecedes(second)
        }
        var sorted: [Member] = []
        sorted.reserveCapacity(members.count)
        for place in order {
            if sorted.last?.key == members[place].key { sorted.removeLast() }
            sorted.append(members[place])
        }
        return sorted
    }

    /// The value as a segment of a room: a string is what it says, anything else a colon and its
    /// canonical text. A string that begins with a colon is written in the second way, too, so no
    /// two values share a segment.
    private mutating func segment(_ reader: inout JSONReader) -> [UInt8]? {
        var marked = OctetBuffer(capacity: 32)
        marked.append(Self.mark)
        guard append(&reader, to: &marked) else { return nil }
        guard marked.octets[octet: 1] == 0x22 else { return marked.octets.array }
        // A canonical text is easily taken out of its quotes again.
        var contents = OctetBuffer(capacity: marked.count)
        let isText = contents.append(
            unescaping: marked.octets.extracting(2..<marked.count - 1))
        guard isText else { return nil }
        let needsMark = contents.count > 0 && contents.octets[octet: 0] == Self.mark
        return needsMark ? marked.octets.array : contents.octets.array
    }

    private mutating func text(_ reader: inout JSONReader) -> [UInt8]? {
        var text = OctetBuffer(capacity: 32)
        return append(&reader, to: &text) ? text.octets.array : nil
    }

    /// A colon, in front of whatever is not a plain string.
    private static let mark: UInt8 = 0x3A

    /// There is no leading zero in JSON, so only zero itself has two texts.
    private func append(integer text: RawSpan, to canonical: inout OctetBuffer) {
        if text.equals("-0") { canonical.append(0x30) } else { canonical.append(text) }
    }

    private mutating func append(fraction value: Double, to canonical: inout OctetBuffer) {
        hasFractions = true
        if numbers == .numeric, let whole = Int64(exactly: value) {
            canonical.append(decimal: Int(whole))
        } else {
            // The shortest text that names the value; it always has a point, an `e` or no digit.
            canonical.append(value.description)
        }
    }
}
