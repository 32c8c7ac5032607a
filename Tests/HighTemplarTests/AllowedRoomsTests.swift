import Bytes
import Codecs
import DialectTesting
import Testing

@testable import HighTemplar

@Suite("high-templar allowed rooms")
struct AllowedRoomsTests {
    private func allows(_ rooms: AllowedRooms, _ room: String) -> Bool {
        let octets = Array(room.utf8)
        guard let address = unsafe RoomAddress(octets.span.bytes) else { return false }
        return rooms.allows(address, unsafe octets.span.bytes)
    }

    @Test("are refused as a list by their first element that is no room")
    func errors() {
        for (text, error) in [
            ("{}", AllowedRoomsError.notAList), ("null", .notAList), ("[", .notAList),
            ("", .notAList), ("[{}] x", .notAList), (#"["foo"]"#, .namesRoom),
            (#"[{},"foo",1]"#, .namesRoom), (#"[1,"foo"]"#, .notARoom), ("[null]", .notARoom),
            ("[[]]", .notARoom), (#"[""]"#, .notARoom), ("[true]", .notARoom),
        ] {
            #expect(throws: error, "\(text)") { try AllowedRooms(json: text) }
        }
    }

    @Test("agree with a naive reading of the rule")
    func naive() throws {
        let values = [
            #""*""#, #""x""#, "1", "1.0", #""1""#, "true", "null", #""""#, "[1.0]", "[1]",
        ]
        let keys = ["a", "b"]
        func tree(_ text: String) throws -> [String: JSONTree] {
            guard case .object(let members) = try JSONTree(text) else { return [:] }
            return members
        }
        var objects: [String] = ["{}"]
        for first in values {
            objects.append(#"{"a":\#(first)}"#)
            for second in values { objects.append(#"{"b":\#(second),"a":\#(first)}"#) }
        }
        for (index, allowed) in objects.enumerated() where index % 3 == 0 {
            let rooms = try AllowedRooms(json: "[\(allowed)]")
            let grant = try tree(allowed)
            for asked in objects {
                let members = try tree(asked)
                let expected =
                    grant.keys == members.keys
                    && keys.allSatisfy { key in
                        guard let value = grant[key], let other = members[key] else { return true }
                        return value == .string("*") || numeric(value) == numeric(other)
                    }
                #expect(allows(rooms, asked) == expected, "\(allowed) and \(asked)")
            }
        }
    }

    private func numeric(_ tree: JSONTree) -> JSONTree {
        switch tree {
        case .number("1.0"): .number("1")
        case .array(let items): .array(items.map(numeric))
        default: tree
        }
    }

    @Test("too large for a room are listed, and let nobody in")
    func large() throws {
        let long = String(repeating: "x", count: 300)
        let rooms = try AllowedRooms(json: #"[{"k":"\#(long)"},{"k":"\ud800"},{"k":"*","l":1}]"#)
        #expect(!allows(rooms, #"{"k":"\#(long)"}"#))
        #expect(allows(rooms, #"{"k":"y","l":1}"#))
        let list = String(decoding: rooms.list, as: UTF8.self)
        #expect(list == #"[{"k":"\#(long)"},{"k":"\ud800"},{"k":"*","l":1}]"#)
    }

    @Test("of one list are one object while anybody has them")
    func shared() throws {
        let cache = AllowedRoomsCache()
        let list = Array(#"[{"a":1}]"#.utf8)
        var first: AllowedRooms? = cache.rooms(list)
        weak let gone = first
        #expect(cache.rooms(Array(#"[{"a":1}]"#.utf8)) === first)
        #expect(cache.rooms(Array(#"[{"a":2}]"#.utf8)) !== first)
        first = nil
        #expect(gone == nil)
    }

    @Test("are forgotten when nobody has them")
    func forgotten() {
        let cache = AllowedRoomsCache()
        var kept: [AllowedRooms] = []
        for index in 0..<2000 {
            let rooms = cache.rooms(Array(#"[{"a":\#(index)}]"#.utf8))
            if index % 20 == 0 { kept.append(rooms) }
        }
        #expect(kept.count == 100)
        #expect(cache.entryCount <= 400)
        for index in stride(from: 0, to: 2000, by: 20) {
            #expect(cache.rooms(Array(#"[{"a":\#(index)}]"#.utf8)) === kept[index / 20])
        }
    }
}
