// Inputs — octets that look like what clients send, the same in every run, and sums over results.

import Bytes

/// A checksum (FNV-1a over words): order counts, and nothing in it can be optimized away.
struct Checksum {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x0000_0100_0000_01B3 }
    mutating func add(_ word: Int) { add(UInt64(truncatingIfNeeded: word)) }

    mutating func add(_ octets: RawSpan) {
        for index in 0..<octets.byteCount { add(UInt64(octets[octet: index])) }
    }
}

/// A JSON text in ASCII of exactly `size` octets, at least 16: numbers that do not repeat, as
/// quotes or sensors send them, so that compression finds something but not everything.
func jsonText(size: Int) -> [UInt8] {
    precondition(size >= 16)
    var text = OctetBuffer(capacity: size + 64)
    text.append(#"{"v":["#)
    var state: UInt32 = 0x2545_F491
    while text.count < size {
        state = state &* 1_664_525 &+ 1_013_904_223
        text.append(#"{"p":"#)
        text.append(decimal: Int(state >> 16))
        text.append(#","s":"ok"},"#)
    }
    // Cut in the middle of an item, then closed by what keeps it JSON: one long string.
    var octets: [UInt8] = Array(#"{"v":""#.utf8)
    for index in 6..<size - 2 {
        let octet = text.octets[octet: index]
        octets.append(octet == 0x22 ? 0x27 : octet)
    }
    return octets + Array(#""}"#.utf8)
}

/// A text of two, three and four octet sequences between ASCII words, of about `size` octets.
func mixedText(size: Int) -> [UInt8] {
    let words = ["Grüße", " an ", "日本語", " and ", "Привет", ", ", "🎶", " ok "]
    var octets: [UInt8] = []
    var next = 0
    while octets.count < size {
        octets += Array(words[next % words.count].utf8)
        next += 1
    }
    return octets
}
