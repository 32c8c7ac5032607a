// Base64URL — the letters of web tokens (RFC 4648 §5, RFC 7515 §2): `-` and `_`, no padding.
//
// Strict, so that a token has one spelling: nothing is skipped, and the bits behind the last octet
// are 0 (RFC 4648 §3.5). Whoever compares or remembers tokens may compare their octets.

internal import Bytes

internal enum Base64URL {
    /// The octets that `text` stands for; `nil` when it is no such text.
    static func decode(_ text: RawSpan) -> [UInt8]? {
        guard text.byteCount % 4 != 1 else { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(text.byteCount / 4 * 3 + 2)
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for index in 0..<text.byteCount {
            guard let value = value(text[octet: index]) else { return nil }
            bits = (bits << 6 | value) & 0xFFFF
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                octets.append(UInt8(truncatingIfNeeded: bits >> bitCount))
            }
        }
        guard bits & (1 << bitCount - 1) == 0 else { return nil }
        return octets
    }

    private static func value(_ letter: UInt8) -> UInt32? {
        switch letter {
        case 0x41...0x5A: UInt32(letter) - 0x41
        case 0x61...0x7A: UInt32(letter) - 0x61 + 26
        case 0x30...0x39: UInt32(letter) - 0x30 + 52
        case 0x2D: 62  // -
        case 0x5F: 63  // _
        default: nil
        }
    }
}
