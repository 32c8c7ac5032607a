import Bytes
import Codecs
import Testing

/// The text of a string and whether it is one; `nil` when the literal is no JSON.
private func unescape(_ literal: String) -> (text: String, isText: Bool)? {
    let octets = Array(literal.utf8)
    let bytes = unsafe octets.span.bytes
    guard let item = try? JSONScanner.document(bytes), item.kind == .string else { return nil }
    var plain = OctetBuffer()
    let isText = plain.append(unescaping: bytes.extracting(item.contents))
    return (plain.octets.text, isText)
}

private func escape(_ text: String) -> String {
    var json = OctetBuffer()
    json.append(jsonString: text)
    return json.octets.text
}

@Suite("JSON strings")
struct JSONStringTests {
    @Test("are read with their escapes resolved")
    func unescaping() throws {
        let cases: [(String, String)] = [
            (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/""#, "\"\\/"),
            (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"), (#""a\u0041\u00e9\u20AC""#, "aAé€"),
            (#""\u0000""#, "\u{0}"), (#""\ud83d\ude00!""#, "😀!"), (#""é\ne""#, "é\ne"),
            (#""\uFFFF\uD7FF\uE000""#, "\u{FFFF}\u{D7FF}\u{E000}"),
            (#""\udbff\udfff""#, "\u{10FFFF}"),
        ]
        for (literal, text) in cases {
            let result = try #require(unescape(literal))
            #expect(result.text.unicodeScalars.elementsEqual(text.unicodeScalars), "\(literal)")
            #expect(result.isText, "\(literal)")
        }
    }

    @Test("with half a surrogate pair are no text, and U+FFFD stands in its place")
    func loneSurrogates() throws {
        let cases: [(String, String)] = [
            (#""\ud800""#, "\u{FFFD}"), (#""\udc00""#, "\u{FFFD}"), (#""a\ud800b""#, "a\u{FFFD}b"),
            (#""\ud800\u0041""#, "\u{FFFD}A"), (#""\ud800\n""#, "\u{FFFD}\n"),
            (#""\ud800\ud800\udc00""#, "\u{FFFD}\u{10000}"),
            (#""\udc00\ud800""#, "\u{FFFD}\u{FFFD}"),
        ]
        for (literal, text) in cases {
            let result = try #require(unescape(literal))
            #expect(result.text == text, "\(literal)")
            #expect(!result.isText, "\(literal)")
        }
    }

    @Test("as items are texts that are compared, or repaired ones that are shown")
    func items() throws {
        let cases: [(String, text: String?, repaired: String)] = [
            (#"["plain"]"#, "plain", "plain"), (#"[""]"#, "", ""),
            (#"["a\u0041\n"]"#, "aA\n", "aA\n"), (#"["a\ud800b"]"#, nil, "a\u{FFFD}b"),
        ]
        for (json, text, repaired) in cases {
            let octets = Array(json.utf8)
            let bytes = unsafe octets.span.bytes
            var scanner = JSONScanner(bytes.extracting(1..<bytes.byteCount))
            let item = try scanner.value()
            #expect(item.text(in: scanner.text) == text.map { Array($0.utf8) }, "\(json)")
            #expect(item.repairedText(in: scanner.text) == Array(repaired.utf8), "\(json)")
        }
        for json in ["null", "7", "[]", #"{"a":"b"}"#] {
            let octets = Array(json.utf8)
            let bytes = unsafe octets.span.bytes
            #expect(try JSONScanner.document(bytes).text(in: bytes) == nil, "\(json)")
        }
    }

    @Test("that nobody scanned are read without a trap")
    func unscanned() {
        for contents in [
            "\\", "a\\", "\\u", "\\u1", "\\ud800\\", "\\ud800\\u", "\\ud800\\udc0", "\\uzzzz",
        ] {
            let octets = Array(contents.utf8)
            var plain = OctetBuffer()
            #expect(!plain.append(unescaping: unsafe octets.span.bytes), "\(contents)")
        }
    }

    @Test("are written with no more escapes than they need")
    func escaping() {
        #expect(escape("") == #""""#)
        #expect(escape("a/b é😀\u{7F}\u{2028}") == "\"a/b é😀\u{7F}\u{2028}\"")
        #expect(escape("\"\\") == #""\"\\""#)
        #expect(escape("\u{8}\t\n\u{C}\r") == #""\b\t\n\f\r""#)
        #expect(escape("\u{0}\u{1}\u{1F}") == #""\u0000\u0001\u001f""#)
        #expect(escape("12345678\"12345678") == #""12345678\"12345678""#)
    }

    @Test("that are written are read as they were")
    func roundTrip() throws {
        for seed in UInt64(1)...200 {
            var random = SplitMix64(seed: seed)
            var text = ""
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let value = UInt32.random(
                    in: 0...(Bool.random(using: &random) ? 0x7F : 0x10FFFF), using: &random)
                text.unicodeScalars.append(Unicode.Scalar(value) ?? "x")
            }
            let result = try #require(unescape(escape(text)), "seed \(seed)")
            #expect(result.text.unicodeScalars.elementsEqual(text.unicodeScalars), "seed \(seed)")
            #expect(result.isText, "seed \(seed)")
        }
    }
}
