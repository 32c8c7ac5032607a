import Testing
import WAMPClient

@testable import CarillonServer

@Suite struct WAMPTextTests {
    @Test("a word is JSON where it parses as JSON and a string otherwise")
    func words() {
        let table = [
            ("1", "1"), ("-2.5e3", "-2.5e3"), ("true", "true"), ("null", "null"),
            ("\"5\"", "\"5\""), ("[1, 2]", "[1, 2]"), ("hello", "\"hello\""),
            ("hello, world", "\"hello, world\""), ("", "\"\""), ("{a", "\"{a\""),
            ("nul", "\"nul\""), ("01", "\"01\""), ("a\"b\\c", #""a\"b\\c""#),
            ("a\tb", #""a\tb""#), ("ü", "\"ü\""), (" ", "\" \""),
        ]
        for (word, json) in table { #expect(WAMPText.json(ofWord: word) == json) }
    }

    @Test("what is printed is what would have to be typed")
    func roundTrip() {
        let values = [
            "1", "null", "\"5\"", "\"null\"", "\"hello\"", "\"\"", "\" \"", "\" 1 \"", "[1,{}]",
            #""a\tb""#, #""a\nb""#, #""\u0000AQI=""#, #""a\"b""#, "\"a\\u007f\"", "\"ü\"",
            "\"{a\"", "\"[1]\"", "\"\\\"x\\\"\"",
        ]
        for value in values {
            let word = WAMPText.word(ofJSON: value)
            #expect(!word.utf8.contains { $0 < 0x20 }, "\(value)")
            let back = WAMPText.json(ofWord: word)
            #expect(
                WAMPText.string(ofJSON: back) == WAMPText.string(ofJSON: value), "\(value)")
            #expect(back == value || WAMPText.string(ofJSON: value) != nil, "\(value)")
        }
        #expect(WAMPText.word(ofJSON: "\"hello\"") == "hello")
        #expect(WAMPText.word(ofJSON: "\"5\"") == "\"5\"")
    }

    @Test("a line never has a line end of the publisher in it")
    func compact() throws {
        #expect(
            WAMPText.compact("{ \"a b\" :\r\n[ 1 ,\t\"x\\\" y\" ] }") == #"{"a b":[1,"x\" y"]}"#)
        let arguments = try Arguments(
            positional: ["[\n1\n]", "\"a b\"", "\"1\""], keywords: [("k", "{ }"), ("s", "\"t\"")])
        #expect(WAMPText.line(arguments) == "[1]\ta b\t\"1\"\tk={}\ts=t")
        #expect(WAMPText.line(Arguments()) == "")
        let hostile = try Arguments(
            positional: ["\"\u{9B}2Jx\"", "[\"\u{7F}\u{9F}é\"]"],
            keywords: [("a\nb", "1"), ("\u{1B}[2J", "2")])
        let words = [
            #""\u009b2Jx""#, #"["\u007f\u009fé"]"#, #""a\nb"=1"#, #""\u001b[2J"=2"#,
        ]
        #expect(WAMPText.line(hostile) == words.joined(separator: "\t"))
        let envelope = WAMPText.envelope([("topic", "\"a\"")], Details(), arguments)
        #expect(
            envelope
                == #"{"topic":"a","details":{},"args":[[1],"a b","1"],"kwargs":{"k":{},"s":"t"}}"#)
        #expect(try WAMPEnvelope(envelope).arguments.listJSON == #"[[1],"a b","1"]"#)
    }

    @Test("an envelope is an object whose arguments are a list and a map")
    func envelopes() throws {
        #expect(try WAMPEnvelope("{}").arguments.isEmpty)
        #expect(try WAMPEnvelope(#"{"args":null,"kwargs":{},"x":[]}"#).arguments.isEmpty)
        #expect(try WAMPEnvelope(#"{"kwargs":{"a":1}}"#).arguments.mapJSON == #"{"a":1}"#)
        #expect(try WAMPEnvelope(#"{"error":"a.b","args":[1]}"#).error == "a.b")
        for text in ["", "1", "[]", "{", #"{"args":{}}"#, #"{"kwargs":[]}"#, "{} {}", "{\"a\"}"] {
            #expect(throws: WAMPEnvelope.Malformed.self, "\(text)") { try WAMPEnvelope(text) }
        }
    }
}
