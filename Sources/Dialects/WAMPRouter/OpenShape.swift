// OpenShape — what tells the patterns of many rooms apart that could match one room.
//
// There may be a million prefixes, and of each size one at most is what a room's name begins with.
// So whoever asks which patterns match a room looks up one pattern per shape that exists: prefixes
// have at most 256 sizes, and an index takes no more than 64 shapes of wildcards of one length.

internal import Bytes
internal import Rooms

internal enum OpenShape: Hashable, Sendable {
    /// Octets of a prefix.
    case prefix(Int)
    /// Segments of a wildcard, and which of them are fixed: a bit each.
    case wildcard(Int, fixed: UInt64)

    /// - Returns: `nil` for a pattern of one room, and for what no router subscribes to.
    init?(_ pattern: Pattern) {
        switch pattern {
        case .prefix(let octets): self = .prefix(octets.count)
        case .wildcard(let components):
            var fixed: UInt64 = 0
            for (place, component) in components.enumerated() where component != nil {
                fixed |= 1 << UInt64(place & 63)
            }
            self = .wildcard(components.count, fixed: fixed)
        case .exact, .glob: return nil
        }
    }

    /// The pattern of this shape that matches a room; `nil` where none does.
    func pattern(of room: Room) -> Pattern? {
        switch self {
        case .prefix(let size):
            guard size <= room.dottedSize else { return nil }
            var name = OctetBuffer(capacity: room.dottedSize)
            room.appendDotted(to: &name)
            return .prefix(name.octets.extracting(0..<size).array)
        case .wildcard(let count, let fixed):
            guard count == room.segmentCount else { return nil }
            return .wildcard(
                (0..<count).map { place in
                    fixed >> UInt64(place & 63) & 1 == 1 ? Array(room[segment: place]) : nil
                })
        }
    }
}
