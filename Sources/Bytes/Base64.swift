// Base64 — small inputs to text and back (RFC 4648 §4), without an allocation.

/// Base 64 with the standard alphabet and padding.
package enum Base64 {
    /// Appends the text of `octets`, padded to a multiple of four.
    package static func encode(_ octets: RawSpan, into text: inout OctetBuffer) {
        let size = octets.byteCount
        unsafe text.append(atMost: (size + 2) / 3 * 4) { room in
            var place = 0
            for start in stride(from: 0, to: size, by: 3) {
                var group = UInt32(octets[octet: start]) << 16
                if start + 1 < size { group |= UInt32(octets[octet: start + 1]) << 8 }
                if start + 2 < size { group |= UInt32(octets[octet: start + 2]) }
                unsafe room[place] = letter(group >> 18)
                unsafe room[place + 1] = letter(group >> 12)
                unsafe room[place + 2] = start + 1 < size ? letter(group >> 6) : 0x3D
                unsafe room[place + 3] = start + 2 < size ? letter(group) : 0x3D
                place += 4
            }
            return place
        }
    }

    /// Appends the octets that `text` stands for.
    ///
    /// White space, missing padding and foreign letters are refused. The unused bits before the
    /// padding are not looked at: RFC 4648 §3.5 leaves that open, and there are encoders that
    /// leave them set.
    /// - Returns: Whether `text` is base 64; if not, `octets` is as before.
    package static func decode(_ text: RawSpan, into octets: inout OctetBuffer) -> Bool {
        let before = octets.count
        guard let size = decodedSize(text) else { return false }
        octets.reserve(size)
        var index = 0
        while index < text.byteCount {
            var group: UInt32 = 0
            for place in 0..<4 {
                group = group << 6 | UInt32(value(text[octet: index + place]) ?? 0)
            }
            var shift: UInt32 = 24
            while shift > 0 && octets.count - before < size {
                shift -= 8
                octets.append(UInt8(truncatingIfNeeded: group >> shift))
            }
            index += 4
        }
        return true
    }

    /// How many octets `text` stands for, or `nil` if it is not base 64.
    package static func decodedSize(_ text: RawSpan) -> Int? {
        let size = text.byteCount
        guard size % 4 == 0 else { return nil }
        guard size > 0 else { return 0 }
        var padding = 0
        if text[octet: size - 1] == 0x3D { padding = text[octet: size - 2] == 0x3D ? 2 : 1 }
        for index in 0..<size - padding where value(text[octet: index]) == nil { return nil }
        return size / 4 * 3 - padding
    }

    private static func letter(_ bits: UInt32) -> UInt8 {
        let alphabet: StaticString =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        return unsafe alphabet.utf8Start[Int(bits & 63)]
    }

    private static func value(_ letter: UInt8) -> UInt8? {
        switch letter {
        case 0x41...0x5A: letter - 0x41
        case 0x61...0x7A: letter - 0x61 + 26
        case 0x30...0x39: letter - 0x30 + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
