import Configuration
import Testing

@Suite("octets as text")
struct OctetTextTests {
    @Test("hexadecimal digits and Base64 are read strictly")
    func strict() {
        #expect(OctetText.hexadecimal("00fFa9") == [0, 255, 0xA9])
        #expect(OctetText.hexadecimal("") == [])
        #expect(OctetText.hexadecimal(of: [0, 255, 0xA9]) == "00ffa9")
        for text in ["0", "0g", "0x", " 00", "é"] { #expect(OctetText.hexadecimal(text) == nil) }
        // RFC 4648 §10.
        for (text, base64) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ] {
            #expect(OctetText.base64(base64) == Array(text.utf8))
        }
        #expect(OctetText.base64("+/+/") == [0xFB, 0xFF, 0xBF])
        for text in [
            "Z", "Zg", "Zg=", "Zh==", "Zm9=", "=", "====", "Z===", "Zg==Zg==", "Zm9v\n", "Zm-_",
            "Zm9v ",
        ] {
            #expect(OctetText.base64(text) == nil, "\(text)")
        }
    }

    @Test("a key is 32 octets in either form, and nothing else")
    func keys() {
        let octets = (0..<32).map(UInt8.init)
        #expect(OctetText.key(OctetText.hexadecimal(of: octets)) == octets)
        #expect(OctetText.key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=") == octets)
        for text in ["", "00", "AAEC", String(repeating: "0", count: 66)] {
            #expect(OctetText.key(text) == nil)
        }
    }
}
