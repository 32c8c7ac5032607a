// Random JSON and random rooms: nested, in many scripts, with numbers of all sizes, escaped and
// spaced as any client might.

import Engine
import Rooms

extension SeededRandom {
    private static let words = [
        "", "a", "type", "object", "data", "update", "args", "kwargs", "status", "naïve", "日本語",
        "\u{1F514}", "quote\"s", "back\\slash", "line\nend", "tab\t", "nul\u{0}l", "\u{7F}", "/",
        "\u{2028}", "e\u{301}", "\u{FFFD}", "{}", "null",
    ]
    private static let numbers = [
        "0", "1", "-1", "127", "128", "-129", "65536", "-2147483649", "9007199254740993",
        "9223372036854775807", "-9223372036854775808", "18446744073709551615",
        "18446744073709551616", "-9223372036854775809", "123456789012345678901234567890",
        "0.5", "-1.25", "1e3", "1.5E-7", "-0.0", "3.141592653589793", "1e300",
    ]

    mutating func tree(depth: Int = 3) -> JSONTree {
        switch below(depth > 0 ? 8 : 5) {
        case 0: return .null
        case 1: return .bool(chance(500))
        case 2: return .number(pick(Self.numbers))
        case 3, 4: return .text(pick(Self.words))
        case 5: return .array((0..<below(4)).map { _ in tree(depth: depth - 1) })
        default: return object(depth: depth)
        }
    }

    mutating func object(depth: Int = 3) -> JSONTree {
        var members: [(key: [UInt8], value: JSONTree)] = []
        for _ in 0..<below(4) {
            let key = Array(pick(Self.words).utf8)
            guard !members.contains(where: { $0.key == key }) else { continue }
            members.append((key, tree(depth: depth - 1)))
        }
        return .object(members)
    }

    /// The tree as a client might write it.
    mutating func text(_ tree: JSONTree) -> String {
        switch tree {
        case .string(let octets): return text(String(decoding: octets, as: UTF8.self))
        case .array(let items):
            var parts: [String] = []
            for item in items { parts.append(space() + text(item) + space()) }
            return "[" + (parts.isEmpty ? space() : parts.joined(separator: ",")) + "]"
        case .object(let members):
            var parts: [String] = []
            for member in members {
                let key = text(String(decoding: member.key, as: UTF8.self))
                parts.append(space() + key + space() + ":" + space() + text(member.value) + space())
            }
            return "{" + (parts.isEmpty ? space() : parts.joined(separator: ",")) + "}"
        default: return tree.description
        }
    }

    private mutating func space() -> String { chance(800) ? "" : pick([" ", "\n", "\t", "\r\n "]) }

    private mutating func text(_ text: String) -> String {
        guard chance(300) else { return quoted(text) }
        return "\""
            + text.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined() + "\""
    }

    /// A room that all dialects can name: high-templar's keys, and values that are components of
    /// a URI.
    mutating func commonRoom() -> Room {
        let keys = ["channel", "customer", "target", "zone", "ключ"].filter { _ in chance(500) }
        let chosen = keys.isEmpty ? ["target"] : keys
        let values = chosen.map { _ in
            pick(["chat", "orders-7", "42", ":42", ":true", "ünï", "\u{1F514}", "x=1&y", "%41"])
        }
        return Room([chosen.joined(separator: "&")] + values)
    }

    /// Any room; hardly a dialect can name it.
    mutating func anyRoom() -> Room {
        let segments = (0..<within(1...4)).map { _ in
            pick(["a", "b c", "", "d.e", "#", "ü", "\u{A0}", "target", "wamp", "f\u{0}", "g\"h"])
        }
        return Room(segments)
    }
}
