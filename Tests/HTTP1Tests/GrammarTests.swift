import Bytes
import HTTP1
import Testing

@Suite("grammar")
struct GrammarTests {
    @Test("knows the token characters of RFC 9110 §5.6.2")
    func tokens() {
        let letters =
            "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        let tokens = Set(letters.utf8)
        for octet: UInt8 in 0...255 {
            #expect(Grammar.isTokenOctet(octet) == tokens.contains(octet))
        }
    }

    @Test("knows the characters of a field value at every place of a long one")
    func values() {
        for octet: UInt8 in 0...255 {
            for size in [1, 7, 8, 9, 20] {
                for place in [0, size / 2, size - 1] {
                    var value = [UInt8](repeating: 0x61, count: size)
                    value[place] = octet
                    let isValid = octet == 0x09 || (octet >= 0x20 && octet != 0x7F)
                    #expect(unsafe Grammar.isFieldValue(value.span.bytes) == isValid)
                }
            }
        }
    }

    @Test("takes lists apart, past empty elements")
    func lists() {
        let octets = Array(" , keep-alive ,,\tUpgrade\t,".utf8)
        let list = unsafe octets.span.bytes
        var elements: [String] = []
        var offset = 0
        while let range = Grammar.nextElement(of: list, from: &offset) {
            elements.append(list.extracting(range).text)
        }
        #expect(elements == ["keep-alive", "Upgrade"])
        let hasUpgrade = Grammar.list(list, contains: "upgrade")
        let hasKeep = Grammar.list(list, contains: "keep")
        #expect(hasUpgrade && !hasKeep)
    }

    @Test("decodes percent-encoding once, and refuses halves of it")
    func percent() {
        func decoded(_ text: String, plus: Bool = false) -> String? {
            let octets = Array(text.utf8)
            return unsafe PercentCoding.decodedText(octets.span.bytes, plusIsSpace: plus)
        }
        #expect(decoded("/a%20b%2541+") == "/a b%41+")
        #expect(decoded("a+b", plus: true) == "a b")
        for text in ["%", "%4", "%4g", "a%%41", "%00", "%FF", "%C3"] {
            #expect(decoded(text) == nil, "\(text)")
        }
    }
}
