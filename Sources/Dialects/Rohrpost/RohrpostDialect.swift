// RohrpostDialect — typed JSON messages and notifications of groups on one WebSocket (rohrpost).
//
// A message is `{"id","type","data"}`, a notification `{"id","type":"subscription-update","data":
// {"group","type","object"}}`, both text. The dialect reads only as much of a message as its
// envelope; data travels as its octets. A group is the room of its dotted parts (One-Hub.md).

package import Bytes
internal import Codecs
package import DialectKit
package import Rooms

/// The dialect on one route.
package final class RohrpostDialect: Dialect {
    package let id: DialectID
    package let realm: Realm
    package let settings: RohrpostSettings
    internal let wallClock: @Sendable () -> UInt64

    /// - Parameters:
    ///   - id: What a ``GroupMessage`` is marked with, so that clients of this route get it word
    ///     for word.
    ///   - wallClock: Nanoseconds since 1970, for tokens that expire. Asked only with such.
    package init(
        id: DialectID, realm: Realm, settings: RohrpostSettings = RohrpostSettings(),
        wallClock: @escaping @Sendable () -> UInt64
    ) {
        self.id = id
        self.realm = realm
        self.settings = settings
        self.wallClock = wallClock
    }

    /// Accepts everybody; subprotocols offered are ignored and none is answered (§1).
    package func open(_ request: OpeningRequest) -> OpeningDecision {
        .accept(RohrpostSession(of: self), subprotocol: nil)
    }

    /// Writes the notification a member sees (§5.1), or the message that was sent to the group of
    /// this route (§5.2).
    ///
    /// - Returns: Where the object, or the whole message, stands; `nil` for a room whose name is
    ///   not UTF-8: a text message must be, and repairing it would make one group of two.
    package func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Range<Int>? {
        if publication.dialect == id, publication.reading == GroupMessage.reading {
            return GroupMessage.encode(publication.payload, into: &message)
        }
        let value = publication.value
        let octets = unsafe value.span.bytes
        let notification = NotificationValue(scanning: octets)
        let before = message.count
        // One id for all members; it has no meaning for them (§5.1).
        message.append(#"{"id":"# as StaticString)
        message.append(decimal: Int(publication.identifier % 1000) + 1)
        message.append(#","type":"subscription-update","data":{"group":"# as StaticString)
        guard message.append(jsonName: publication.room) else {
            message.truncate(to: before)
            return nil
        }
        message.append(#","type":""# as StaticString)
        message.append(notification.change.word)
        message.append(#"","object":"# as StaticString)
        let start = message.count
        message.append(octets.extracting(notification.object))
        let object = start..<message.count
        message.append("}}" as StaticString)
        return object
    }
}

/// What becomes of a record (§5.1).
package enum Change: Sendable, CaseIterable {
    case create, update, delete

    internal var word: StaticString {
        switch self {
        case .create: "create"
        case .update: "update"
        case .delete: "delete"
        }
    }
}

/// What a notification says of a published value: an update to it, unless the value is an object
/// that has `type` and `object` and so says it itself (One-Hub.md).
private struct NotificationValue {
    private(set) var change = Change.update
    /// Where the object is.
    private(set) var object: Range<Int>

    init(scanning octets: RawSpan) {
        object = 0..<octets.byteCount
        var scanner = JSONScanner(octets)
        guard scanner.isAtObject() else { return }
        var own: (change: Change?, object: Range<Int>?)
        do throws(JSONError) {
            var members = try scanner.beginObject()
            while let key = try scanner.nextKey(&members) {
                let isType = scanner.string(key, equals: "type")
                let isObject = scanner.string(key, equals: "object")
                let value = try scanner.value()
                if isObject { own.object = value.range }
                guard isType else { continue }
                own.change = Change.allCases.first {
                    value.kind == .string && scanner.string(value, equals: $0.word)
                }
            }
        } catch {
            return  // deeper than we look: it is data
        }
        guard let change = own.change, let place = own.object else { return }
        self.change = change
        object = place
    }
}

extension OctetBuffer {
    /// Appends the dotted name of a room as a JSON string.
    ///
    /// - Returns: `false` when it is not UTF-8, as that of a room named elsewhere may be.
    fileprivate mutating func append(jsonName room: Room) -> Bool {
        var name = OctetBuffer(capacity: Room.sizeLimit)
        room.appendDotted(to: &name)
        guard UTF8Checker.accepts(name.octets) else { return false }
        append(jsonString: name.octets)
        return true
    }
}
