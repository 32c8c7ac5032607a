import Bytes
import Testing

@testable import Rooms

@Suite("glob")
struct GlobTests {
    func matches(_ pattern: String, _ text: String) throws -> Bool {
        try Glob(text: pattern).matches(Array(text.utf8))
    }

    @Test("matches as the specification's examples say")
    func examples() throws {
        let table: [(pattern: String, matching: [String], other: [String])] = [
            ("h?llo", ["hello", "hallo", "h\u{E9}llo"], ["hllo", "hallo!", "h\nllo"]),
            ("h*llo", ["hllo", "hasdfllo"], ["haallox", "h\nllo"]),
            ("h[ae]llo", ["hello", "hallo"], ["hollo", "hllo"]),
            ("h[^a]llo", ["hello", "h\nllo"], ["hallo", "hllo"]),
            ("order*", ["order", "order.x"], ["xorder", "Order", "order\n"]),
            ("*", ["", "anything"], ["a\nb"]),
            ("a.b", ["a.b"], ["axb"]),
            ("a\\*b", ["a*b"], ["axb", "a\\*b"]),
            ("[*?]", ["*", "?"], ["a", ""]),
            ("[a-c]", ["a", "b", "c"], ["d", "-"]),
            ("[]a]", ["]", "a"], ["b"]),
            ("[a-]", ["a", "-"], ["b"]),
            ("[-a]", ["a", "-"], ["b"]),
            ("[\\]x]", ["]", "x"], ["\\"]),
            ("a|b", ["a|b"], ["a", "ax"]),
            ("(+){^$", ["(+){^$"], [""]),
            ("", [""], ["a"]),
            ("**", ["", "ab"], []),
            ("*a*", ["a", "ba", "ab"], ["", "b"]),
            ("*[ab][^c]*", ["ab\n", "ab"], ["a"]),
        ]
        for row in table {
            for text in row.matching {
                #expect(try matches(row.pattern, text), "\(row.pattern) \(text)")
            }
            for text in row.other {
                #expect(try !matches(row.pattern, text), "\(row.pattern) \(text)")
            }
        }
    }

    @Test("refuses what cannot be meant")
    func errors() {
        let table: [(pattern: String, error: GlobError)] = [
            ("[", .unclosedSet), ("[a", .unclosedSet), ("[]", .unclosedSet), ("[^]", .unclosedSet),
            ("a[b-", .unclosedSet), ("[a-", .unclosedSet), ("[z-a]", .reversedRange),
            ("\\", .danglingEscape), ("a\\", .danglingEscape), ("[\\", .danglingEscape),
            ("[a-\\", .danglingEscape),
            (String(repeating: "*", count: 9), .tooManyWildcards(limit: 8)),
            (String(repeating: "a", count: 256), .tooLong(limit: 255)),
        ]
        for row in table {
            #expect(throws: row.error, "\(row.pattern)") { try Glob(text: row.pattern) }
        }
    }

    @Test("accepts what is just inside the limits")
    func limits() throws {
        let long = String(repeating: "a", count: 255)
        #expect(try matches(long, long))
        #expect(try matches(String(repeating: "*a", count: 8), String(repeating: "a", count: 255)))
        #expect(try matches(String(repeating: "?", count: 255), long))
        #expect(try !matches(String(repeating: "?", count: 254) + "b", long))
    }

    @Test("agrees with a matcher that tries everything, on all short patterns and texts")
    func exhaustive() throws {
        let texts = sequences(of: Array("ab\n".utf8), counts: 0...4)
        var compiled = 0
        for pattern in sequences(of: Array("ab*?[]^\\".utf8), counts: 0...4) {
            guard let glob = try? Glob(text: pattern) else { continue }
            compiled += 1
            for text in texts {
                let expected = naiveGlobMatches(pattern, text)
                if glob.matches(text) != expected {
                    Issue.record("\(pattern) \(text) should be \(expected)")
                }
            }
            #expect(glob.matchesEmpty == naiveGlobMatches(pattern, []))
        }
        #expect(compiled > 2000)
    }

    @Test("agrees with it on random patterns with ranges, stars, line feeds and long characters")
    func random() throws {
        let pieces = [
            "a", "b", "*", "*", "?", "[ab]", "[^a]", "[a-c]", "\u{E9}", "[\u{E9}-\u{20AC}]", "\\*",
            "\n",
        ]
        let letters = ["a", "b", "c", "\n", "\u{E9}", "\u{20AC}", "\u{1F514}", "*"]
        for seed in UInt64(1)...3000 {
            var random = SplitMix64(seed: seed)
            let pattern = (0..<Int.random(in: 0...7, using: &random)).map { _ in
                pieces.randomElement(using: &random)!
            }.joined()
            guard let glob = try? Glob(text: pattern) else { continue }
            for _ in 0..<8 {
                let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                    letters.randomElement(using: &random)!
                }.joined()
                let expected = naiveGlobMatches(glob.text, Array(text.utf8))
                if glob.matches(Array(text.utf8)) != expected {
                    Issue.record("seed \(seed): \(pattern) \(text) should be \(expected)")
                }
            }
        }
    }

    @Test("takes any octets as pattern and text")
    func brokenText() throws {
        let octets: [UInt8] = [0x2A, 0x3F, 0x5B, 0x5D, 0x5C, 0xC3, 0xA9, 0xED, 0xA0, 0xFF, 0x61]
        for seed in UInt64(1)...5000 {
            var random = SplitMix64(seed: seed)
            let pattern = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                octets.randomElement(using: &random)!
            }
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                octets.randomElement(using: &random)!
            }
            guard let glob = try? Glob(text: pattern) else { continue }
            _ = glob.matches(text)
            let escaped = text.flatMap { $0 < 0x80 ? [0x5C, $0] : [$0] }
            #expect(try Glob(text: escaped).matches(text), "seed \(seed)")
        }
    }

    @Test("is one character for `?`, whether the octets are UTF-8 or not")
    func oneCharacter() throws {
        let glob = try Glob(text: "?")
        for text: [UInt8] in [
            [0x61], [0xC3, 0xA9], [0xE2, 0x82, 0xAC], [0xF0, 0x9F, 0x94, 0x94], [0xFF],
        ] {
            #expect(glob.matches(text), "\(text)")
        }
        // Overlong, surrogate, beyond Unicode, cut off: each octet counts.
        for text: [UInt8] in [
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
        ] {
            #expect(!glob.matches(text), "\(text)")
        }
    }

    @Test("is equal by text, not by meaning")
    func equality() throws {
        #expect(try Glob(text: "**") != Glob(text: "*"))
        #expect(try Glob(text: "a*") == Glob(text: "a*"))
        #expect(try Glob(text: "a*").hashValue == Glob(text: "a*").hashValue)
        #expect(Glob.any.matchesEmpty)
    }
}
