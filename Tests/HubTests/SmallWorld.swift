// SmallWorld — all rooms there are, for comparing what is said about patterns with what is so.
//
// Rooms of up to three segments from an alphabet in which every gap of a test's wildcard finds all
// that a test's prefix may have behind the fixed segments, dots included, and some longer ones, so
// that no wildcard happens to hold a prefix. Nothing in a pattern is named `z`.

import Bytes
import Rooms

@testable import Hub

struct SmallWorld {
    let rooms: [Room]

    init() {
        let segments = [
            "", "a", "b", "z", "ab", ".", "a.", "a.b", "a.b.", "a.b.a", "a.b.a.b", "b.", "b.a",
            "b.a.b",
        ]
        var rooms: [[String]] = [[]]
        var all: [[String]] = []
        for _ in 1...3 {
            rooms = rooms.flatMap { start in segments.map { start + [$0] } }
            all += rooms
        }
        let few = ["a", "b", "z"]
        all += few.flatMap { first in
            few.flatMap { second in few.flatMap { third in few.map { [first, second, third, $0] } }
            }
        }
        self.rooms = all.map { Self.room($0) }
    }

    static func room(_ segments: [String]) -> Room {
        var room = Room()
        for segment in segments {
            let octets = Array(segment.utf8)
            OctetBuffer.lend(octets) { try! room.append($0) }
        }
        return room
    }

    /// The patterns that a rule can have.
    static let rulePatterns: [Pattern] =
        ["a", "b", "a.b", "a.b.a", "b.a", ".a"].map { exact($0) }
        + ["", "a", "a.", "ab", "a.b", "a.b.", "a.b.a", "b", "b.", "."].map { prefix($0) }
        + gapped.map { wildcard($0) } + ["a", "a.b", "b.b.a"].map { wildcard($0) }

    /// The patterns that a peer can ask for: the same, and globs.
    static let asked: [Pattern] =
        rulePatterns + ["a.a", "b.b", "z"].map { exact($0) }
        + ["b.a", "a.b.a.b", "z"].map { prefix($0) } + globs

    static let gapped: [String] = [
        "", ".", "a.", ".a", "b.", ".b", "..", "a..", ".b.", "..a", "a.b.", "a..a", ".b.a", "b..",
    ]

    static let globs: [Pattern] = [[], ["a"], ["a", "b"], ["b"], ["ab"], ["a.b"]].dropFirst()
        .flatMap { parent in
            ["*", "a*", "?", "[ab]", "a.b*", "b", "\\a", "*a", ""].map {
                .glob(parent: room(parent), try! Glob(text: $0))
            }
        }

    /// Which rooms are in a pattern, one bit each.
    func extent(of pattern: Pattern) -> [Bool] { rooms.map { pattern.matches($0) } }
}

extension OctetBuffer {
    /// Lends the octets of an array.
    static func lend<Result>(_ octets: [UInt8], _ body: (RawSpan) -> Result) -> Result {
        let span = octets.span
        return unsafe body(span.bytes)
    }
}
