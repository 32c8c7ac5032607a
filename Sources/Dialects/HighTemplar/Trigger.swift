// Trigger — what an application asks to be published: `{"rooms":[…],"data":…}` (specification §4.3,
// §4.4, §5, §6).
//
// The data are delimited, never parsed, and all rooms share their octets. A room is one publication
// to every dialect; with `*` among its values it covers every live room that agrees with it in the
// others. What is made of the payload for one room serves the others, since the message does not
// name the room.

import Bytes
import Codecs
package import DialectKit
package import Rooms

/// What can be wrong with a trigger.
package enum TriggerError: Error, Equatable {
    case notAnObject
    case roomsMissing
    case dataMissing
    case roomsAreNoList
    case roomIsNoObject

    /// What the HTTP input answers, with status 400 (§5).
    package var sentence: String {
        switch self {
        case .notAnObject: "the body is not a JSON object"
        case .roomsMissing: "rooms not specified"
        case .dataMissing: "data not specified"
        case .roomsAreNoList: "rooms is not a list"
        case .roomIsNoObject: "a room is not an object"
        }
    }
}

/// A trigger that is right as a whole.
package struct Trigger: Sendable {
    /// One JSON value, as it was sent.
    package let data: [UInt8]
    /// Rooms that nobody can be in: larger than rooms are, or text that is not Unicode. They are
    /// skipped.
    package let unusableRoomCount: Int
    private let addresses: [RoomAddress]

    /// Reads the body of a trigger; the checks in the order of §5.
    package init(parsing octets: RawSpan) throws(TriggerError) {
        guard UTF8Checker.accepts(octets) else { throw .notAnObject }
        var rooms: JSONItem?
        var data: JSONItem?
        do throws(JSONError) {
            var scanner = JSONScanner(octets)
            var members = try scanner.beginObject()
            while let key = try scanner.nextKey(&members) {
                let value = try scanner.value()
                if scanner.string(key, equals: "rooms") {
                    rooms = value
                } else if scanner.string(key, equals: "data") {
                    data = value
                }
            }
            try scanner.end()
        } catch {
            throw .notAnObject
        }
        guard let rooms else { throw .roomsMissing }
        guard let data else { throw .dataMissing }
        self.data = octets.extracting(data.range).array
        (addresses, unusableRoomCount) = try Self.addresses(in: octets.extracting(rooms.range))
    }

    private static func addresses(
        in list: RawSpan
    ) throws(TriggerError) -> ([RoomAddress], unusableCount: Int) {
        var reader = JSONReader(list)
        guard reader.isAtArray(), var items = try? reader.beginArray() else {
            throw .roomsAreNoList
        }
        var addresses: [RoomAddress] = []
        var unusableCount = 0
        while true {
            guard let hasItem = try? reader.next(&items) else { throw .notAnObject }
            guard hasItem else { return (addresses, unusableCount) }
            guard let item = try? reader.item() else { throw .notAnObject }
            guard item.kind == .map else { throw .roomIsNoObject }
            if let address = RoomAddress(list.extracting(item.range)), address.room != nil {
                addresses.append(address)
            } else {
                unusableCount += 1
            }
        }
    }

    /// What is to be published, in this order: one publication for each listed room.
    ///
    /// - Parameter dialect: What they are marked with; `nil` is nobody's, so all dialects get them.
    package func publications(
        in realm: Realm, dialect: DialectID? = nil, match: PublishMatch
    ) -> [Publication] {
        guard let first = addresses.first?.room else { return [] }
        // Only what covers rooms has forms to share. So where there are several rooms, one that is
        // never published lends its own to all of them.
        let sibling =
            addresses.count == 1
            ? nil
            : Publication(
                realm: realm, room: first, payload: .value(data), coverage: [[]], dialect: dialect)
        return addresses.compactMap { address in
            guard let room = address.room else { return nil }
            let coverage = match == .covering && address.hasStars ? address.openSegments : nil
            return Publication(
                realm: realm, room: room, payload: .value(data), coverage: coverage,
                dialect: dialect, sibling: sibling)
        }
    }
}
