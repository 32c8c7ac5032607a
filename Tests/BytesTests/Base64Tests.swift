import Bytes
import Testing

private func decode(_ text: String) -> [UInt8]? {
    var octets = OctetBuffer()
    octets.append(0x2A)
    let isValid = unsafe Base64.decode(Array(text.utf8).span.bytes, into: &octets)
    if !isValid { #expect(octets.count == 1) }
    return isValid ? Array(octets.octets.array.dropFirst()) : nil
}

@Suite("base 64")
struct Base64Tests {
    @Test("writes and reads the test vectors of RFC 4648 §10")
    func vectors() {
        let vectors = [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ]
        for (plain, encoded) in vectors {
            var text = OctetBuffer()
            unsafe Base64.encode(Array(plain.utf8).span.bytes, into: &text)
            #expect(text.octets.text == encoded)
            #expect(decode(encoded) == Array(plain.utf8))
        }
    }

    @Test("reads back whatever it wrote")
    func identity() {
        var random = SplitMix64(seed: 64)
        for size in 0..<100 {
            let octets = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            var text = OctetBuffer()
            unsafe Base64.encode(octets.span.bytes, into: &text)
            #expect(decode(text.octets.text) == octets)
        }
    }

    @Test("refuses what is not base 64 and leaves the buffer alone")
    func refusals() {
        for text in [
            "Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zm9v=", "Zm 9", "Zm-_", "Zg==Zg==",
        ] {
            #expect(decode(text) == nil, "\(text)")
        }
    }
}
