// CBORReader — steps through a CBOR value (RFC 8949).
//
// Any width of an argument is taken, and so are items of indefinite length (§3.2). Tags (§3.4) are
// passed: the value is what they stand in front of. Keys are strings, because WAMP's are and
// nothing else could be written to JSON. Strings are checked to be UTF-8, each chunk for itself as
// §3.2.3 wants it. Well-formedness is checked in full (Appendix C), duplicate keys are left alone.

import Bytes

/// A place in the octets of a CBOR value.
@frozen
@usableFromInline
package struct CBORReader: ItemReader, ~Escapable {
    @inlinable
    package static var serialization: Serialization { .cbor }

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
    package mutating func isAtArray() -> Bool { isAt(CBOROctet.array) }

    @usableFromInline
    package mutating func isAtMap() -> Bool { isAt(CBOROctet.map) }

    /// Whether a value of this major type begins here, behind its tags.
    private func isAt(_ major: UInt8) -> Bool {
        guard position < octets.byteCount else { return false }
        let found = octets[octet: position] & 0xE0
        guard found == CBOROctet.tag else { return found == major }
        var probe = self
        guard let head = try? probe.head() else { return false }
        return octets[octet: head.start] & 0xE0 == major
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

/// The octets that mean something to CBOR.
internal enum CBOROctet {
    static let breakStop: UInt8 = 0xFF

    // Major types (§3.1), as they stand in the three upper bits of an initial octet.
    static let unsigned: UInt8 = 0x00
    static let negative: UInt8 = 0x20
    static let octets: UInt8 = 0x40
    static let text: UInt8 = 0x60
    static let array: UInt8 = 0x80
    static let map: UInt8 = 0xA0
    static let tag: UInt8 = 0xC0
    static let simple: UInt8 = 0xE0
}

extension CBORReader: BinaryReader {
    @inline(__always)
    internal mutating func head() throws(CodecError) -> Head {
        while true {
            let start = position
            guard start < octets.byteCount else { throw .malformed(at: start) }
            let octet = octets[octet: start]
            position = start &+ 1
            let information = octet & 0x1F
            let argument: UInt64
            var isOpen = false
            switch information {
            case 0..<24: argument = UInt64(information)
            case 24...27: argument = try take(1 &<< Int(information &- 24))
            case 31:
                argument = 0
                isOpen = true
            default: throw .malformed(at: start)  // 28 to 30 are reserved (§3)
            }
            let kind: ItemKind
            switch octet & 0xE0 {
            case CBOROctet.unsigned, CBOROctet.negative:
                guard !isOpen else { throw .malformed(at: start) }
                return Head(kind: .integer, start: start)
            case CBOROctet.octets: kind = .octets
            case CBOROctet.text: kind = .string
            case CBOROctet.array: kind = .array
            case CBOROctet.map: kind = .map
            case CBOROctet.tag:
                guard !isOpen else { throw .malformed(at: start) }
                continue
            default: return try simple(information, argument, start)
            }
            let count = try counted(argument, itemSize: kind == .map ? 2 : 1)
            return Head(kind: kind, isOpen: isOpen, count: count, start: start)
        }
    }

    /// Major type 7 (§3.3): simple values, floats, and a break where no break belongs.
    private func simple(
        _ information: UInt8, _ argument: UInt64, _ start: Int
    ) throws(CodecError) -> Head {
        switch information {
        case 20: return Head(kind: .false, start: start)
        case 21: return Head(kind: .true, start: start)
        case 24 where argument < 32: throw .malformed(at: start)  // §3.3: has a shorter form
        case 0...24: return Head(kind: .null, start: start)
        case 25...27: return Head(kind: .float, start: start)
        default: throw .malformed(at: start)
        }
    }

    @inline(__always)
    internal func shortHead() -> ShortHead {
        guard position < octets.byteCount else { return .other }
        let octet = octets[octet: position]
        guard octet & 0x1F < 24 else { return .other }
        if octet & 0xE0 == CBOROctet.text { return .string(Int(octet & 0x1F)) }
        return octet < CBOROctet.octets ? .integer : .other
    }

    @inline(__always)
    internal mutating func takeBreak() -> Bool {
        guard position < octets.byteCount, octets[octet: position] == CBOROctet.breakStop
        else { return false }
        position &+= 1
        return true
    }

    internal mutating func skipChunks(of kind: ItemKind) throws(CodecError) {
        let major = kind == .string ? CBOROctet.text : CBOROctet.octets
        while !takeBreak() {
            // §3.2.3: chunks are of the same major type, untagged, and have a size.
            let start = position
            let head = try self.head()
            guard head.start == start, octets[octet: start] & 0xE0 == major, !head.isOpen else {
                throw .malformed(at: start)
            }
            try skipString(head)
        }
    }
}
