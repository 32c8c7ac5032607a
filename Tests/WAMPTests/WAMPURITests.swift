import Bytes
import Rooms
import Testing

@testable import WAMP

@Suite struct WAMPURITests {
    /// Every text of up to `size` characters.
    private func texts(_ alphabet: [String], _ size: Int) -> [String] {
        var all: [String] = []
        var last = [""]
        for _ in 0..<size {
            last = last.flatMap { text in alphabet.map { text + $0 } }
            all += last
        }
        return all
    }

    private func uri(_ room: Room) -> String? {
        var buffer = OctetBuffer()
        return WAMPURI.append(room, to: &buffer) ? buffer.octets.text : nil
    }

    @Test("different URIs are different rooms, and a room gives its URI back")
    func injective() throws {
        var rooms: [Room: String] = [:]
        for text in texts(["a", "b", ".", "%", "*", "é"], 5) {
            guard lend(text, { URIRules.loose.accepts($0, as: .name) }) else { continue }
            let room = try lend(text) { try WAMPURI.room($0) }
            #expect(rooms[room] == nil, "\(text)")
            rooms[room] = text
            #expect(uri(room) == text)
            #expect(room.segmentCount == text.split(separator: ".").count)
        }
        #expect(rooms.count > 3000)
    }

    @Test("rooms of other dialects have a URI only where every segment can be a component")
    func foreign() throws {
        let rows: [([[UInt8]], String?)] = [
            ([Array("a".utf8), Array("b".utf8)], "a.b"),
            ([Array("a".utf8), []], nil), ([[]], nil), ([], nil),
            ([Array("a.b".utf8)], nil), ([Array("a b".utf8)], nil), ([Array("a#".utf8)], nil),
            ([[0xFF]], nil), ([Array(":1".utf8)], ":1"),
        ]
        for (segments, expected) in rows {
            var room = Room()
            for segment in segments { try room.append(unsafe segment.span.bytes) }
            #expect(uri(room) == expected, "\(segments)")
        }
        var buffer = OctetBuffer()
        buffer.append("kept")
        var room = Room()
        try lend("a") { try room.append($0) }
        try lend("b c") { try room.append($0) }
        #expect(!WAMPURI.append(room, to: &buffer))
        #expect(buffer.octets.text == "kept")
    }

    /// §7.7, word by word.
    private func matches(_ pattern: String, _ policy: MatchPolicy, _ topic: String) -> Bool {
        switch policy {
        case .exact: return pattern == topic
        case .prefix: return topic.hasPrefix(pattern)
        case .wildcard:
            let pattern = pattern.split(separator: ".", omittingEmptySubsequences: false)
            let topic = topic.split(separator: ".", omittingEmptySubsequences: false)
            return pattern.count == topic.count
                && zip(pattern, topic).allSatisfy { $0.isEmpty || $0 == $1 }
        }
    }

    @Test("patterns match as §7.7 says, over every URI of a small world")
    func patterns() throws {
        let world = texts(["a", "b", "."], 5)
        let topics = try world.filter { text in
            lend(text) { URIRules.loose.accepts($0, as: .name) }
        }.map { (text: $0, room: try lend($0) { try WAMPURI.room($0) }) }
        for policy in MatchPolicy.allCases {
            for text in world where text.count <= 4 {
                guard lend(text, { URIRules.loose.accepts($0, as: policy.use) }) else { continue }
                let pattern = try lend(text) { try WAMPURI.pattern($0, policy) }
                let back = WAMPURI.uri(of: pattern)
                #expect(back?.uri == Array(text.utf8) && back?.policy == policy)
                for topic in topics
                where pattern.matches(topic.room) != matches(text, policy, topic.text) {
                    Issue.record("\(text) \(policy) \(topic.text)")
                }
            }
        }
    }

    @Test("a glob of another dialect is no pattern of ours")
    func globs() throws {
        #expect(throws: RoomError.self) {
            try lend(String(repeating: "a", count: 256)) { _ = try WAMPURI.pattern($0, .prefix) }
        }
        let everything = try lend("") { try WAMPURI.pattern($0, .prefix) }
        #expect(everything.matches(try lend("a.b") { try WAMPURI.room($0) }))
    }
}
