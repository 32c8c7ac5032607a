// AllowedRooms — the rooms that somebody may join, as the API lists them (specification §2, §4.2).
//
// The list is kept twice: as text, for the hello, and as rules that subscribing is checked against.
// In an allowed room the value `"*"` lets any value pass, so such a room is a wildcard rule. Both
// are immutable; thousands of clients with the same list share one object (AllowedRoomsCache).

import Bytes
import Codecs
import Hub
import Rooms

/// Why a list of rooms is not taken.
package enum AllowedRoomsError: Error, Equatable {
    /// No JSON, or no list.
    case notAList
    /// One of its elements is a text that is not empty: the reference takes that for a refusal.
    case namesRoom
    /// One of its elements is something else that is no object.
    case notARoom
}

package final class AllowedRooms: Sendable {
    /// A JSON list, each room as it was written, without duplicates.
    internal let list: [UInt8]
    /// Rules over rooms whose numbers are compared by value.
    private let access: Access

    /// Reads a JSON list, such as `[{"target":"chat","room":"*"}]`.
    package convenience init(json: String) throws(AllowedRoomsError) {
        let octets = Array(json.utf8)
        guard (try? JSONScanner.document(unsafe octets.span.bytes)) != nil else { throw .notAList }
        self.init(distinct: try Self.distinct(unsafe octets.span.bytes))
    }

    /// - Parameter list: What ``distinct(_:)`` returned.
    internal init(distinct list: [UInt8]) {
        self.list = list
        var rules: [Permissions.Rule] = []
        _ = try? Self.forEach(unsafe list.span.bytes) { room in
            guard let address = RoomAddress(room, .numeric) else { return }
            // What does not fit a room cannot be asked for either.
            if !address.hasStars, let room = address.room {
                rules.append(Permissions.Rule(.exact(room), allows: .subscribe))
            } else if address.hasStars, let segments = address.openSegments {
                rules.append(Permissions.Rule(.wildcard(segments), allows: .subscribe))
            }
        }
        access = Access(rules: rules)
    }

    /// Whether a client may join the room (§4.2). A `*` in it must be a `*` in the allowed room:
    /// no other rule lets that segment pass.
    ///
    /// - Parameter object: The room as the client wrote it.
    internal func allows(_ address: RoomAddress, _ object: RawSpan) -> Bool {
        let numeric = address.hasFractions ? RoomAddress(object, .numeric) : address
        guard let room = numeric?.room else { return false }
        return access.allows(.subscribe, on: room)
    }

    /// The list with the first of equal rooms only, nothing between its elements but commas.
    ///
    /// - Parameter list: Valid JSON and UTF-8.
    internal static func distinct(_ list: RawSpan) throws(AllowedRoomsError) -> [UInt8] {
        var known: Set<[UInt8]> = []
        var text = OctetBuffer(capacity: list.byteCount)
        text.append(0x5B)
        try forEach(list) { room in
            // What has no canonical text is only equal to itself.
            let identity = CanonicalText.of(room, .typed) ?? room.array
            guard known.insert(identity).inserted else { return }
            if text.count > 1 { text.append(0x2C) }
            text.append(room)
        }
        text.append(0x5D)
        return text.octets.array
    }

    /// Calls `body` with each room; the first element that is none decides which error it is.
    private static func forEach(
        _ list: RawSpan, _ body: (RawSpan) -> Void
    ) throws(AllowedRoomsError) {
        var reader = JSONReader(list)
        guard reader.isAtArray(), var items = try? reader.beginArray() else { throw .notAList }
        while true {
            guard let hasItem = try? reader.next(&items) else { throw .notAList }
            guard hasItem else { return }
            guard let item = try? reader.item() else { throw .notAList }
            switch item.kind {
            case .map: body(list.extracting(item.range))
            case .string where !item.contents.isEmpty: throw .namesRoom
            default: throw .notARoom
            }
        }
    }
}
