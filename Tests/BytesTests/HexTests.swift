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

    @Test("reads runs of digits in either case, and gives back what it wrote")
    func runs() {
        let octets = [UInt8](0...255)
        var text = OctetBuffer()
        unsafe Hex.encode(octets.span.bytes, into: &text)
        #expect(text.octets.text.hasPrefix("000102") && text.octets.text.hasSuffix("fdfeff"))
        for digits in [text.octets.text, text.octets.text.uppercased()] {
            var read = OctetBuffer()
            read.append(0x2A)
            #expect(unsafe Hex.decode(Array(digits.utf8).span.bytes, into: &read))
            #expect(read.octets.array == [0x2A] + octets)
        }
    }

    @Test("refuses odd numbers of digits and foreign letters, and leaves the buffer alone")
    func refusals() {
        for text in ["0", "000", "0g", "g0", " 0", "00 ", "0x", "00é", "12\u{0}4"] {
            var octets = OctetBuffer()
            octets.append(0x2A)
            #expect(unsafe !Hex.decode(Array(text.utf8).span.bytes, into: &octets), "\(text)")
            #expect(octets.octets.array == [0x2A])
        }
    }
}
