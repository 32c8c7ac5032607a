// MessagePackWriter — values as MessagePack, every one in its shortest form.

public import Bytes

/// Appends MessagePack items to a buffer.
@frozen
@usableFromInline
package struct MessagePackWriter: ItemWriter {
    @inlinable
    package static var serialization: Serialization { .messagePack }

    @usableFromInline internal var items = ItemCount()

    @inlinable
    package init() {}

    @inlinable
    package mutating func appendNull(into buffer: inout OctetBuffer) {
        _ = items.add()
        buffer.append(0xC0)
    }

    @inlinable
    package mutating func append(bool value: Bool, into buffer: inout OctetBuffer) {
        _ = items.add()
        buffer.append(value ? 0xC3 : 0xC2)
    }

    @inlinable
    package mutating func append(unsigned value: UInt64, into buffer: inout OctetBuffer) {
        _ = items.add()
        if value < 0x80 {
            buffer.append(UInt8(truncatingIfNeeded: value))
        } else {
            Self.append(wider: value, into: &buffer)
        }
    }

    @usableFromInline
    internal static func append(wider value: UInt64, into buffer: inout OctetBuffer) {
        switch value {
        case 0...0xFF: buffer.append(head: 0xCC, value, size: 1)
        case 0...0xFFFF: buffer.append(head: 0xCD, value, size: 2)
        case 0...0xFFFF_FFFF: buffer.append(head: 0xCE, value, size: 4)
        default: buffer.append(head: 0xCF, value, size: 8)
        }
    }

    @inlinable
    package mutating func append(integer value: Int64, into buffer: inout OctetBuffer) {
        if value >= 0 {
            append(unsigned: UInt64(bitPattern: value), into: &buffer)
        } else {
            _ = items.add()
            Self.append(negative: value, into: &buffer)
        }
    }

    @usableFromInline
    internal static func append(negative value: Int64, into buffer: inout OctetBuffer) {
        let bits = UInt64(bitPattern: value)
        switch value {
        case (-32)...: buffer.append(UInt8(truncatingIfNeeded: bits))
        case (-0x80)...: buffer.append(head: 0xD0, bits, size: 1)
        case (-0x8000)...: buffer.append(head: 0xD1, bits, size: 2)
        case (-0x8000_0000)...: buffer.append(head: 0xD2, bits, size: 4)
        default: buffer.append(head: 0xD3, bits, size: 8)
        }
    }

    @usableFromInline
    package mutating func append(whole value: WholeNumber, into buffer: inout OctetBuffer) {
        if let unsigned = value.unsigned {
            append(unsigned: unsigned, into: &buffer)
        } else if let signed = value.signed {
            append(integer: signed, into: &buffer)
        } else {
            append(float: value.double, into: &buffer)
        }
    }

    @usableFromInline
    package mutating func append(wide value: WideInteger, into buffer: inout OctetBuffer) {
        if let whole = value.whole {
            append(whole: whole, into: &buffer)
        } else {
            append(float: value.double, into: &buffer)
        }
    }

    @usableFromInline
    package mutating func append(float value: Double, into buffer: inout OctetBuffer) {
        _ = items.add()
        buffer.append(head: 0xCB, value.plainBits, size: 8)
    }

    @inlinable
    package mutating func append(string text: RawSpan, into buffer: inout OctetBuffer) {
        _ = items.add()
        Self.append(stringHead: text.byteCount, into: &buffer)
        buffer.append(text)
    }

    @inlinable
    package mutating func append(string text: StaticString, into buffer: inout OctetBuffer) {
        _ = items.add()
        Self.append(stringHead: text.utf8CodeUnitCount, into: &buffer)
        buffer.append(text)
    }

    @inlinable
    @inline(__always)
    internal static func append(stringHead size: Int, into buffer: inout OctetBuffer) {
        if size < 32 {
            buffer.append(0xA0 | UInt8(truncatingIfNeeded: size))
        } else {
            append(0xD9, size: size, into: &buffer)
        }
    }

    /// Appends the head of what has a size of 1, 2 or 4 octets; `first` is that for 1.
    @usableFromInline
    internal static func append(_ first: UInt8, size: Int, into buffer: inout OctetBuffer) {
        let value = UInt64(truncatingIfNeeded: size)
        switch value {
        case 0...0xFF: buffer.append(head: first, value, size: 1)
        case 0...0xFFFF: buffer.append(head: first + 1, value, size: 2)
        default:
            // A message is far smaller: its limit is ours.
            precondition(value <= 0xFFFF_FFFF, "MessagePack has no larger strings")
            buffer.append(head: first + 2, value, size: 4)
        }
    }

    @usableFromInline
    package mutating func append(octets: RawSpan, into buffer: inout OctetBuffer) {
        _ = items.add()
        Self.append(0xC4, size: octets.byteCount, into: &buffer)
        buffer.append(octets)
    }

    @usableFromInline
    package mutating func append(base64 text: RawSpan, into buffer: inout OctetBuffer) {
        guard let size = Base64.decodedSize(text) else { preconditionFailure("no base 64") }
        _ = items.add()
        Self.append(0xC4, size: size, into: &buffer)
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
        Self.append(0x90, count: count ?? 0, into: &buffer)
        return opening
    }

    @inlinable
    package mutating func beginMap(count: Int?, into buffer: inout OctetBuffer) -> Opening {
        _ = items.add()
        let opening = items.begin(isMap: true, count: count, at: buffer)
        Self.append(0x80, count: count ?? 0, into: &buffer)
        return opening
    }

    /// Appends the head of a container; `first` is that of an empty one.
    @inlinable
    @inline(__always)
    internal static func append(_ first: UInt8, count: Int, into buffer: inout OctetBuffer) {
        if count < 16 {
            buffer.append(first | UInt8(truncatingIfNeeded: count))
        } else {
            append(first, largeCount: count, into: &buffer)
        }
    }

    @usableFromInline
    internal static func append(_ first: UInt8, largeCount: Int, into buffer: inout OctetBuffer) {
        let value = UInt64(truncatingIfNeeded: largeCount)
        let octet: UInt8 = first == 0x90 ? 0xDC : 0xDE
        if value <= 0xFFFF {
            buffer.append(head: octet, value, size: 2)
        } else {
            precondition(value <= 0xFFFF_FFFF, "MessagePack has no larger containers")
            buffer.append(head: octet + 1, value, size: 4)
        }
    }

    @inlinable
    package mutating func append(key: RawSpan, into buffer: inout OctetBuffer) {
        _ = items.addKey()
        Self.append(stringHead: key.byteCount, into: &buffer)
        buffer.append(key)
    }

    @inlinable
    package mutating func append(key: StaticString, into buffer: inout OctetBuffer) {
        _ = items.addKey()
        Self.append(stringHead: key.utf8CodeUnitCount, into: &buffer)
        buffer.append(key)
    }

    @inlinable
    package mutating func end(_ opening: Opening, into buffer: inout OctetBuffer) {
        let count = items.end(opening, in: buffer)
        guard opening.announcedCount == nil && count > 0 else { return }
        let first: UInt8 = opening.isMap ? 0x80 : 0x90
        if count < 16 {
            buffer.replaceOctet(
                at: opening.place, with: first | UInt8(truncatingIfNeeded: count))
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
        append(opening.isMap ? 0x80 : 0x90, largeCount: count, into: &buffer)
        buffer.moveHead(from: end, over: opening.place)
    }

    @inlinable
    package mutating func prepareItem(into buffer: inout OctetBuffer) { _ = items.add() }
}

extension Double {
    /// The bits, those of the one usual NaN for all of them: nothing else survives every way.
    internal var plainBits: UInt64 { isNaN ? 0x7FF8_0000_0000_0000 : bitPattern }
}
