// Pattern — a set of rooms, as a typed value (DESIGN §4): never text with special characters.

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
