import Bytes
import Testing

@Suite("hexadecimal digits")
struct HexTests {
    @Test("reads both cases and nothing else, and writes lower case")
    func digits() {
        for octet: UInt8 in 0...255 {
            let character = Character(Unicode.Scalar(octet))
            let expected = octet < 0x80 ? character.hexDigitValue.map { UInt8($0) } : nil
            #expect(Hex.value(of: octet) == expected)
        }
        for value: UInt8 in 0..<16 { #expect(Hex.value(of: Hex.digit(of: value)) == value) }
    }
}
