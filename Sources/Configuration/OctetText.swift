// OctetText — octets that a configuration writes as hexadecimal digits or Base64 (RFC 4648).
//
// Strict: no white space, nothing after the padding, no bits left over. What is not of the form is
// `nil`, never a trap.

package enum OctetText {
    /// The octets that pairs of hexadecimal digits (§8, either case) stand for.
    package static func hexadecimal(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digit(digits[index]), let low = digit(digits[index + 1]) else {
                return nil
            }
            octets.append(high << 4 | low)
        }
        return octets
    }

    /// The octets that Base64 with padding (§4) stands for.
    package static func base64(_ text: String) -> [UInt8]? {
        var letters = Array(text.utf8)
        guard letters.count.isMultiple(of: 4) else { return nil }
        var paddingCount = 0
        while paddingCount < 2, letters.last == 0x3D {
            letters.removeLast()
            paddingCount += 1
        }
        var octets: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount = 0
        for letter in letters {
            guard let value = sextet(letter) else { return nil }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            octets.append(UInt8(bits >> UInt32(bitCount) & 0xFF))
            bits &= 1 << UInt32(bitCount) - 1
        }
        return bits == 0 ? octets : nil
    }

    /// `octets` as lower-case hexadecimal digits.
    package static func hexadecimal(of octets: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let text = octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// 32 octets, as 64 hexadecimal digits or as Base64: the two forms cannot be confused.
    package static func key(_ text: String) -> [UInt8]? {
        let octets = text.utf8.count == 64 ? hexadecimal(text) : base64(text)
        return octets?.count == 32 ? octets : nil
    }

    private static func digit(_ letter: UInt8) -> UInt8? {
        switch letter {
        case 0x30...0x39: letter - 0x30
        case 0x41...0x46: letter - 0x41 + 10
        case 0x61...0x66: letter - 0x61 + 10
        default: nil
        }
    }

    private static func sextet(_ letter: UInt8) -> UInt8? {
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

extension Format where Value == String {
    /// A public key; kept as lower-case digits.
    internal static var publicKey: Format {
        word(
            "64 hexadecimal digits",
            parse: { text in
                guard let octets = OctetText.hexadecimal(text), octets.count == 32 else {
                    return nil
                }
                return OctetText.hexadecimal(of: octets)
            }, write: { $0 })
    }
}

extension Format where Value == Secret? {
    /// A secret of 32 octets; kept as lower-case hexadecimal digits.
    internal static var secretKey: Format {
        let parse = { @Sendable (text: String) -> Secret?? in
            guard let octets = OctetText.key(text) else { return .none }
            return Secret(OctetText.hexadecimal(of: octets)).map(Optional.some)
        }
        return Format(
            "32 octets, as 64 hexadecimal digits or as Base64",
            read: { if case .text(let text) = $0 { parse(text) } else { nil } },
            parse: parse, write: { _ in TOMLText.quoted("(secret)") })
    }
}
