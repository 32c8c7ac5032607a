import Bytes
import Testing

private func hex(_ digest: SHA1.Digest) -> String {
    var text = OctetBuffer()
    for index in 0..<20 {
        text.append(Hex.digit(of: digest[index] >> 4))
        text.append(Hex.digit(of: digest[index]))
    }
    return text.octets.text
}

@Suite("SHA-1")
struct SHA1Tests {
    @Test("gives the digests of FIPS 180 and its examples")
    func examples() {
        let digests: [(String, String)] = [
            ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
            ),
            (
                String(repeating: "a", count: 1000),
                "291e9a6c66994949b57ba5e650361e98fc36b1ba"
            ),
        ]
        for (text, digest) in digests {
            var sum = SHA1()
            unsafe sum.update(Array(text.utf8).span.bytes)
            #expect(hex(sum.finish()) == digest)
        }
    }

    @Test("does not mind in which pieces the octets come")
    func pieces() {
        let octets = (0..<200).map { UInt8($0) }
        var whole = SHA1()
        unsafe whole.update(octets.span.bytes)
        let expected = hex(whole.finish())
        for cut in 0...200 {
            var sum = SHA1()
            unsafe sum.update(octets.span.bytes.extracting(0..<cut))
            unsafe sum.update(octets.span.bytes.extracting(cut..<200))
            #expect(hex(sum.finish()) == expected)
        }
    }
}
