// RoomAddress — a room of the protocol as a room of the hub (specification §4.1).
//
// The first segment is the list of keys, sorted and joined by `&`, and each value is one segment
// more, in the order of the keys: `{"target":"chat","customer":1}` is `customer&target`, `:1`,
// `chat`. So rooms of different key sets never meet, whatever is open in them, and equal rooms are
// those with equal canonical texts. In keys `&` and `%` are percent-encoded.

import Bytes
import Codecs
import Rooms

/// The segments that a room object stands for.
internal struct RoomAddress {
    /// The key list, then the values in the order of their keys.
    let segments: [[UInt8]]
    /// Whether the other reading of its numbers may give another address.
    let hasFractions: Bool

    /// Reads an object that was scanned before.
    ///
    /// - Returns: `nil` for what is no object or has no canonical text (``CanonicalText``).
    init?(_ object: RawSpan, _ numbers: NumberReading = .typed) {
        var reader = JSONReader(object)
        var canonical = CanonicalText(numbers)
        guard let members = canonical.members(of: &reader, asSegments: true) else { return nil }
        var keys = OctetBuffer(capacity: 64)
        for (position, member) in members.enumerated() {
            if position > 0 { keys.append(0x26) }
            for octet in member.key {
                switch octet {
                case 0x25: keys.append("%25")
                case 0x26: keys.append("%26")
                default: keys.append(octet)
                }
            }
        }
        segments = [keys.octets.array] + members.map(\.value)
        hasFractions = canonical.hasFractions
    }

    /// A value that is exactly `"*"`; no other value is written as this segment.
    private static let star: [UInt8] = [0x2A]

    /// Whether one of the values is `"*"`.
    var hasStars: Bool { segments.dropFirst().contains(Self.star) }

    /// The room with a literal `*` where there is one; `nil` if it is larger than rooms are.
    var room: Room? {
        var room = Room()
        for segment in segments {
            guard (try? room.append(unsafe segment.span.bytes)) != nil else { return nil }
        }
        return room
    }

    /// The segments with every `*` open; `nil` if there are more of them than rooms have.
    var openSegments: [[UInt8]?]? {
        guard segments.count <= Room.segmentLimit else { return nil }
        return segments.enumerated().map { $0 > 0 && $1 == Self.star ? nil : $1 }
    }
}
