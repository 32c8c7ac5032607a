// Hex — single hexadecimal digits, for chunk sizes and percent-encoding.

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
}
