import Testing

@testable import RedisLink

@Suite("channel pattern")
struct ChannelPatternTests {
    private func captures(_ pattern: String, _ channel: String) -> [String]? {
        ChannelPattern(Array(pattern.utf8)).captures(in: Array(channel.utf8))?
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("captures what its wildcards stand for")
    func wildcards() {
        let cases: [(String, String, [String]?)] = [
            ("notifications:*", "notifications:42", ["42"]),
            ("notifications:*", "notifications:", [""]),
            ("notifications:*", "notification:42", nil), ("*:*", "a:b:c", ["a", "b:c"]),
            ("h?llo", "hello", ["e"]), ("h?llo", "hllo", nil), ("*", "", [""]), ("", "", []),
            ("h[ae]llo", "hallo", ["a"]), ("h[ae]llo", "hillo", nil), ("h[^e]llo", "hallo", ["a"]),
            ("h[^e]llo", "hello", nil), ("h[a-c]llo", "hbllo", ["b"]),
            ("h[c-a]llo", "hbllo", ["b"]),
            ("h[a-c]llo", "hdllo", nil), (#"h\*llo"#, "h*llo", []), (#"h\*llo"#, "hello", nil),
            (#"[\]]"#, "]", ["]"]), (#"[\-x]"#, "-", ["-"]), ("[a", "a", ["a"]), ("[", "x", nil),
            (#"a\"#, #"a\"#, []), ("[]a", "a", nil), ("[a-]", "^", ["^"]),
            ("a.*.b", "a.x.y.b", ["x.y"]),
        ]
        for (pattern, channel, expected) in cases {
            #expect(captures(pattern, channel) == expected, "\(pattern) \(channel)")
        }
    }

    @Test("knows how many wildcards it has")
    func count() {
        for (pattern, count) in [("a", 0), ("*", 1), ("*?[a]", 3), (#"\*"#, 0), ("[*?]", 1)] {
            #expect(ChannelPattern(Array(pattern.utf8)).wildcardCount == count, "\(pattern)")
        }
    }

    @Test("any octets are a pattern and a channel")
    func octets() {
        var random = SystemRandomNumberGenerator()
        let interesting = Array(#"*?[]^-\ab"#.utf8) + [0, 0xFF]
        for _ in 0..<5000 {
            let words = (0..<2).map { _ in
                (0..<Int.random(in: 0...8, using: &random)).map { _ in
                    interesting.randomElement(using: &random) ?? 0
                }
            }
            let pattern = ChannelPattern(words[0])
            if let captures = pattern.captures(in: words[1]) {
                #expect(captures.count == pattern.wildcardCount, "\(words)")
            }
        }
    }
}
