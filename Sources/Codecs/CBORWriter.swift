// CBORWriter — values as CBOR (RFC 8949), in preferred serialization (§4.1) but for floats, which
// are always float64: receivers of WAMP expect one width.

public import Bytes

/// Appends CBOR items to a buffer.
@frozen
@usableFromInline
package struct CBORWriter: ItemWriter {
    @inlinable
    package static var serialization: Serialization { .cbor }

    @usableFromInline internal var items = ItemCount()

    @inlinable
    package init() {}

    @inlinable
    package mutating func appendNull(into buffer: inout OctetBuffer) {
        _ = items.add()
        buffer.append(0xF6)
    }

    @inlinable
    package mutating func append(bool value: Bool, into buffer: inout OctetBuffer) {
        _ = items.add()
        buffer.append(value ? 0xF5 : 0xF4)
    }

    /// Appends a head: a major type and the shortest form of its argument (§3).
    @inlinable
    @inline(__always)
    internal static func append(
        _ major: UInt8, _ argument: UInt64, into buffer: inout OctetBuffer
    ) {
        if argument < 24 {
            buffer.append(major | UInt8(truncatingIfNeeded: argument))
        } else {
            append(major, wide: argument, into: &buffer)
        }
    }

    @usableFromInline
    internal static func append(
        _ major: UInt8, wide argument: UInt64, into buffer: inout OctetBuffer
    ) {
        switch argument {
        case 0...0xFF: buffer.append(head: major | 24, argument, size: 1)
        case 0...0xFFFF: buffer.append(head: major | 25, argument, size: 2)
        case 0...0xFFFF_FFFF: buffer.append(head: major | 26, argument, size: 4)
        default: buffer.append(head: major | 27, argument, size: 8)
        }
    }

    @inlinable
    package mutating func append(unsigned value: UInt64, into buffer: inout OctetBuffer) {
        _ = items.add()
        Self.append(0x00, value, into: &buffer)
    }

    @inlinable
    package mutating func append(integer value: Int64, into buffer: inout OctetBuffer) {
        append(whole: WholeNumber(value), into: &buffer)
    }

    @inlinable
    package mutating func append(whole value: WholeNumber, into buffer: inout OctetBuffer) {
        _ = items.add()
        Self.append(value.isNegative ? 0x20 : 0x00, value.argument, into: &buffer)
    }

    @usableFromInline
    package mutating func append(wide value: WideInteger, into buffer: inout OctetBuffer) {
        if let whole = value.whole { return append(whole: whole, into: &buffer) }
        _ = items.add()
        // §3.4.3: tag 2, or tag 3 with -1 minus the value.
        var argument = value
        buffer.append(value.isNegative ? 0xC3 : 0xC2)
        if value.isNegative { _ = argument.complement() }
        Self.append(
            CBOROctet.octets, UInt64(truncatingIfNeeded: argument.octetCount), into: &buffer)
        argument.appendOctets(to: &buffer)
    }

    @usableFromInline
    package mutating func append(float value: Double, into buffer: inout OctetBuffer) {
        _ = items.add()
        buffer.append(head: 0xFB, value.plainBits, size: 8)
    }

    @inlinable
    package mutating func append(string text: RawSpan, into buffer: inout OctetBuffer) {
        _ = items.add()
        Self.append(0x60, UInt64(truncatingIfNeeded: text.byteCount), into: &buffer)
        buffer.append(text)
    }

    @inlinable
    package mutating func append(string text: StaticString, into buffer: inout OctetBuffer) {
        _ = items.add()
        Self.append(0x60, UInt64(truncatingIfNeeded: text.utf8CodeUnitCount), into: &buffer)
        buffer.append(text)
    }

    @usableFromInline
    package mutating func append(octets: RawSpan, into buffer: inout OctetBuffer) {
        _ = items.add()
        Self.append(
            CBOROctet.octets, UInt64(truncatingIfNeeded: octets.byteCount), into: &buffer)
        buffer.append(octets)
    }

    @usableFromInline
    package mutating func append(base64 text: RawSpan, into buffer: inout OctetBuffer) {
        guard let size = Base64.decodedSize(text) else { preconditionFailure("no base 64") }
        _ = items.add()
        Self.append(CBOROctet.octets, UInt64(truncatingIfNeeded: size), into: &buffer)
        _ = Base64.decode(text, into: &buffer)
    }

    @inlinable
    package mutating func append(
        encoded encodedItems: RawSpan, count: Int, into buffer: inout OctetBuffer
    ) {
        _ = items.add(count)
        buffer.append(encodedItems)
    }

    @inlinable
    package mutating func beginArray(count: Int?, into buffer: inout OctetBuffer) -> Opening {
        _ = items.add()
        let opening = items.begin(isMap: false, count: count, at: buffer)
        Self.append(0x80, UInt64(truncatingIfNeeded: count ?? 0), into: &buffer)
        return opening
    }

    @inlinable
    package mutating func beginMap(count: Int?, into buffer: inout OctetBuffer) -> Opening {
        _ = items.add()
        let opening = items.begin(isMap: true, count: count, at: buffer)
        Self.append(0xA0, UInt64(truncatingIfNeeded: count ?? 0), into: &buffer)
        return opening
    }

    @inlinable
    package mutating func append(key: RawSpan, into buffer: inout OctetBuffer) {
        _ = items.addKey()
        Self.append(0x60, UInt64(truncatingIfNeeded: key.byteCount), into: &buffer)
        buffer.append(key)
    }

    @inlinable
    package mutating func append(key: StaticString, into buffer: inout OctetBuffer) {
        _ = items.addKey()
        Self.append(0x60, UInt64(truncatingIfNeeded: key.utf8CodeUnitCount), into: &buffer)
        buffer.append(key)
    }

    @inlinable
    package mutating func end(_ opening: Opening, into buffer: inout OctetBuffer) {
        let count = items.end(opening, in: buffer)
        guard opening.announcedCount == nil && count > 0 else { return }
        let major: UInt8 = opening.isMap ? 0xA0 : 0x80
        if count < 24 {
            buffer.replaceOctet(
                at: opening.place, with: major | UInt8(truncatingIfNeeded: count))
        } else {
            Self.announce(count, of: opening, in: &buffer)
        }
    }

    /// Puts a count that takes more than an octet over the head of an empty container.
    @usableFromInline
    internal static func announce(
        _ count: Int, of opening: Opening, in buffer: inout OctetBuffer
    ) {
        let end = buffer.count
        append(opening.isMap ? 0xA0 : 0x80, wide: UInt64(truncatingIfNeeded: count), into: &buffer)
        buffer.moveHead(from: end, over: opening.place)
    }

    @inlinable
    package mutating func prepareItem(into buffer: inout OctetBuffer) { _ = items.add() }
}
