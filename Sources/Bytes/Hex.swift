// Hex — hexadecimal digits: single ones for chunk sizes and percent-encoding, runs of them for keys
// and challenges (RFC 4648 §8).

/// Hexadecimal digits.
package enum Hex {
    /// The value of the digit `octet`, either case, or `nil`.
    @inlinable
    package static func value(of octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x41 + 10
        case 0x61...0x66: octet - 0x61 + 10
        default: nil
        }
    }

    /// The lower-case digit of the low four bits of `value`.
    @inlinable
    package static func digit(of value: UInt8) -> UInt8 {
        let low = value & 15
        return low < 10 ? 0x30 + low : 0x61 + low - 10
    }

    /// Appends two lower-case digits for each octet.
    package static func encode(_ octets: RawSpan, into text: inout OctetBuffer) {
        text.reserve(octets.byteCount * 2)
        for index in 0..<octets.byteCount {
            text.append(digit(of: octets[octet: index] >> 4))
            text.append(digit(of: octets[octet: index]))
        }
    }

    /// Appends the octets that `text` stands for, digits of either case.
    ///
    /// - Returns: Whether `text` is an even number of digits; if not, `octets` is as before.
    package static func decode(_ text: RawSpan, into octets: inout OctetBuffer) -> Bool {
        let before = octets.count
        guard text.byteCount % 2 == 0 else { return false }
        octets.reserve(text.byteCount / 2)
        for index in stride(from: 0, to: text.byteCount, by: 2) {
            guard let high = value(of: text[octet: index]),
                let low = value(of: text[octet: index + 1])
            else {
                octets.truncate(to: before)
                return false
            }
            octets.append(high << 4 | low)
        }
        return true
    }
}
