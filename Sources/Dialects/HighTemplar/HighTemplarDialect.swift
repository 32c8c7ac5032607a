// HighTemplarDialect — rooms that an HTTP application hands out and publishes to (high-templar
// specification).
//
// The application (the API) says at the beginning who a client is and which rooms it may join, and
// triggers what is published; the client only listens. A room is a JSON object, which the hub knows
// by its keys and values (RoomAddress.swift). Every subscription has a requestId of the client's
// that ends each message to it, so that is its tail, and the payload in front is everybody's.

package import Bytes
package import DialectKit
package import Hub
package import Rooms

/// The dialect on one route.
package final class HighTemplarDialect: Dialect {
    package let id: DialectID
    package let realm: Realm
    package let settings: HighTemplarSettings
    internal let directory: any Directory
    internal let triggers: TriggerIntake
    internal let access: Access
    internal let cache = AllowedRoomsCache()
    /// When the dialect was made, for `status`.
    internal let onlineSince: String
    private let api: (any BackEnd)?
    private let random: @Sendable () -> UInt64

    /// - Parameters:
    ///   - api: Whom to ask about clients; without it ``HighTemplarSettings/allowedRooms`` says it
    ///     for all of them.
    ///   - directory: Answers what is global; asked on `status`.
    ///   - triggers: Where the triggers of the realm come in; `status` tells how many there were.
    ///   - access: What the route allows besides, whatever the API says.
    package init(
        id: DialectID, realm: Realm, settings: HighTemplarSettings, api: (any BackEnd)?,
        directory: any Directory, triggers: TriggerIntake, surroundings: HighTemplarSurroundings,
        access: Access = .open
    ) {
        precondition(settings.subscriptionLimit >= 0)
        precondition(settings.refusalLimit >= 1)
        self.id = id
        self.realm = realm
        self.settings = settings
        self.api = api
        self.directory = directory
        self.triggers = triggers
        self.access = access
        random = surroundings.random
        let time = surroundings.wallClock()
        onlineSince = LocalTime.text(time, offset: surroundings.zoneOffset(time))
    }

    /// Asks the API (§2); subprotocols offered are ignored and none is answered (§1).
    package func open(_ request: OpeningRequest) -> OpeningDecision {
        if let api { return .later(Bootstrap(of: self, api: api, for: request)) }
        guard let rooms = settings.allowedRooms else {
            return .refuse(
                Refusal(
                    status: 503,
                    body: "high-templar is not configured: hightemplar.api_url is not set\n"))
        }
        return .accept(
            HighTemplarSession(of: self, rooms: rooms, presence: nil), subprotocol: nil)
    }

    package var readsHeaders: Bool { api != nil }

    /// Two subscriptions of one connection are two messages, each with its own requestId (§4.3).
    package var deliversOncePerConnection: Bool { false }

    package var ignoresRooms: Bool { true }

    /// Writes what a subscriber sees (§4.3), up to its requestId.
    ///
    /// - Returns: Where the data stands.
    package func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Range<Int>? {
        message.append(#"{"type":"publish","data":"# as StaticString)
        return message.append(payload: publication.value)
    }

    /// What ends each message of a subscription.
    internal static func tail(of requestID: RawSpan) -> [UInt8] {
        var tail = OctetBuffer(capacity: requestID.byteCount + tailFrame)
        tail.append(#","requestId":"# as StaticString)
        tail.append(requestID)
        tail.append(0x7D)
        return tail.octets.array
    }

    /// Octets of a tail around the requestId.
    private static var tailFrame: Int { 14 }

    /// Octets of the longest requestId that a tail has room for.
    internal static var requestIDLimit: Int { Command.tailLimit - tailFrame }

    /// A random UUID (RFC 9562 §5.4) in its text form.
    internal func makeConnectionName() -> [UInt8] {
        let high = random() & ~0xF000 | 0x4000  // version 4
        let low = random() & ~(3 << 62) | 2 << 62  // the variant of the RFC
        var text = OctetBuffer(capacity: 36)
        for (word, base) in [(high, 0), (low, 8)] {
            for index in 0..<8 {
                if [4, 6, 8, 10].contains(base + index) { text.append(0x2D) }
                let octet = UInt8(truncatingIfNeeded: word >> UInt64(56 - index * 8))
                text.append(Hex.digit(of: octet >> 4))
                text.append(Hex.digit(of: octet))
            }
        }
        return text.octets.array
    }
}
