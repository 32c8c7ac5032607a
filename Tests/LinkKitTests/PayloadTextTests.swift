import LinkKit
import Testing

@Suite("payload text")
struct PayloadTextTests {
    private func json(_ text: String) -> String {
        String(decoding: PayloadText.json(Array(text.utf8)), as: UTF8.self)
    }

    @Test("JSON goes on as it was written, without the space around it")
    func values() {
        for text in [
            "{}", #"{"a":[1,2.50,1e400]}"#, "[]", "null", "true", "12345678901234567890123",
            "\"é\"",
            #""\ud800""#, "{ \"a\" : 1 }",
        ] {
            #expect(json(text) == text)
            #expect(json(" \(text)\r\n") == text)
        }
    }

    @Test("everything else becomes a string")
    func strings() {
        let cases = [
            ("This is a notification!", #""This is a notification!""#), ("", #""""#),
            (" ", #"" ""#), ("{", #""{""#), ("01", #""01""#), ("nan", #""nan""#),
            ("{} {}", #""{} {}""#), ("say \"hi\"\n", #""say \"hi\"\n""#), ("\u{0}", #""\u0000""#),
            ("{\"a\":1}x", #""{\"a\":1}x""#), ("\u{FEFF}{}", "\"\u{FEFF}{}\""),
        ]
        for (text, expected) in cases { #expect(json(text) == expected) }
        let deep = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
        #expect(json(deep) == "\"\(deep)\"")
    }

    @Test("octets that are not UTF-8 are repaired, also inside what looks like JSON")
    func repaired() {
        let cases: [([UInt8], String)] = [
            ([0xFF], "\"\u{FFFD}\""), ([0x61, 0xC3], "\"a\u{FFFD}\""),
            ([0x22, 0xFF, 0x22], "\"\\\"\u{FFFD}\\\"\""),
        ]
        for (payload, expected) in cases {
            #expect(String(decoding: PayloadText.json(payload), as: UTF8.self) == expected)
        }
    }

    @Test("whatever comes in, one JSON value comes out")
    func always() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let payload = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                // Half of the octets are ones that JSON cares about.
                Bool.random(using: &random)
                    ? Array(#"{}[]",:\0e"#.utf8).randomElement(using: &random) ?? 0
                    : UInt8.random(in: 0...255, using: &random)
            }
            let once = PayloadText.json(payload)
            #expect(PayloadText.json(once) == once, "\(payload)")
        }
    }
}
