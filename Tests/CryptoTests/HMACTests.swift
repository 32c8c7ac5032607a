import Bytes
import Crypto
import Testing

@Suite("HMAC")
struct HMACTests {
    @Test("gives the codes of RFC 4231 §4.3")
    func vectors() throws {
        let key = Array("Jefe".utf8)
        let message = Array("what do ya want for nothing?".utf8)
        let codes: [(HMAC.Hash, String)] = [
            (.sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                .sha384,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
                    + "8e2240ca5e69e2c78b3239ecfab21649"
            ),
            (
                .sha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                    + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
            ),
        ]
        for (hash, expected) in codes {
            let code = try HMAC.code(
                hash, of: unsafe message.span.bytes, key: unsafe key.span.bytes)
            var digits = OctetBuffer()
            Hex.encode(code.octets, into: &digits)
            #expect(digits.octets.text == expected)
            #expect(code.count == hash.size)
        }
    }
}
