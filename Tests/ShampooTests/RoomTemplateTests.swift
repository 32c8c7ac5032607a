import PathExpressions
import Rooms
import Testing

@testable import Shampoo

private func match(_ groups: [String: String?]) -> PathMatch {
    PathMatch(groups: groups.map { (name: $0, text: $1.map { Array($0.utf8) }) })
}

@Suite("shampoo room templates")
struct RoomTemplateTests {
    @Test("put groups into segments, whatever their text is")
    func rooms() throws {
        let names = ["a", "b"]
        let groups = match(["a": "1.2", "b": ""])
        let cases = [
            ("number.{a}", "number.1%2E2"), ("{a}", "1%2E2"), ("{b}", ""), ("x.{b}.y", "x..y"),
            ("x{a}y{b}z.{a}", "x1%2E2yz.1%2E2"), ("a%2Eb%7Ba%7D.c", "a%2Eb{a}.c"), (".", "."),
            ("ä.}", "ä.}"),
        ]
        for (text, expected) in cases {
            let template = try RoomTemplate(text, names: names)
            #expect(try template.room(of: groups)?.text == expected, "\(text)")
        }
    }

    @Test("make no room of groups that took no part, and none that is too long")
    func missing() throws {
        let template = try RoomTemplate("x.{a}", names: ["a"])
        #expect(try template.room(of: match(["a": nil])) == nil)
        let long = String(repeating: "y", count: 253)
        #expect(try template.room(of: match(["a": long])) != nil)
        #expect(throws: RoomError.self) { try template.room(of: match(["a": long + "y"])) }
    }

    @Test("are refused with what is wrong with them")
    func errors() {
        let cases: [(String, RoomTemplateError)] = [
            ("", .empty), ("x.{a", .unclosedBrace), ("{c}", .unknownGroup("c")),
            ("{}", .unknownGroup("")), ("%", .invalidEscape), ("a%4g", .invalidEscape),
            (String(repeating: "a", count: 256), .tooLong),
            (String(repeating: ".", count: 32), .tooManySegments),
        ]
        for (text, error) in cases {
            #expect(throws: error, "\(text)") { try RoomTemplate(text, names: ["a", "b"]) }
        }
    }

    @Test("that hold each group in a segment of its own make different rooms of different groups")
    func injective() throws {
        let texts = ["", ".", "a", "a.", ".a", "a.a", "%2E", "{a}", "é", "b"]
        let templates = try ["{a}.{b}", "x.{a}.y.{b}", "{b}.z{a}"].map {
            try RoomTemplate($0, names: ["a", "b"])
        }
        for template in templates {
            var rooms: Set<Room> = []
            for a in texts {
                for b in texts {
                    let room = try #require(try template.room(of: match(["a": a, "b": b])))
                    #expect(rooms.insert(room).inserted, "\(a) \(b)")
                    #expect(try Room(text: room.text) == room)
                }
            }
        }
    }
}

@Suite("shampoo queries")
struct FormQueryTests {
    @Test("are read as the reference reads them")
    func parameters() {
        let cases: [(String, [(String, [String])])] = [
            ("", []), ("&&", []), ("a", []), ("a=", []), ("=b", [("", ["b"])]),
            ("a=1&b=2&a=3", [("a", ["1", "3"]), ("b", ["2"])]),
            ("a=b=c", [("a", ["b=c"])]), ("%61+x=%41+b%20", [("a x", ["A b "])]),
            ("a=%", [("a", ["%"])]), ("a=%4&b=%4g%zz", [("a", ["%4"]), ("b", ["%4g%zz"])]),
            ("a=%C3%A9&a=%ff", [("a", ["é", "\u{FFFD}"])]), ("a=1;b=2", [("a", ["1;b=2"])]),
        ]
        for (query, expected) in cases {
            let parameters = FormQuery.parameters(of: query)
            #expect(parameters.map(\.name) == expected.map(\.0), "\(query)")
            #expect(parameters.map(\.values) == expected.map(\.1), "\(query)")
        }
    }
}
