// IndexMatch — from a room to the member lists a publication reaches (RoomIndex).
//
// One item is one match. `remembered` asks for rooms that were asked for before, the usual case;
// the others ask for so many different rooms that the memory for matches never helps, and pay for
// the lookup and for remembering its result.

import Bytes
import DialectKit
import Rooms

struct IndexMatch: Work, ~Copyable {
    private var index: RoomIndex
    private let publications: [Publication]
    private let roundCount: Int

    /// - Parameters:
    ///   - rooms: What is asked for, one after the other.
    ///   - rememberedCount: Rooms the index remembers the matches of.
    init(
        _ patterns: [Pattern], asking rooms: [Room], rememberedCount: Int, roundCount: Int
    ) {
        var limits = IndexLimits()
        limits.rememberedRooms = rememberedCount
        index = RoomIndex(limits: limits)
        for (number, pattern) in patterns.enumerated() {
            let connection = UInt32(truncatingIfNeeded: number)
            index.subscribe(pattern, connection)
        }
        publications = rooms.map { Publication(realm: .standard, room: $0, payload: []) }
        self.roundCount = roundCount
        // A lookup that misses what it should find would be the fastest of all.
        for room in rooms.prefix(8) {
            let expected = patterns.count { $0.matches(room) }
            precondition(index.match(room, in: .standard).count == expected)
        }
    }

    var itemCount: Int { publications.count * roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        for _ in 0..<roundCount { Self.matchAll(publications, &index, &sum) }
        return sum.value
    }

    /// Rooms come in publications, as they do on a core. Reading one copies it (Swift 6.3), here as
    /// there, so the copy belongs to the price.
    @inline(never)
    private static func matchAll(
        _ publications: [Publication], _ index: inout RoomIndex, _ sum: inout Checksum
    ) {
        for publication in publications {
            let lists = index.match(publication.room, in: publication.realm)
            for number in 0..<lists.count {
                sum.add(UInt64(index.members(of: lists[number])[0].connection))
            }
        }
    }

    static func measure(in suite: inout Suite) {
        let count = suite.pick(small: 100, real: 10_000)
        let rooms = (0..<count).map { room("market", "eu", "s\($0)") }
        // Twice as many rooms as are remembered: the clock hand has replaced each in time.
        let memory = count / 2
        let rounds = suite.pick(small: 2, real: 500)
        suite.measure("IndexMatch", "exact, remembered") {
            let some = Array(rooms.prefix(64))
            return IndexMatch(
                rooms.map { .exact($0) }, asking: some, rememberedCount: count,
                roundCount: rounds)
        }
        suite.measure("IndexMatch", "exact, cold") {
            IndexMatch(
                rooms.map { .exact($0) }, asking: rooms, rememberedCount: memory, roundCount: 1)
        }
        suite.measure("IndexMatch", "wildcard, 4 shapes, cold") {
            IndexMatch(
                wildcards(count), asking: rooms, rememberedCount: memory, roundCount: 1)
        }
        suite.measure("IndexMatch", "glob, 16 per parent, cold") {
            IndexMatch(globs(count), asking: rooms, rememberedCount: memory, roundCount: 1)
        }
        suite.measure("IndexMatch", "nobody, cold") {
            IndexMatch(
                [.exact(room("other"))], asking: rooms, rememberedCount: memory, roundCount: 1)
        }
    }

    /// Patterns of three segments in four shapes; every room asked for meets one or two.
    private static func wildcards(_ count: Int) -> [Pattern] {
        (0..<count).map { number in
            let last = Array("s\(number)".utf8)
            let market = Array("market".utf8)
            let other = Array("x\(number)".utf8)
            return switch number % 4 {
            case 0: .wildcard([market, nil, last])
            case 1: .wildcard([nil, Array("eu".utf8), last])
            case 2: .wildcard([market, other, nil])
            default: number == 3 ? .wildcard([nil, nil, nil]) : .wildcard([other, nil, nil])
            }
        }
    }

    /// Sixteen globs of every kind under one room, the rest under rooms nobody asks for.
    private static func globs(_ count: Int) -> [Pattern] {
        let texts = [
            "*", "s1", "s1*", "s?", "s[0-4]*", "*7", "t*", "*1*2*",
            "s2", "s2*", "s??", "s[5-9]*", "*8", "u*", "*3*4*", "[^s]*",
        ]
        return (0..<count).map { number in
            let parent = number < 16 ? room("market", "eu") : room("market", "p\(number / 16)")
            guard let glob = try? Glob(text: texts[number % 16]) else {
                preconditionFailure("a valid glob")
            }
            return .glob(parent: parent, glob)
        }
    }
}

/// A room of these segments.
func room(_ segments: String...) -> Room {
    var room = Room()
    for segment in segments {
        let octets = Array(segment.utf8)
        guard (try? unsafe room.append(octets.span.bytes)) != nil else {
            preconditionFailure("a room of the benchmarks is within the limits")
        }
    }
    return room
}

extension RoomIndex {
    /// Adds a subscription that is within the limits.
    @discardableResult
    mutating func subscribe(_ pattern: Pattern, _ connection: UInt32) -> EntryID {
        do throws(IndexError) {
            return try add(
                pattern, in: .standard, class: EnvelopeClass(rawValue: 1), connection: connection)
        } catch {
            preconditionFailure("a pattern of the benchmarks is within the limits: \(error)")
        }
    }
}
