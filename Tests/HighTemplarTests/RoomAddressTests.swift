import Bytes
import Codecs
import DialectTesting
import Rooms
import Testing

@testable import HighTemplar

private func address(_ text: String) -> RoomAddress? {
    let octets = Array(text.utf8)
    return RoomAddress(unsafe octets.span.bytes)
}

private func segments(_ text: String) -> [String]? {
    address(text)?.segments.map { String(decoding: $0, as: UTF8.self) }
}

@Suite("high-templar rooms")
struct RoomAddressTests {
    @Test("are the list of their keys, then their values")
    func segmentsOfRooms() {
        for (text, expected) in [
            (#"{"target":"chat","customer":"1"}"#, ["customer&target", "1", "chat"]),
            (#"{"target":"chat","customer":1}"#, ["customer&target", ":1", "chat"]),
            ("{}", [""]), (#"{"":""}"#, ["", ""]), (#"{"":1,"a":2}"#, ["&a", ":1", ":2"]),
            (#"{"a&b":1}"#, ["a%26b", ":1"]), (#"{"a":1,"b":1}"#, ["a&b", ":1", ":1"]),
            (#"{"100%":1}"#, ["100%25", ":1"]), (#"{"t":"*"}"#, ["t", "*"]),
            (#"{"t":":1"}"#, ["t", #":":1""#]), (#"{"t":":"}"#, ["t", #":":""#]),
            (#"{"t":"\u003a\n"}"#, ["t", #":":\n""#]), (#"{"t":null}"#, ["t", ":null"]),
            (#"{"t":true,"t":[ 1.0 ]}"#, ["t", ":[1.0]"]), (#"{"t":""}"#, ["t", ""]),
            (#"{"t":{"b":1,"a":"x"}}"#, ["t", #":{"a":"x","b":1}"#]),
        ] {
            #expect(segments(text) == expected, "\(text)")
        }
    }

    @Test("know which of their values are stars, and only whole ones")
    func stars() throws {
        for text in [#"{"*":"x"}"#, #"{"a":"**"}"#, #"{"a":["*"]}"#, #"{"a":"a*"}"#, "{}"] {
            #expect(try #require(address(text)).hasStars == false, "\(text)")
        }
        let open = try #require(address(#"{"*":"\u002a","a":"*","b":"x"}"#))
        #expect(open.hasStars)
        let expected: [[UInt8]?] = [Array("*&a&b".utf8), nil, nil, Array("x".utf8)]
        #expect(open.openSegments == expected)
    }

    @Test("fit a room with up to 31 keys and 255 octets")
    func limits() throws {
        func room(keys: Int) -> String {
            "{" + (0..<keys).map { "\"\($0)\":\"\"" }.joined(separator: ",") + "}"
        }
        #expect(try #require(address(room(keys: 31))).room != nil)
        #expect(try #require(address(room(keys: 32))).room == nil)
        #expect(try #require(address(room(keys: 32))).openSegments == nil)
        let long = String(repeating: "x", count: 253)
        #expect(try #require(address(#"{"k":"\#(long)"}"#)).room != nil)
        #expect(try #require(address(#"{"k":"\#(long)x"}"#)).room == nil)
    }

    @Test("are none where there is no object, or no text")
    func noRooms() {
        for text in ["[]", "1", #""x""#, #"{"a":"\ud800"}"#, #"{"\ud800":1}"#] {
            #expect(address(text) == nil, "\(text)")
        }
    }

    @Test("are equal exactly when their canonical texts are equal")
    func injective() throws {
        let keys = [
            "", "a", "b", "&", "%", "a&b", "%26", "\\u0061", "\\u0026", "%2526", "ä", ":", "*",
        ]
        let scalars = [
            "1", "1.0", "1e0", "10e-1", "0", "-0", "-0.0", "0.0", "12345678901234567890",
            "12345678901234567891", "true", "false", "null", #""""#, #""*""#, #"":1""#, #"":""#,
            #""::1""#, #"":\":1\"""#, #""1""#, #""true""#, #""a&b""#, #""\u0061""#, #""a""#,
            #""\u003a1""#, #"":null""#, #""[]""#, #"":[]""#, #""\"1\"""#,
        ]
        for seed in UInt64(1)...60 {
            var random = SplitMix64(seed: seed)
            var rooms: [String: Room] = [:]
            var texts: [Room: String] = [:]
            func value(_ depth: Int) -> String {
                switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
                case 6:
                    let items = (0..<Int.random(in: 0..<3, using: &random)).map { _ in
                        value(depth - 1)
                    }
                    return "[" + items.joined(separator: ", ") + "]"
                case 7: return object(depth - 1)
                default: return scalars.randomElement(using: &random)!
                }
            }
            func object(_ depth: Int) -> String {
                let members = (0..<Int.random(in: 0..<4, using: &random)).map { _ in
                    "\"\(keys.randomElement(using: &random)!)\" : \(value(depth))"
                }
                return "{" + members.joined(separator: " ,") + "}"
            }
            for _ in 0..<300 {
                let text = object(2)
                let naive = naiveCanonical(try JSONTree(text))
                guard let room = try #require(address(text)).room else { continue }
                #expect(rooms[naive] == nil || rooms[naive] == room, "seed \(seed): \(text)")
                #expect(texts[room] == nil || texts[room] == naive, "seed \(seed): \(text)")
                rooms[naive] = room
                texts[room] = naive
            }
        }
    }

    /// The specification's canonical text as one would explain it: integers by their digits,
    /// fractions by their bits, members sorted.
    private func naiveCanonical(_ tree: JSONTree) -> String {
        switch tree {
        case .null: return "n"
        case .bool(let value): return value ? "t" : "f"
        case .number(let text):
            if text.allSatisfy({ $0.isNumber || $0 == "-" }) {
                return text == "-0" ? "i0" : "i" + text
            }
            return "d\(Double(text)!.bitPattern)"
        case .string(let text): return "s\(text.utf8.count):\(text)"
        case .array(let items): return "[" + items.map(naiveCanonical).joined(separator: ",") + "]"
        case .object(let members):
            let sorted = members.sorted { $0.key < $1.key }
            return "{"
                + sorted.map {
                    "\($0.key.utf8.count):\($0.key)=\(naiveCanonical($0.value))"
                }.joined(separator: ",") + "}"
        }
    }
}
