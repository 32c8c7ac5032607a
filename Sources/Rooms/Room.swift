// Room — an address one can publish to: one or more segments of octets (DESIGN §4).
//
// The realm is kept beside it, never inside. The text form joins the segments with `.` and
// percent-encodes what would be ambiguous; it is for people, logs and the HTTP API.

import Bytes

/// An isolated name space; rooms of different realms never meet.
@frozen
@usableFromInline
package struct Realm: Hashable, Sendable {
    @usableFromInline package let rawValue: UInt16

    @inlinable
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// `realm1`, where everything lives unless a route says otherwise.
    package static let standard = Realm(rawValue: 0)
}

/// What can be wrong with the name of a room.
package enum RoomError: Error, Equatable {
    case tooLong(limit: Int)  // octets, all segments and the dots between them
    case tooManySegments(limit: Int)
    case invalidEscape  // a `%` without two hexadecimal digits in a text form
}

/// The segments of one room, in one piece.
package struct Room: Hashable, Sendable {
    package static let sizeLimit = 255
    package static let segmentLimit = 32

    /// All segments, one behind the other, without separators.
    package private(set) var octets: [UInt8]
    /// Where each segment ends in `octets`.
    package private(set) var ends: [UInt16]

    package init() {
        octets = []
        ends = []
    }

    /// Makes a room of the dotted parts of `name` (no escapes: a dot always separates).
    package init(dotted name: RawSpan) throws(RoomError) {
        self.init()
        var start = 0
        octets.reserveCapacity(name.byteCount)
        while let dot = name.firstIndex(of: 0x2E, from: start) {
            try append(name.extracting(start..<dot))
            start = dot + 1
        }
        try append(name.extracting(start..<name.byteCount))
    }

    package var segmentCount: Int { ends.count }

    /// Adds `segment` as the last one; it may be empty.
    package mutating func append(_ segment: RawSpan) throws(RoomError) {
        guard ends.count < Self.segmentLimit else {
            throw .tooManySegments(limit: Self.segmentLimit)
        }
        guard segment.byteCount <= Self.sizeLimit,
            octets.count + ends.count + segment.byteCount <= Self.sizeLimit
        else { throw .tooLong(limit: Self.sizeLimit) }
        unsafe segment.withUnsafeBytes { unsafe octets.append(contentsOf: $0) }
        ends.append(UInt16(octets.count))
    }

    /// The place of segment `index` in `octets`.
    package func range(of index: Int) -> Range<Int> {
        let start = index == 0 ? 0 : Int(ends[index - 1])
        return start..<Int(ends[index])
    }

    package subscript(segment index: Int) -> ArraySlice<UInt8> { octets[range(of: index)] }

    /// The room made of the first `count` segments.
    package func prefix(_ count: Int) -> Room {
        precondition(count >= 0 && count <= segmentCount)
        var room = Room()
        room.ends = Array(ends[..<count])
        room.octets = Array(octets[..<(count == 0 ? 0 : Int(ends[count - 1]))])
        return room
    }
}
