// Support — short ways to write rooms, patterns and globs in tests.

import Bytes

@testable import Rooms

func room(_ segments: [String]) -> Room {
    var room = Room()
    for segment in segments { try! room.append(Array(segment.utf8).raw) }
    return room
}

func room(_ segments: String...) -> Room { room(segments) }

func room(octets segments: [[UInt8]]) -> Room {
    var room = Room()
    for segment in segments { try! room.append(segment.raw) }
    return room
}

func wildcard(_ components: String?...) -> Pattern {
    .wildcard(components.map { $0.map { Array($0.utf8) } })
}

func prefix(_ text: String) -> Pattern { .prefix(Array(text.utf8)) }

func glob(_ parent: Room, _ text: String) -> Pattern {
    .glob(parent: parent, try! Glob(text: text))
}

extension Room {
    var segments: [[UInt8]] { (0..<segmentCount).map { Array(self[segment: $0]) } }
}

/// All sequences of `count` elements of `alphabet`.
func sequences<Element>(of alphabet: [Element], count: Int) -> [[Element]] {
    if count == 0 { return [[]] }
    return sequences(of: alphabet, count: count - 1).flatMap { sequence in
        alphabet.map { sequence + [$0] }
    }
}

func sequences<Element>(of alphabet: [Element], counts: ClosedRange<Int>) -> [[Element]] {
    counts.flatMap { sequences(of: alphabet, count: $0) }
}

// Expectations cannot hold a span; arrays are lent here.

extension Room {
    init(dotted octets: [UInt8]) throws(RoomError) { try self.init(dotted: octets.raw) }
    init(text octets: [UInt8]) throws(RoomError) { try self.init(text: octets.raw) }
    mutating func append(_ segment: [UInt8]) throws(RoomError) { try append(segment.raw) }
}

extension Glob {
    func matches(_ octets: [UInt8]) -> Bool { matches(octets.raw) }
}
