// Scalars — reading UTF-8 one character at a time (RFC 3629 §4), broken octets included.
//
// Names usually are UTF-8, but nothing here may depend on it: an octet that begins no well-formed
// sequence counts as a character of its own, outside Unicode. Reading is therefore total, and two
// runs of octets are equal exactly when their characters are.

internal import Bytes

/// One character and how many octets it takes.
struct DecodedScalar {
    /// The code point, or 0x110000 plus the octet where the octets are not UTF-8.
    var value: UInt32
    /// Octets, 1 to 4.
    var size: Int

    var isUnicode: Bool { value < 0x11_0000 }
}

extension RawSpan {
    /// The character that begins at `offset`, which must lie inside.
    func scalar(at offset: Int) -> DecodedScalar {
        let first = self[octet: offset]
        if first < 0x80 { return DecodedScalar(value: UInt32(first), size: 1) }
        let broken = DecodedScalar(value: 0x11_0000 + UInt32(first), size: 1)
        let size: Int
        switch first {
        case 0xC2...0xDF: size = 2  // C0 and C1 would be overlong
        case 0xE0...0xEF: size = 3
        case 0xF0...0xF4: size = 4
        default: return broken
        }
        guard byteCount - offset >= size else { return broken }
        var value = UInt32(first) & (0x7F >> UInt32(size))
        for index in 1..<size {
            let octet = self[octet: offset + index]
            guard octet & 0xC0 == 0x80 else { return broken }
            value = value << 6 | UInt32(octet & 0x3F)
        }
        let lowest: UInt32 = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x1_0000
        guard value >= lowest, value <= 0x10_FFFF, !(0xD800...0xDFFF).contains(value) else {
            return broken
        }
        return DecodedScalar(value: value, size: size)
    }
}
