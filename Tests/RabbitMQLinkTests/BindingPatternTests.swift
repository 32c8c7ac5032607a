import Testing

@testable import RabbitMQLink

@Suite("binding pattern")
struct BindingPatternTests {
    private func captures(_ pattern: String, _ key: String, topic: Bool = true) -> [String]? {
        BindingPattern(pattern, hasWildcards: topic).captures(in: Array(key.utf8))?
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("captures the words its wildcards stand for")
    func wildcards() {
        let cases: [(String, String, [String]?)] = [
            ("orders.*.filled", "orders.7.filled", ["7"]),
            ("orders.*.filled", "orders.7.8.filled", nil),
            ("orders.*.filled", "orders.filled", nil),
            ("orders.#", "orders", [""]), ("orders.#", "orders.7", ["7"]),
            ("orders.#", "orders.7.filled", ["7.filled"]), ("#", "", [""]), ("#", "a.b", ["a.b"]),
            ("*", "a", ["a"]), ("*", "", [""]), ("*", "a.b", nil),
            ("#.end", "a.b.end", ["a.b"]), ("#.*", "a.b", ["a", "b"]), ("*.#", "a", ["a", ""]),
            ("a", "a", []), ("a", "b", nil), ("a*", "ab", nil), ("a*", "a*", []),
            ("a..b", "a..b", []), ("a.*.b", "a..b", [""]),
        ]
        for (pattern, key, expected) in cases {
            #expect(captures(pattern, key) == expected, "\(pattern) \(key)")
        }
    }

    @Test("on a direct exchange a key is only itself")
    func direct() {
        #expect(captures("*", "*", topic: false) == [])
        #expect(captures("*", "a", topic: false) == nil)
        #expect(BindingPattern("*.#", hasWildcards: false).wildcardCount == 0)
        #expect(BindingPattern("*.#.a", hasWildcards: true).wildcardCount == 2)
    }
}
