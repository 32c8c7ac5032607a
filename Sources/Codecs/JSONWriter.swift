// JSONWriter — values as JSON (RFC 8259) without white space, commas placed by counting.

public import Bytes

/// Appends JSON values to a buffer.
@frozen
@usableFromInline
package struct JSONWriter: ItemWriter {
    @inlinable
    package static var serialization: Serialization { .json }

    @usableFromInline internal var items = ItemCount()

    @inlinable
    package init() {}

    @inlinable
    @inline(__always)
    package mutating func prepareItem(into buffer: inout OctetBuffer) {
        if items.add() { buffer.append(0x2C) }
    }

    @usableFromInline
    package mutating func appendNull(into buffer: inout OctetBuffer) {
        prepareItem(into: &buffer)
        buffer.append("null")
    }

    @usableFromInline
    package mutating func append(bool value: Bool, into buffer: inout OctetBuffer) {
        prepareItem(into: &buffer)
        buffer.append(value ? "true" as StaticString : "false")
    }

    @usableFromInline
    package mutating func append(unsigned value: UInt64, into buffer: inout OctetBuffer) {
        prepareItem(into: &buffer)
        buffer.append(digits: value)
    }

    @usableFromInline
    package mutating func append(integer value: Int64, into buffer: inout OctetBuffer) {
        prepareItem(into: &buffer)
        if value < 0 { buffer.append(JSONOctet.minus) }
        buffer.append(digits: value.magnitude)
    }

    @usableFromInline
    package mutating func append(whole value: WholeNumber, into buffer: inout OctetBuffer) {
        guard value.isNegative else { return append(unsigned: value.argument, into: &buffer) }
        prepareItem(into: &buffer)
        let (magnitude, isTooWide) = value.argument.addingReportingOverflow(1)
        if isTooWide {
            buffer.append("-18446744073709551616")
        } else {
            buffer.append(JSONOctet.minus)
            buffer.append(digits: magnitude)
        }
    }

    @usableFromInline
    package mutating func append(wide value: WideInteger, into buffer: inout OctetBuffer) {
        prepareItem(into: &buffer)
        value.appendDigits(to: &buffer)
    }

    /// Appends the shortest digits that are read as the same float64, always with a fraction or an
    /// exponent, so that they are read as a float again.
    @usableFromInline
    package mutating func append(float value: Double, into buffer: inout OctetBuffer) {
        guard value.isFinite else { return appendNull(into: &buffer) }
        prepareItem(into: &buffer)
        buffer.append(value.description)
    }

    @usableFromInline
    package mutating func append(string text: RawSpan, into buffer: inout OctetBuffer) {
        prepareItem(into: &buffer)
        buffer.append(jsonString: text)
    }

    @usableFromInline
    package mutating func append(string text: StaticString, into buffer: inout OctetBuffer) {
        prepareItem(into: &buffer)
        buffer.append(quoted: text)
    }

    @usableFromInline
    package mutating func append(octets: RawSpan, into buffer: inout OctetBuffer) {
        prepareItem(into: &buffer)
        buffer.append("\"\\u0000")
        Base64.encode(octets, into: &buffer)
        buffer.append(JSONOctet.quote)
    }

    @usableFromInline
    package mutating func append(base64 text: RawSpan, into buffer: inout OctetBuffer) {
        prepareItem(into: &buffer)
        buffer.append("\"\\u0000")
        buffer.append(text)
        buffer.append(JSONOctet.quote)
    }

    @usableFromInline
    package mutating func append(
        encoded encodedItems: RawSpan, count: Int, into buffer: inout OctetBuffer
    ) {
        if items.add(count) && count > 0 { buffer.append(JSONOctet.comma) }
        buffer.append(encodedItems)
    }

    @usableFromInline
    package mutating func beginArray(count: Int?, into buffer: inout OctetBuffer) -> Opening {
        prepareItem(into: &buffer)
        let opening = items.begin(isMap: false, count: count, at: buffer)
        buffer.append(JSONOctet.openingBracket)
        return opening
    }

    @usableFromInline
    package mutating func beginMap(count: Int?, into buffer: inout OctetBuffer) -> Opening {
        prepareItem(into: &buffer)
        let opening = items.begin(isMap: true, count: count, at: buffer)
        buffer.append(JSONOctet.openingBrace)
        return opening
    }

    @usableFromInline
    package mutating func append(key: RawSpan, into buffer: inout OctetBuffer) {
        if items.addKey() { buffer.append(JSONOctet.comma) }
        buffer.append(jsonString: key)
        buffer.append(JSONOctet.colon)
    }

    @usableFromInline
    package mutating func append(key: StaticString, into buffer: inout OctetBuffer) {
        if items.addKey() { buffer.append(JSONOctet.comma) }
        buffer.append(quoted: key)
        buffer.append(JSONOctet.colon)
    }

    @usableFromInline
    package mutating func end(_ opening: Opening, into buffer: inout OctetBuffer) {
        _ = items.end(opening, in: buffer)
        buffer.append(opening.isMap ? JSONOctet.closingBrace : JSONOctet.closingBracket)
    }
}

extension OctetBuffer {
    /// Appends a name of ours, which needs no escapes.
    fileprivate mutating func append(quoted name: StaticString) {
        append(JSONOctet.quote)
        append(name)
        append(JSONOctet.quote)
    }

    /// Appends `value` in decimal digits.
    internal mutating func append(digits value: UInt64) {
        if value < 10 { return append(0x30 | UInt8(truncatingIfNeeded: value)) }
        // From the lowest digit up, two at a time, into room for the longest number.
        var rest = value
        let size = Self.digitCount(value)
        unsafe append(atMost: size) { room in
            var place = size
            while place >= 2 {
                let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
                rest = quotient
                let tens = (pair &* 103) &>> 10  // pair / 10 for every number below 179
                place &-= 2
                unsafe room[place] = 0x30 | UInt8(truncatingIfNeeded: tens)
                unsafe room[place &+ 1] = 0x30 | UInt8(truncatingIfNeeded: pair &- tens &* 10)
            }
            if place == 1 { unsafe room[0] = 0x30 | UInt8(truncatingIfNeeded: rest) }
            return size
        }
    }

    /// How many decimal digits `value` has.
    private static func digitCount(_ value: UInt64) -> Int {
        var count = 1
        var rest = value
        while rest >= 10_000 {
            rest /= 10_000
            count &+= 4
        }
        if rest >= 1000 { return count &+ 3 }
        if rest >= 100 { return count &+ 2 }
        return rest >= 10 ? count &+ 1 : count
    }
}
