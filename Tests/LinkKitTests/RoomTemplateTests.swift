import LinkKit
import Rooms
import Testing

@Suite("room template")
struct RoomTemplateTests {
    private func room(
        _ template: String, _ origin: String, _ captures: [String] = []
    ) throws -> String? {
        try RoomTemplate(template).room(
            origin: Array(origin.utf8), captures: captures.map { Array($0.utf8) })?.text
    }

    @Test("the standard one keeps a dotted channel's name")
    func standard() throws {
        for name in ["notifications", "orders.filled", "a..b", "."] {
            let made = try RoomTemplate.standard.room(origin: Array(name.utf8), captures: [])
            // Without escapes a name is its own text form.
            #expect(try made == Room(text: name))
        }
        #expect(try RoomTemplate("{channel:dotted}") == .standard)
    }

    @Test("puts channel, routing key and captures where they are named")
    func names() throws {
        let cases: [(String, String, [String], String)] = [
            ("notifications.{1}", "notifications:42", ["42"], "notifications.42"),
            ("{channel}", "orders", [], "orders"),
            ("{routing_key:dotted}", "a.b", [], "a.b"),
            ("x.{2}.{1}", "", ["one", "two"], "x.two.one"),
            ("user-{1}", "", ["7"], "user-7"),
            ("{1}{2}", "", ["a", "b"], "ab"),
            ("all", "whatever", [], "all"),
            ("{{{1}}}", "", ["a"], "{a}"),
            ("{1:dotted}.end", "", ["a.b"], "a.b.end"),
        ]
        for (template, origin, captures, expected) in cases {
            #expect(try room(template, origin, captures) == expected, "\(template)")
        }
    }

    @Test("keeps what is put in inside one segment, whatever it contains")
    func escaping() throws {
        for word in ["a.b", "*", "#", "50%", "k=v&w", "a b", "a:b", "\u{0}", "", "é", "%2E"] {
            let octets = Array(word.utf8)
            let made = try RoomTemplate("n.{1}").room(origin: [], captures: [octets])
            #expect(made?.segmentCount == 2, "\(word)")
            #expect(made.map { Array($0[segment: 1]) } == octets, "\(word)")
        }
        let noText: [UInt8] = [0xFF, 0x2E, 0x80]
        let made = try RoomTemplate("{channel}").room(origin: noText, captures: [])
        #expect(made.map { Array($0[segment: 0]) } == noText)
    }

    @Test("escapes in its own text are the room's")
    func literalEscapes() throws {
        let made = try RoomTemplate("a%2Eb.{1}").room(origin: [], captures: [[0x31]])
        #expect(made?.segmentCount == 2)
    }

    @Test("says what is wrong with it")
    func mistakes() {
        let cases: [(String, RoomTemplateError)] = [
            ("a.{1", .unclosedBrace), ("{", .unclosedBrace), ("a}", .strayBrace),
            ("{}", .unknownName("")), ("{0}", .unknownName("0")), ("{-1}", .unknownName("-1")),
            ("{+1}", .unknownName("+1")), ("{33}", .unknownName("33")),
            ("{99999999999999999999}", .unknownName("99999999999999999999")),
            ("{room}", .unknownName("room")), ("{1:x}", .unknownName("1:x")),
            ("{:dotted}", .unknownName(":dotted")), ("a%", .invalidEscape),
            ("a%4", .invalidEscape), ("a%4g", .invalidEscape), ("%{1}", .invalidEscape),
        ]
        for (text, expected) in cases {
            #expect(throws: expected, "\(text)") { try RoomTemplate(text) }
        }
    }

    @Test("knows how many captures it needs, and makes no room with fewer")
    func captures() throws {
        let template = try RoomTemplate("{2}.{1}")
        #expect(template.captureCount == 2)
        #expect(try template.room(origin: [], captures: [[0x61]]) == nil)
        #expect(RoomTemplate.standard.captureCount == 0)
    }

    @Test("refuses a room that would be too long or too deep")
    func limits() throws {
        let long = [UInt8](repeating: 0x61, count: 300)
        #expect(throws: RoomError.tooLong(limit: 255)) {
            try RoomTemplate.standard.room(origin: long, captures: [])
        }
        #expect(throws: RoomError.tooLong(limit: 255)) {
            try RoomTemplate("{1}{1}").room(origin: [], captures: [Array(long.prefix(200))])
        }
        let deep = [UInt8](repeating: 0x2E, count: 40)
        #expect(throws: RoomError.tooManySegments(limit: 32)) {
            try RoomTemplate.standard.room(origin: deep, captures: [])
        }
    }
}
