// CBORReader, the values — what a delimited item says.
//
// The item was validated when it was delimited, so nothing here can fail for its octets.

public import Bytes

extension CBORReader {
    @inlinable
    package func unsigned(_ item: Item) -> UInt64? {
        guard item.kind == .integer else { return nil }
        let octet = octets[octet: item.contents.lowerBound]
        return octet < 24 ? UInt64(octet) : whole(item)?.unsigned
    }

    @usableFromInline
    package func integer(_ item: Item) -> Int64? { whole(item)?.signed }

    @usableFromInline
    package func double(_ item: Item) -> Double? {
        guard item.kind == .float else { return whole(item)?.double }
        let start = item.contents.lowerBound
        switch octets[octet: start] & 0x1F {
        case 25: return Self.half(UInt16(truncatingIfNeeded: octets.number(at: start + 1, size: 2)))
        case 26:
            let bits = octets.number(at: start + 1, size: 4)
            return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        default: return Double(bitPattern: octets.number(at: start + 1, size: 8))
        }
    }

    @inlinable
    package func string(_ item: Item, equals text: StaticString) -> Bool {
        guard item.kind == .string else { return false }
        guard item.isPlain else { return chunks(of: item, equal: text) }
        return octets.extracting(item.contents).equals(text)
    }

    @inlinable
    package func isOctetString(_ item: Item) -> Bool { item.kind == .octets }

    @usableFromInline
    package func append(textOf item: Item, to text: inout OctetBuffer) -> Bool {
        precondition(item.kind == .string)
        append(contentsOf: item, to: &text)
        return true
    }

    /// Appends the octets of a string or octet string.
    internal func append(contentsOf item: Item, to buffer: inout OctetBuffer) {
        var chunks = Chunks(of: item)
        while let chunk = chunks.next(in: octets) { buffer.append(octets.extracting(chunk)) }
    }

    /// Whether the chunks of a string, one after the other, are `text`.
    @usableFromInline
    internal func chunks(of item: Item, equal text: StaticString) -> Bool {
        var matched = 0
        var chunks = Chunks(of: item)
        while let chunk = chunks.next(in: octets) {
            guard chunk.count <= text.utf8CodeUnitCount - matched else { return false }
            for place in chunk {
                guard unsafe octets[octet: place] == text.utf8Start[matched] else { return false }
                matched += 1
            }
        }
        return matched == text.utf8CodeUnitCount
    }

    /// The integer an item is; `nil` for every other kind.
    @usableFromInline
    internal func whole(_ item: Item) -> WholeNumber? {
        guard item.kind == .integer else { return nil }
        let start = item.contents.lowerBound
        let octet = octets[octet: start]
        let information = octet & 0x1F
        let argument =
            information < 24
            ? UInt64(information)
            : octets.number(at: start + 1, size: 1 &<< Int(information &- 24))
        return WholeNumber(isNegative: octet & 0xE0 != 0, argument: argument)
    }

    /// The tag directly in front of an item's value; `nil` if there is none.
    internal func innermostTag(of item: Item) -> UInt64? {
        var place = item.range.lowerBound
        var tag: UInt64?
        while octets[octet: place] & 0xE0 == CBOROctet.tag {
            let information = octets[octet: place] & 0x1F
            place += 1
            guard information >= 24 else {
                tag = UInt64(information)
                continue
            }
            let size = 1 &<< Int(information &- 24)
            tag = octets.number(at: place, size: size)
            place += size
        }
        return tag
    }

    /// The value of a float16 (RFC 8949, Appendix D).
    internal static func half(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 0x1F)
        let mantissa = Double(bits & 0x3FF)
        let magnitude: Double =
            switch exponent {
            case 0: mantissa * 0x1p-24
            case 31: mantissa == 0 ? .infinity : .nan
            default: Double(sign: .plus, exponent: exponent - 25, significand: mantissa + 1024)
            }
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }
}

/// The pieces of a string: its chunks, or the one piece that a plain one is.
internal struct Chunks {
    private var position: Int
    private let end: Int
    private let isPlain: Bool

    init(of item: Item) {
        position = item.contents.lowerBound
        end = item.contents.upperBound
        isPlain = item.isPlain
    }

    /// The place of the next piece in `octets`.
    mutating func next(in octets: RawSpan) -> Range<Int>? {
        guard position < end else { return nil }
        if isPlain {
            defer { position = end }
            return position..<end
        }
        let information = octets[octet: position] & 0x1F
        position += 1
        var size = UInt64(information)
        if information >= 24 {
            let width = 1 &<< Int(information &- 24)
            size = octets.number(at: position, size: width)
            position += width
        }
        let start = position
        position += Int(size)  // fits: the scan compared it with the rest
        return start..<position
    }
}
