// MessagePackReader — steps through a MessagePack value (the specification of 2013 and later, the
// one with distinct `str` and `bin`).
//
// Any width of an integer, a size or a count is taken, shortest or not. Keys are strings, because
// WAMP's are and nothing else could be written to JSON. Strings are checked to be UTF-8.
// An extension is an octet string as far as a router can tell; see the transcoder for timestamps.

public import Bytes

/// A place in the octets of a MessagePack value.
@frozen
@usableFromInline
package struct MessagePackReader: ItemReader, ~Escapable {
    @inlinable
    package static var serialization: Serialization { .messagePack }

    @usableFromInline package let octets: RawSpan
    @usableFromInline package internal(set) var position: Int
    @usableFromInline internal var depth: Int

    @inlinable
    @_lifetime(copy octets)
    package init(_ octets: RawSpan) {
        self.octets = octets
        position = 0
        depth = 0
    }

    @usableFromInline
    package mutating func isAtArray() -> Bool {
        guard position < octets.byteCount else { return false }
        let octet = octets[octet: position]
        return octet & 0xF0 == 0x90 || octet & 0xFE == 0xDC
    }

    @usableFromInline
    package mutating func isAtMap() -> Bool {
        guard position < octets.byteCount else { return false }
        let octet = octets[octet: position]
        return octet & 0xF0 == 0x80 || octet & 0xFE == 0xDE
    }

    @usableFromInline
    package mutating func beginArray() throws(CodecError) -> Container { try begin(.array) }

    @usableFromInline
    package mutating func next(_ array: inout Container) throws(CodecError) -> Bool {
        try advance(&array)
    }

    @usableFromInline
    package mutating func beginMap() throws(CodecError) -> Container { try begin(.map) }

    @usableFromInline
    package mutating func nextKey(_ map: inout Container) throws(CodecError) -> Item? {
        try advanceKey(&map)
    }

    @usableFromInline
    package mutating func item() throws(CodecError) -> Item { try scanItem() }

    @usableFromInline
    package mutating func end() throws(CodecError) { try finish() }
}

extension MessagePackReader: BinaryReader {
    @inline(__always)
    internal mutating func head() throws(CodecError) -> Head {
        let start = position
        guard start < octets.byteCount else { throw .malformed(at: start) }
        let octet = octets[octet: start]
        position = start &+ 1
        switch octet {
        case 0x00...0x7F, 0xE0...0xFF: return Head(kind: .integer, start: start)
        case 0x80...0x8F: return try counted(.map, UInt64(octet & 0x0F), start)
        case 0x90...0x9F: return try counted(.array, UInt64(octet & 0x0F), start)
        case 0xA0...0xBF: return try counted(.string, UInt64(octet & 0x1F), start)
        case 0xC0: return Head(kind: .null, start: start)
        case 0xC1: throw .malformed(at: start)  // never used
        case 0xC2: return Head(kind: .false, start: start)
        case 0xC3: return Head(kind: .true, start: start)
        case 0xC4...0xC6: return try sized(.octets, 1 &<< Int(octet & 0x3), start)
        case 0xC7...0xC9: return try extended(1 &<< (Int(octet) &- 0xC7), start)
        case 0xCA, 0xCB:
            _ = try take(octet == 0xCA ? 4 : 8)
            return Head(kind: .float, start: start)
        case 0xCC...0xD3:  // unsigned and signed, 1, 2, 4, 8 octets
            _ = try take(1 &<< Int(octet & 0x3))
            return Head(kind: .integer, start: start)
        case 0xD4...0xD8:  // extensions of 1, 2, 4, 8, 16 octets; their type stands in front
            _ = try take(1)
            return try counted(.octets, 1 &<< (UInt64(octet) &- 0xD4), start)
        case 0xD9...0xDB: return try sized(.string, 1 &<< (Int(octet) &- 0xD9), start)
        case 0xDC, 0xDD: return try sized(.array, octet == 0xDC ? 2 : 4, start)
        default: return try sized(.map, octet == 0xDE ? 2 : 4, start)
        }
    }

    @inline(__always)
    private func counted(
        _ kind: ItemKind, _ count: UInt64, _ start: Int
    ) throws(CodecError) -> Head {
        let count = try counted(count, itemSize: kind == .map ? 2 : 1)
        return Head(kind: kind, count: count, start: start)
    }

    /// A head whose size or count is in the next `width` octets.
    private mutating func sized(
        _ kind: ItemKind, _ width: Int, _ start: Int
    ) throws(CodecError) -> Head {
        let count = try take(width)
        return try counted(kind, count, start)
    }

    /// An extension whose size is in the next `width` octets, and whose type is behind it.
    private mutating func extended(_ width: Int, _ start: Int) throws(CodecError) -> Head {
        let size = try take(width)
        _ = try take(1)
        return try counted(.octets, size, start)
    }

    @inline(__always)
    internal func shortHead() -> ShortHead {
        guard position < octets.byteCount else { return .other }
        let octet = octets[octet: position]
        if octet & 0xE0 == 0xA0 { return .string(Int(octet & 0x1F)) }
        return octet < 0x80 || octet >= 0xE0 ? .integer : .other
    }

    @inline(__always)
    internal mutating func takeBreak() -> Bool { false }

    internal mutating func skipChunks(of kind: ItemKind) throws(CodecError) {
        preconditionFailure("every size is announced")
    }
}

// MARK: - What an item says

extension MessagePackReader {
    @inlinable
    package func unsigned(_ item: Item) -> UInt64? {
        guard item.kind == .integer else { return nil }
        let octet = octets[octet: item.contents.lowerBound]
        return octet < 0x80 ? UInt64(octet) : whole(item)?.unsigned
    }

    @usableFromInline
    package func integer(_ item: Item) -> Int64? { whole(item)?.signed }

    @usableFromInline
    package func double(_ item: Item) -> Double? {
        guard item.kind == .float else { return whole(item)?.double }
        let start = item.contents.lowerBound
        if octets[octet: start] == 0xCA {
            let bits = octets.number(at: start + 1, size: 4)
            return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        }
        return Double(bitPattern: octets.number(at: start + 1, size: 8))
    }

    @inlinable
    package func string(_ item: Item, equals text: StaticString) -> Bool {
        item.kind == .string && octets.extracting(item.contents).equals(text)
    }

    @inlinable
    package func isOctetString(_ item: Item) -> Bool { item.kind == .octets }

    @usableFromInline
    package func append(textOf item: Item, to text: inout OctetBuffer) -> Bool {
        precondition(item.kind == .string)
        text.append(octets.extracting(item.contents))
        return true
    }

    /// The integer an item is; `nil` for every other kind.
    @usableFromInline
    internal func whole(_ item: Item) -> WholeNumber? {
        guard item.kind == .integer else { return nil }
        let start = item.contents.lowerBound
        let octet = octets[octet: start]
        switch octet {
        case 0x00...0x7F: return WholeNumber(UInt64(octet))
        case 0xE0...0xFF: return WholeNumber(Int64(Int8(bitPattern: octet)))
        case 0xCC...0xCF:
            return WholeNumber(octets.number(at: start + 1, size: 1 &<< Int(octet & 0x3)))
        default:
            let size = 1 &<< Int(octet & 0x3)
            let unused = 64 - 8 * size
            let bits = Int64(truncatingIfNeeded: octets.number(at: start + 1, size: size))
            // The sign goes into the upper bits.
            return WholeNumber((bits &<< unused) &>> unused)
        }
    }
}
