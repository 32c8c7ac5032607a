// Pattern — a set of rooms, as a typed value: never text with special characters.

internal import Bytes

/// A set of rooms.
package enum Pattern: Hashable, Sendable {
    /// One room.
    case exact(Room)
    /// Every room whose dotted name begins with these octets (WAMP prefix): `com.app.alarm`
    /// matches `com.app.alarm-low`.
    case prefix([UInt8])
    /// Rooms of exactly this many segments; `nil` matches any one segment (WAMP wildcard).
    case wildcard([[UInt8]?])
    /// Rooms one segment below `parent` whose last segment the glob matches, and `parent` itself
    /// when the glob matches the empty text (openapi-ws events).
    case glob(parent: Room, Glob)
}

extension Pattern {
    /// Whether `room` is in the set. Compares one with one; ``RoomIndex`` compares one with all.
    package func matches(_ room: Room) -> Bool {
        switch self {
        case .exact(let exact): return exact == room
        case .prefix(let prefix):
            var dotted = OctetBuffer(capacity: Room.sizeLimit + 1)
            room.appendDotted(to: &dotted)
            return dotted.count >= prefix.count
                && dotted.octets.extracting(first: prefix.count).equals(prefix.raw)
        case .wildcard(let components): return room.matches(components)
        case .glob(let parent, let glob):
            if room.isChild(of: parent) {
                return room.withSegment(room.segmentCount - 1) { glob.matches($0) }
            }
            return glob.matchesEmpty && room == parent
        }
    }
}

extension Room {
    /// Whether the fixed segments of a stored wildcard are those of the room.
    func matches(_ name: Name, fixed: UInt32) -> Bool {
        guard name.segmentCount == segmentCount else { return false }
        for index in 0..<segmentCount where fixed >> UInt32(index) & 1 == 1 {
            guard withSegment(index, { $0.equals(name.segment(index)) }) else { return false }
        }
        return true
    }

    /// Whether the room has as many segments as there are components, each equal unless `nil`.
    func matches(_ components: [[UInt8]?]) -> Bool {
        guard components.count == segmentCount else { return false }
        for index in 0..<segmentCount {
            guard let component = components[index] else { continue }
            guard withSegment(index, { $0.equals(component.raw) }) else { return false }
        }
        return true
    }
}
