import Codecs
import Testing

@testable import WAMP

/// The rule as the reference words it, over Unicode's own idea of white space.
private func naive(_ text: String, _ rules: URIRules, _ use: URIUse) -> Bool {
    let components = text.split(separator: ".", omittingEmptySubsequences: false)
    guard text.utf8.count <= 255, components.count <= 32 else { return false }
    for (index, component) in components.enumerated() {
        if component.isEmpty {
            let isLast = index == components.count - 1
            guard use == .wildcard || (use == .prefix && isLast) else { return false }
        }
        for scalar in component.unicodeScalars {
            switch rules {
            case .loose:
                let isSeparator = (0x1C...0x1F).contains(scalar.value)
                if scalar.properties.isWhitespace || isSeparator || scalar == "#" { return false }
            case .strict:
                guard ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "_"
                else { return false }
            }
        }
    }
    return true
}

@Suite struct URIRulesTests {
    private func expectNaive(_ text: String) {
        for rules in URIRules.allCases {
            for use in URIUse.allCases {
                let found = lend(text) { rules.accepts($0, as: use) }
                #expect(
                    found == naive(text, rules, use), "\(text.debugDescription) \(rules) \(use)")
            }
        }
    }

    @Test("every text of up to five characters of a small alphabet, as the naive model says")
    func small() {
        let alphabet = ["a", ".", "#", " ", "Z", "é"]
        var texts = [""]
        for _ in 0..<5 {
            for text in texts { expectNaive(text) }
            texts = texts.flatMap { text in alphabet.map { text + $0 } }
        }
    }

    @Test("every character of the basic plane, as Unicode says")
    func characters() {
        for value in UInt32(1)...0xFFFF {
            guard let scalar = Unicode.Scalar(value), scalar != "." else { continue }
            let text = "a" + String(Character(scalar)) + "b"
            let found = lend(text) { URIRules.loose.accepts($0, as: .name) }
            if found != naive(text, .loose, .name) {
                Issue.record("U+\(String(value, radix: 16)) \(found)")
            }
        }
        for value in UInt32(0)...0x7F {
            expectNaive("a" + String(Character(Unicode.Scalar(value)!)))
        }
    }

    @Test("names share the limits of rooms")
    func limits() {
        expectNaive(String(repeating: "a", count: 255))
        expectNaive(String(repeating: "a", count: 256))
        expectNaive(Array(repeating: "a", count: 32).joined(separator: "."))
        expectNaive(Array(repeating: "a", count: 33).joined(separator: "."))
        expectNaive(String(repeating: ".", count: 31))
        expectNaive(String(repeating: ".", count: 32))
    }

    @Test("what begins with the component wamp is reserved")
    func reserved() {
        for (text, expected) in [
            ("wamp", true), ("wamp.", true), ("wamp.a", true), ("wampy", false), ("wam", false),
            ("a.wamp", false), ("", false), ("Wamp.a", false),
        ] {
            #expect(lend(text) { URIRules.isReserved($0) } == expected, "\(text)")
        }
    }
}
