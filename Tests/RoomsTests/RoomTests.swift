import Bytes
import Testing

@testable import Rooms

@Suite("room")
struct RoomTests {
    @Test("is its segments, whichever way it was made")
    func construction() throws {
        let dotted = try Room(dotted: Array("com.shop.order".utf8))
        #expect(dotted == room("com", "shop", "order"))
        #expect(dotted.hashValue == room("com", "shop", "order").hashValue)
        #expect(dotted.segmentCount == 3)
        #expect(dotted.dottedSize == 14)
        #expect(Array(dotted[segment: 1]) == Array("shop".utf8))
        #expect(try Room(dotted: [UInt8]()) == room(""))
        #expect(try Room(dotted: Array("..".utf8)) == room("", "", ""))
    }

    @Test("differs where the same octets are cut differently")
    func cuts() {
        let rooms = [
            room("ab"), room("a", "b"), room("", "ab"), room("ab", ""), room("", "a", "b"),
            room("b", "a"), room("", ""), room(""), room("", "", ""),
        ]
        for (index, left) in rooms.enumerated() {
            for (other, right) in rooms.enumerated() {
                #expect((left == right) == (index == other))
                #expect((left.fingerprint == right.fingerprint) == (index == other))
            }
        }
    }

    @Test("gives the rooms above it")
    func prefixes() {
        let whole = room("a", "bc", "", "d")
        #expect(whole.prefix(4) == whole)
        #expect(whole.prefix(2) == room("a", "bc"))
        #expect(whole.prefix(0) == Room())
        #expect(whole.prefix(3).fingerprint == whole.parentFingerprint)
        #expect(whole.isChild(of: room("a", "bc", "")))
        #expect(!whole.isChild(of: room("a", "bc", "x")))
        #expect(!whole.isChild(of: room("a", "bc")))
        #expect(!whole.isChild(of: whole))
        #expect(!room("ab", "c").isChild(of: room("a")))
        #expect(room("a").isChild(of: Room()))
    }

    @Test("keeps its limits and is unchanged by what it refuses")
    func limits() throws {
        let long = [UInt8](repeating: 0x61, count: 255)
        #expect(try Room(dotted: long).dottedSize == 255)
        #expect(throws: RoomError.tooLong(limit: 255)) { try Room(dotted: (long + [0x61])) }
        #expect(throws: RoomError.tooLong(limit: 255)) { try Room(text: (long + [0x61])) }
        var full = room("a")
        try full.append([UInt8](repeating: 0x61, count: 253))
        let before = full
        #expect(throws: RoomError.tooLong(limit: 255)) { try full.append([UInt8]()) }
        #expect(throws: RoomError.tooLong(limit: 255)) {
            try full.append([UInt8](repeating: 0, count: 100_000))
        }
        #expect(full == before)
        let dots = [UInt8](repeating: 0x2E, count: 31)
        #expect(try Room(dotted: dots).segmentCount == 32)
        #expect(throws: RoomError.tooManySegments(limit: 32)) {
            try Room(dotted: (dots + [0x2E]))
        }
        #expect(throws: RoomError.tooManySegments(limit: 32)) {
            try Room(text: (dots + [0x2E]))
        }
    }

    @Test("writes a text that shows its parts")
    func text() throws {
        #expect(room("com", "shop", "order").text == "com.shop.order")
        #expect(
            room("customer&target", "1", ":1", "*", "a.b", "50%", "x y").text
                == "customer%26target.1.%3A1.%2A.a%2Eb.50%25.x%20y")
        #expect(room("caf\u{E9}").text == "caf\u{E9}")
        #expect(room(octets: [[0xFF, 0x0A, 0x7F]]).text == "%FF%0A%7F")
        #expect(room("", "").text == ".")
        #expect(try Room(text: "a%2eb.%C3%A9") == room("a.b", "\u{E9}"))
        #expect(try Room(text: "plain*&=:#") == room("plain*&=:#"))
        for text in ["%", "%2", "%2g", "a.%", "%%20"] {
            #expect(throws: RoomError.invalidEscape, "\(text)") { try Room(text: text) }
        }
    }

    @Test("comes back from its text, whatever octets it is made of")
    func roundTrip() throws {
        for octet in UInt8.min...UInt8.max {
            let single = room(octets: [[octet], [octet, octet]])
            #expect(try Room(text: single.text) == single)
        }
        for seed in UInt64(1)...3000 {
            var random = SplitMix64(seed: seed)
            var made = Room()
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let wide = Bool.random(using: &random)
                let segment = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                    wide
                        ? UInt8.random(in: .min ... .max, using: &random)
                        : Array(".%*#&=: a\u{E9}".utf8).randomElement(using: &random)!
                }
                try made.append(segment)
            }
            let again = try Room(text: made.text)
            #expect(again == made, "seed \(seed)")
            #expect(again.segments == made.segments, "seed \(seed)")
        }
    }
}
