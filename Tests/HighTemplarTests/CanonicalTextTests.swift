import Bytes
import Codecs
import Testing

@testable import HighTemplar

private func canonical(_ text: String, _ numbers: NumberReading = .typed) -> String? {
    let octets = Array(text.utf8)
    return CanonicalText.of(unsafe octets.span.bytes, numbers).map {
        String(decoding: $0, as: UTF8.self)
    }
}

@Suite("high-templar canonical texts")
struct CanonicalTextTests {
    @Test("sort members by code points, at every depth, and keep the order of arrays")
    func sorts() {
        #expect(
            canonical(#"{ "b": [3,1, {"z":1,"y":null}], "a": {} , "é":"x","Z":[]}"#)
                == #"{"Z":[],"a":{},"b":[3,1,{"y":null,"z":1}],"é":"x"}"#)
        // U+FFFF comes before U+10000, which it would not in UTF-16.
        #expect(canonical(#"{"\ud800\udc00":1,"\uffff":2}"#) == "{\"\u{FFFF}\":2,\"\u{10000}\":1}")
    }

    @Test("keep the last of equal keys, however they are escaped")
    func duplicates() {
        #expect(canonical(#"{"a":1,"\u0061":2}"#) == #"{"a":2}"#)
        #expect(canonical(#"{"a":{"x":1},"b":0,"a":{"x":1,"x":3}}"#) == #"{"a":{"x":3},"b":0}"#)
    }

    @Test("take strings by what they say")
    func strings() {
        #expect(canonical(#""\u0041\/\"\\\n\u0001\ud83d\ude00""#) == "\"A/\\\"\\\\\\n\\u0001😀\"")
        // Composed and decomposed letters are different strings.
        let (composed, decomposed) = (canonical(#""\u00e9""#), canonical(#""e\u0301""#))
        #expect(composed.map { Array($0.utf8) } != decomposed.map { Array($0.utf8) })
    }

    @Test("keep kinds of numbers apart, and all digits of integers")
    func typedNumbers() {
        for (text, expected) in [
            ("1", "1"), ("1.0", "1.0"), ("1.00", "1.0"), ("1e0", "1.0"), ("10E-1", "1.0"),
            ("-0", "0"), ("0", "0"), ("-0.0", "-0.0"), ("0.1", "0.1"), ("0.10", "0.1"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1e999", "inf"), ("-1e999", "-inf"), ("true", "true"), ("null", "null"),
        ] {
            #expect(canonical(text) == expected, "\(text)")
        }
    }

    @Test("compare numbers by value where that is asked for")
    func numericNumbers() {
        for (text, expected) in [
            ("1", "1"), ("1.0", "1"), ("10e-1", "1"), ("-0.0", "0"), ("1.5", "1.5"),
            ("1e18", "1000000000000000000"), ("-2.0", "-2"), ("1e999", "inf"),
            (#"[1.0,{"a":2.0}]"#, #"[1,{"a":2}]"#), (#""1.0""#, #""1.0""#),
        ] {
            #expect(canonical(text, .numeric) == expected, "\(text)")
        }
    }

    @Test("do not exist for text that is not Unicode")
    func surrogates() {
        for text in [#""\ud800""#, #"{"\udc00":1}"#, #"[{"a":"x\ud800x"}]"#] {
            #expect(canonical(text) == nil, "\(text)")
        }
    }

    @Test("do not exist for more than 1024 members")
    func memberLimit() {
        func object(_ count: Int) -> String {
            "{" + (0..<count).map { _ in "\"k\":0" }.joined(separator: ",") + "}"
        }
        #expect(canonical(object(1024)) == #"{"k":0}"#)
        #expect(canonical(object(1025)) == nil)
        #expect(canonical("[\(object(1000)),\(object(25))]") == nil)
    }

    @Test("reach as deep as JSON does")
    func depth() {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(canonical(deep) == deep)
    }
}
