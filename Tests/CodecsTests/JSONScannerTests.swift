import Bytes
import Codecs
import Testing

/// Scans a whole text.
private func scan(_ octets: [UInt8]) throws(JSONError) -> JSONItem {
    try JSONScanner.document(unsafe octets.span.bytes)
}

private func scan(_ text: String) throws(JSONError) -> JSONItem { try scan(Array(text.utf8)) }

private func error(of text: String) -> JSONError? {
    do throws(JSONError) {
        _ = try scan(text)
        return nil
    } catch {
        return error
    }
}

@Suite("JSON scanner")
struct JSONScannerTests {
    static let valid: [(String, JSONKind)] = [
        ("null", .null), ("true", .true), ("false", .false),
        ("0", .integer), ("-0", .integer), ("10", .integer), ("-9007199254740993", .integer),
        ("0.0", .fraction), ("-1.50", .fraction), ("1e5", .fraction), ("1E+05", .fraction),
        ("0e-0", .fraction), ("1.5e300", .fraction),
        ("\"\"", .string), ("\"a\"", .string), (#""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00""#, .string),
        (#""\ud800""#, .string), ("\"é😀\u{7F}\u{2028}\"", .string), ("\"'\"", .string),
        ("\"exactly8\"", .string), ("\"1234567\"", .string), ("\"1234567890123456\"", .string),
        ("[]", .array), ("[ ]", .array), ("[1]", .array), ("[1,2]", .array),
        (" [ 1 , \"a\" , [ ] , { } ] ", .array), ("[[],[[]],{}]", .array),
        ("{}", .object), ("{ }", .object), (#"{"a":1}"#, .object), (#"{"":null}"#, .object),
        (#"{"a":1,"a":2}"#, .object), (#"{"a":[{"b":{}}],"c":"}"}"#, .object),
        ("\t\r\n {\t\"a\"\r:\n[ ] } \n", .object),
    ]

    static let invalid: [String] = [
        "", " ", "nul", "nulll", "True", "NULL", "NaN", "Infinity", "-Infinity", "undefined",
        "'a'", "a", "\u{FEFF}1", "\u{A0}1", "\u{0C}1", "1\u{0}", "/**/1", "1 2", "1,", ",1",
        "+1", "-", "--1", "01", "-01", "00", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1e5.5", "0x1",
        "1_000", "1.5.5", "٣", "１",
        "\"", "\"a", "a\"", "\"\\\"", "\"\\x\"", "\"\\u\"", "\"\\u12\"", "\"\\u123g\"", "\"\\",
        "\"\\u00", "\"\n\"", "\"\u{0}\"", "\"\u{1F}\"", "\"1234567\u{1F}\"", "\"\\'\"",
        "\"\\U0041\"",
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1}", "[}", "[\"a\":1]", "[]]",
        "[[]", "[1,,2]",
        "{", "}", "{]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,\"a\":1}",
        "{\"a\" 1}", "{a:1}", "{1:1}", "{\"a\":}", "{\"a\",\"b\"}", "{\"a\":1 \"b\":2}", "{}}",
        "{\"a\":1]", "{\"a\":1,\"b\"}", "{\"a\":{}", "{\"a\"::1}", "{null:1}", "{\"a\":1;\"b\":2}",
    ]

    @Test("takes what RFC 8259 allows and says what kind it is")
    func takesValid() throws {
        for (text, kind) in Self.valid {
            #expect(try scan(text).kind == kind, "\(text)")
            #expect(NaiveJSON.isValid(Array(text.utf8)), "\(text)")
        }
    }

    @Test("refuses everything else")
    func refusesInvalid() {
        for text in Self.invalid {
            #expect(error(of: text) != nil, "\(text)")
            #expect(!NaiveJSON.isValid(Array(text.utf8)), "\(text)")
        }
    }

    @Test("refuses invalid values wherever they stand")
    func refusesInside() {
        for text in Self.invalid where !text.isEmpty && text != " " {
            for (before, after) in [
                ("[", "]"), ("{\"k\":", "}"), ("[0,", ",0]"), ("[[{\"a\":", "}]]"),
            ] {
                let octets = Array((before + text + after).utf8)
                let isTaken = (try? scan(octets)) != nil
                // Some become valid by what is put around them (`1,` or `]`): the model decides.
                #expect(isTaken == NaiveJSON.isValid(octets), "\(before + text + after)")
            }
        }
    }

    @Test("delimits a value without the space around it")
    func delimits() throws {
        let item = try scan("  [1, 2]\n ")
        #expect(item.range == 2..<8)
        let string = try scan(#" "a\n" "#)
        #expect(string.contents == 2..<5)
        #expect(string.hasEscapes)
        #expect(try !scan("\"plain\"").hasEscapes)
    }

    @Test("says where a text stops being JSON")
    func places() {
        #expect(error(of: "[1,x]") == .malformed(at: 3))
        #expect(error(of: "{\"a\":1") == .malformed(at: 6))
        #expect(error(of: "1 x") == .malformed(at: 2))
        #expect(error(of: "\"a\u{1}\"") == .malformed(at: 2))
    }

    @Test("refuses every beginning of a document")
    func truncation() throws {
        for (text, kind) in Self.valid where kind.rawValue >= JSONKind.string.rawValue {
            let octets = Array(text.utf8)
            let end = try scan(octets).range.upperBound
            for size in 0..<end { #expect((try? scan(Array(octets[..<size]))) == nil, "\(text)") }
        }
    }

    @Test("takes 64 containers inside one another and not one more")
    func depth() {
        let openings: [(String, String)] = [("[", "]"), ("{\"a\":", "}")]
        for first in openings {
            for second in openings {
                // Both openings of a pair alternate, so the kinds on the stack do, too.
                func nested(_ depth: Int) -> String {
                    var text = "1"
                    for level in 0..<depth {
                        let (before, after) = level % 2 == 0 ? first : second
                        text = before + text + after
                    }
                    return text
                }
                for depth in [1, 2, 63, 64] { #expect(error(of: nested(depth)) == nil) }
                #expect(error(of: nested(65)) == .tooDeep)
                #expect(error(of: nested(10_000)) == .tooDeep)
                #expect(error(of: "[" + nested(63) + "," + nested(64) + "]") == .tooDeep)
            }
        }
        #expect(error(of: String(repeating: "[", count: 1_000_000)) == .tooDeep)
    }

    @Test("counts the containers the caller has entered")
    func depthInside() throws {
        let text = "{\"a\":" + String(repeating: "[", count: 64)
        let octets = Array(text.utf8)
        var scanner = JSONScanner(unsafe octets.span.bytes)
        var members = try scanner.beginObject()
        _ = try scanner.nextKey(&members)
        do throws(JSONError) {
            _ = try scanner.value()
            Issue.record("65 containers were taken")
        } catch {
            #expect(error == .tooDeep)
        }
    }

    @Test("steps through members without touching their values")
    func members() throws {
        let octets = Array(#" {"a":[1,{"x":2}], "\u0062":"v" ,"c" : {"d":null}} "#.utf8)
        let text = unsafe octets.span.bytes
        var scanner = JSONScanner(text)
        var found: [String] = []
        var members = try scanner.beginObject()
        while let key = try scanner.nextKey(&members) {
            let isB = scanner.string(key, equals: "b")
            let value = try scanner.value()
            let name = isB ? "b!" : text.extracting(key.contents).text
            found.append(name + "=" + text.extracting(value.range).text)
        }
        try scanner.end()
        #expect(found == [#"a=[1,{"x":2}]"#, #"b!="v""#, #"c={"d":null}"#])
        #expect(members.keyCount == 3)
    }

    @Test("goes into an object and comes out behind it")
    func nestedMembers() throws {
        let octets = Array(#"{"p":{"x":1,"y":{}},"q":2}"#.utf8)
        let text = unsafe octets.span.bytes
        var scanner = JSONScanner(text)
        var found: [String] = []
        var outer = try scanner.beginObject()
        while let key = try scanner.nextKey(&outer) {
            found.append(text.extracting(key.contents).text)
            guard scanner.isAtObject() else {
                _ = try scanner.value()
                continue
            }
            var inner = try scanner.beginObject()
            while let key = try scanner.nextKey(&inner) {
                found.append(text.extracting(key.contents).text)
                _ = try scanner.value()
            }
        }
        try scanner.end()
        #expect(found == ["p", "x", "y", "q"])
    }

    @Test("refuses more members than the caller takes")
    func keyLimit() throws {
        let octets = Array(#"{"a":1,"b":2,"c":3}"#.utf8)
        for (limit, isEnough) in [(3, true), (2, false), (0, false)] {
            var scanner = JSONScanner(unsafe octets.span.bytes)
            var members = try scanner.beginObject(keyLimit: limit)
            do throws(JSONError) {
                while try scanner.nextKey(&members) != nil { _ = try scanner.value() }
                #expect(isEnough)
            } catch {
                #expect(error == .tooManyKeys)
                #expect(!isEnough)
            }
        }
    }

    @Test("refuses longer numbers than the caller takes, but only as the value itself")
    func digitLimit() throws {
        for (text, isTaken) in [("12345", true), ("123456", false), ("[123456]", true)] {
            let octets = Array(text.utf8)
            var scanner = JSONScanner(unsafe octets.span.bytes)
            do throws(JSONError) {
                _ = try scanner.value(digitLimit: 5)
                #expect(isTaken)
            } catch {
                #expect(error == .numberTooLong)
                #expect(!isTaken)
            }
        }
    }

    @Test("agrees with the naive parser on mutated documents")
    func mutations() {
        let pieces =
            Array(#"{}[]",:\0123456789.eE+-truefalsn bu/"#.utf8) + [0x00, 0x1F, 0x7F, 0xC3]
        for seed in UInt64(1)...300 {
            var random = SplitMix64(seed: seed)
            var octets = Array(Self.valid.randomElement(using: &random)!.0.utf8)
            let other = Array(Self.valid.randomElement(using: &random)!.0.utf8)
            octets.insert(
                contentsOf: other, at: Int.random(in: 0...octets.count, using: &random))
            for _ in 0..<20 {
                let place = Int.random(in: 0...octets.count, using: &random)
                let piece = pieces.randomElement(using: &random)!
                switch UInt8.random(in: 0..<3, using: &random) {
                case 0: octets.insert(piece, at: place)
                case 1 where place < octets.count: octets[place] = piece
                case 2 where place < octets.count: octets.remove(at: place)
                default: break
                }
                let isTaken = (try? scan(octets)) != nil
                #expect(
                    isTaken == NaiveJSON.isValid(octets),
                    "seed \(seed): \(String(decoding: octets, as: UTF8.self))")
            }
        }
    }

    @Test("agrees with the naive parser on every short text over the interesting octets")
    func shortTexts() {
        let alphabet = Array(#"{}[]",:\1-0.e "#.utf8)
        var texts: [[UInt8]] = [[]]
        for _ in 0..<4 {
            texts = texts.flatMap { text in alphabet.map { text + [$0] } }
            let disagreed = texts.first { ((try? scan($0)) != nil) != NaiveJSON.isValid($0) }
            #expect(disagreed.map { String(decoding: $0, as: UTF8.self) } == nil)
        }
    }

    @Test("sees every octet of a string, wherever it stands in a word")
    func specialOctets() {
        for size in 1..<20 {
            for place in 0..<size {
                for octet in UInt8.min...UInt8.max {
                    var text = [0x22] + [UInt8](repeating: 0x61, count: size) + [0x22]
                    text[place + 1] = octet
                    #expect(((try? scan(text)) != nil) == NaiveJSON.isValid(text), "\(text)")
                }
            }
        }
    }
}
