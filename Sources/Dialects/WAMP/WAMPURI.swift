// WAMPURI — URIs as rooms and patterns, and rooms as URIs (One-Hub.md).
//
// A URI is the dotted name of a room, octet for octet, so the mapping is injective: the dots of the
// URI are exactly the borders of the segments. Rooms of other dialects may have segments that no
// component can be (empty, or with a dot, `#` or white space inside); those have no URI.

package import Bytes
package import Rooms

/// How a subscription or registration matches (reference §7.7).
package enum MatchPolicy: UInt8, CaseIterable, Sendable {
    case exact, prefix, wildcard

    /// The value of the option `match`.
    package var name: StaticString {
        switch self {
        case .exact: "exact"
        case .prefix: "prefix"
        case .wildcard: "wildcard"
        }
    }

    /// Which empty components such a URI may have.
    package var use: URIUse {
        switch self {
        case .exact: .name
        case .prefix: .prefix
        case .wildcard: .wildcard
        }
    }
}

package enum WAMPURI {
    /// The room a URI names.
    ///
    /// - Throws: ``RoomError`` above the limits that ``URIRules/accepts(_:as:)`` shares.
    package static func room(_ uri: RawSpan) throws(RoomError) -> Room { try Room(dotted: uri) }

    /// The rooms a URI stands for under a policy.
    ///
    /// An empty component matches any one segment. WAMP says "anything non-empty", which is the
    /// same among URIs; only rooms of other dialects can have empty segments.
    package static func pattern(
        _ uri: RawSpan, _ policy: MatchPolicy
    ) throws(RoomError) -> Pattern {
        switch policy {
        case .exact: return .exact(try Room(dotted: uri))
        case .prefix:
            guard uri.byteCount <= Room.sizeLimit else { throw .tooLong(limit: Room.sizeLimit) }
            return .prefix(uri.array)
        case .wildcard:
            let room = try Room(dotted: uri)
            return .wildcard(
                (0..<room.segmentCount).map { index in
                    let segment = room[segment: index]
                    return segment.isEmpty ? nil : Array(segment)
                })
        }
    }

    /// Appends the URI of a room.
    ///
    /// - Returns: `false`, and nothing is appended, when the room has none.
    package static func append(_ room: Room, to text: inout OctetBuffer) -> Bool {
        guard room.segmentCount > 0 else { return false }
        let before = text.count
        for index in 0..<room.segmentCount {
            if index > 0 { text.append(0x2E) }
            let isComponent = room.withSegment(index) { segment in
                text.append(segment)
                return segment.firstIndex(of: 0x2E) == nil
                    && URIRules.loose.accepts(segment, as: .name)
                    && UTF8Checker.accepts(segment)
            }
            guard isComponent else {
                text.truncate(to: before)
                return false
            }
        }
        return true
    }

    /// The pattern and policy that a subscription was made with; `nil` for patterns of other
    /// dialects, and for rooms without a URI.
    package static func uri(of pattern: Pattern) -> (uri: [UInt8], policy: MatchPolicy)? {
        switch pattern {
        case .exact(let room):
            var text = OctetBuffer(capacity: room.dottedSize)
            return append(room, to: &text) ? (text.octets.array, .exact) : nil
        case .prefix(let prefix): return (prefix, .prefix)
        case .wildcard(let components):
            return (Array(components.map { $0 ?? [] }.joined(separator: [0x2E])), .wildcard)
        case .glob: return nil
        }
    }
}
