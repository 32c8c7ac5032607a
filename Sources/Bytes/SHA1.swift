// SHA1 — the digest of FIPS 180-4 §6.1, for the opening handshake alone (RFC 6455 §4.2.2).
//
// SHA-1 proves nothing about who sent something; the handshake uses it as a checksum. It is here
// because a library call for two blocks would cost more than the blocks, and an allocation besides.

/// An incremental SHA-1 computation on fixed storage.
package struct SHA1: Sendable {
    private var state = SIMD8<UInt32>(
        0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0, 0, 0, 0)
    private var block = InlineArray<16, UInt32>(repeating: 0)
    /// Octets taken so far.
    private var size: UInt64 = 0

    package init() {}

    /// The 20 octets of the digest.
    package typealias Digest = InlineArray<20, UInt8>

    /// Takes more octets.
    package mutating func update(_ octets: RawSpan) {
        for index in 0..<octets.byteCount { take(octets[octet: index]) }
    }

    /// Takes more octets.
    package mutating func update(_ text: StaticString) {
        unsafe update(RawSpan(_unsafeStart: text.utf8Start, byteCount: text.utf8CodeUnitCount))
    }

    /// Pads the last block and gives the digest.
    package consuming func finish() -> Digest {
        let bitCount = size &* 8
        take(0x80)
        while size % 64 != 56 { take(0) }
        for place in stride(from: 56, through: 0, by: -8) {
            take(UInt8(truncatingIfNeeded: bitCount >> UInt64(place)))
        }
        var digest = Digest(repeating: 0)
        for index in 0..<20 {
            let shift = UInt32(truncatingIfNeeded: 24 - index % 4 * 8)
            digest[index] = UInt8(truncatingIfNeeded: state[index / 4] >> shift)
        }
        return digest
    }

    /// Takes one octet; the sixty-fourth of a block sets off the compression.
    @inline(__always)
    private mutating func take(_ octet: UInt8) {
        let place = Int(truncatingIfNeeded: size & 63)
        let word = place >> 2
        block[word] = block[word] << 8 | UInt32(octet)
        size &+= 1
        if place == 63 { compress() }
    }

    /// FIPS 180-4 §6.1.3: the message schedule lives in sixteen words, renewed in turn.
    private mutating func compress() {
        var a = state[0]
        var b = state[1]
        var c = state[2]
        var d = state[3]
        var e = state[4]
        for round in 0..<80 {
            let slot = round & 15
            if round >= 16 {
                let mixed =
                    block[(round &+ 13) & 15] ^ block[(round &+ 8) & 15]
                    ^ block[(round &+ 2) & 15] ^ block[slot]
                block[slot] = Self.rotate(mixed, by: 1)
            }
            let function: UInt32
            let constant: UInt32
            if round < 20 {
                function = (b & c) | (~b & d)
                constant = 0x5A82_7999
            } else if round < 40 {
                function = b ^ c ^ d
                constant = 0x6ED9_EBA1
            } else if round < 60 {
                function = (b & c) | (b & d) | (c & d)
                constant = 0x8F1B_BCDC
            } else {
                function = b ^ c ^ d
                constant = 0xCA62_C1D6
            }
            let next = Self.rotate(a, by: 5) &+ function &+ e &+ constant &+ block[slot]
            e = d
            d = c
            c = Self.rotate(b, by: 30)
            b = a
            a = next
        }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
        state[4] &+= e
    }

    @inline(__always)
    private static func rotate(_ value: UInt32, by places: UInt32) -> UInt32 {
        value &<< places | value &>> (32 &- places)
    }
}
