// SHA1 — the digest of FIPS 180-4 §6.1, for the opening handshake alone (RFC 6455 §4.2.2).
//
// SHA-1 proves nothing about who sent something; the handshake uses it as a checksum. It is here
// because a library call for two blocks would cost more than the blocks, and an allocation besides.

/// An incremental SHA-1 computation on fixed storage.
package struct SHA1: Sendable {
    private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0
    )
    /// The words of the block that is being filled.
    private var block = InlineArray<16, UInt32>(repeating: 0)
    /// Octets taken so far.
    private var size: UInt64 = 0

    package init() {}

    /// The 20 octets of the digest.
    package typealias Digest = InlineArray<20, UInt8>

    /// Takes more octets.
    package mutating func update(_ octets: RawSpan) {
        var index = 0
        let count = octets.byteCount
        while index < count {
            // A word at once where one begins.
            if size & 3 == 0, count &- index >= 4 {
                let word = unsafe octets.unsafeLoadUnaligned(
                    fromByteOffset: index, as: UInt32.self)
                take(word: UInt32(bigEndian: word))
                index &+= 4
            } else {
                take(octets[octet: index])
                index &+= 1
            }
        }
    }

    /// Takes more octets.
    package mutating func update(_ text: StaticString) {
        unsafe update(RawSpan(_unsafeStart: text.utf8Start, byteCount: text.utf8CodeUnitCount))
    }

    /// Pads the last block and gives the digest.
    package consuming func finish() -> Digest {
        let bitCount = size &* 8
        take(0x80)
        while size & 3 != 0 { take(0) }
        while size & 63 != 56 { take(word: 0) }
        take(word: UInt32(truncatingIfNeeded: bitCount >> 32))
        take(word: UInt32(truncatingIfNeeded: bitCount))
        var digest = Digest(repeating: 0)
        let words: InlineArray<5, UInt32> = [state.0, state.1, state.2, state.3, state.4]
        for index in 0..<5 {
            let word = words[index]
            digest[index &* 4] = UInt8(truncatingIfNeeded: word &>> 24)
            digest[index &* 4 &+ 1] = UInt8(truncatingIfNeeded: word &>> 16)
            digest[index &* 4 &+ 2] = UInt8(truncatingIfNeeded: word &>> 8)
            digest[index &* 4 &+ 3] = UInt8(truncatingIfNeeded: word)
        }
        return digest
    }

    /// Takes one octet; the sixty-fourth of a block sets off the compression.
    private mutating func take(_ octet: UInt8) {
        let place = Int(truncatingIfNeeded: size & 63)
        let word = place >> 2
        block[word] = block[word] << 8 | UInt32(octet)
        size &+= 1
        if place == 63 { compress() }
    }

    /// Takes four octets where a word begins.
    @inline(__always)
    private mutating func take(word: UInt32) {
        let place = Int(truncatingIfNeeded: size & 63)
        assert(place & 3 == 0)
        block[place >> 2] = word
        size &+= 4
        if place == 60 { compress() }
    }

    /// FIPS 180-4 §6.1.2. The five words change roles instead of places, so rounds come in fives.
    private mutating func compress() {
        var words = InlineArray<80, UInt32>(repeating: 0)
        for index in 0..<16 { words[index] = block[index] }
        for index in 16..<80 {
            words[index] = Self.rotate(
                words[index &- 3] ^ words[index &- 8] ^ words[index &- 14] ^ words[index &- 16],
                by: 1)
        }
        var (a, b, c, d, e) = state
        for first in stride(from: 0, to: 20, by: 5) {
            Self.fiveRounds(
                &a, &b, &c, &d, &e, words[first], words[first &+ 1], words[first &+ 2],
                words[first &+ 3], words[first &+ 4], 0x5A82_7999
            ) {
                $2 ^ ($0 & ($1 ^ $2))
            }
        }
        for first in stride(from: 20, to: 40, by: 5) {
            Self.fiveRounds(
                &a, &b, &c, &d, &e, words[first], words[first &+ 1], words[first &+ 2],
                words[first &+ 3], words[first &+ 4], 0x6ED9_EBA1
            ) { $0 ^ $1 ^ $2 }
        }
        for first in stride(from: 40, to: 60, by: 5) {
            Self.fiveRounds(
                &a, &b, &c, &d, &e, words[first], words[first &+ 1], words[first &+ 2],
                words[first &+ 3], words[first &+ 4], 0x8F1B_BCDC
            ) {
                ($0 & $1) | ($2 & ($0 | $1))
            }
        }
        for first in stride(from: 60, to: 80, by: 5) {
            Self.fiveRounds(
                &a, &b, &c, &d, &e, words[first], words[first &+ 1], words[first &+ 2],
                words[first &+ 3], words[first &+ 4], 0xCA62_C1D6
            ) { $0 ^ $1 ^ $2 }
        }
        state = (
            state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e
        )
    }

    @inline(__always)
    private static func fiveRounds(
        _ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32, _ d: inout UInt32,
        _ e: inout UInt32, _ word0: UInt32, _ word1: UInt32, _ word2: UInt32, _ word3: UInt32,
        _ word4: UInt32, _ constant: UInt32, _ mix: (UInt32, UInt32, UInt32) -> UInt32
    ) {
        e = e &+ rotate(a, by: 5) &+ mix(b, c, d) &+ constant &+ word0
        b = rotate(b, by: 30)
        d = d &+ rotate(e, by: 5) &+ mix(a, b, c) &+ constant &+ word1
        a = rotate(a, by: 30)
        c = c &+ rotate(d, by: 5) &+ mix(e, a, b) &+ constant &+ word2
        e = rotate(e, by: 30)
        b = b &+ rotate(c, by: 5) &+ mix(d, e, a) &+ constant &+ word3
        d = rotate(d, by: 30)
        a = a &+ rotate(b, by: 5) &+ mix(c, d, e) &+ constant &+ word4
        c = rotate(c, by: 30)
    }

    @inline(__always)
    private static func rotate(_ value: UInt32, by places: UInt32) -> UInt32 {
        value &<< places | value &>> (32 &- places)
    }
}
