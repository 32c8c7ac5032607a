// Publication — one message to one room, immutable from the moment it enters.
//
// Shared by reference between cores. The payload is delimited, never parsed: it stays the octets
// its publisher sent. What each dialect writes around it is made once per process and kept here.

package import Hub
package import Rooms
import Synchronization

/// Names a dialect at run time; which one is which, the engine's routes say.
package struct DialectID: Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
}

/// How a subscriber's dialect reads a room: what tells apart the envelopes of one dialect.
///
/// openapi-ws: how many segments are the channel. WAMP: the subscription id. Otherwise 0.
package typealias Reading = UInt32

/// Who published or called, where that is disclosed.
package struct Identity: Sendable {
    package let session: UInt64
    package let authID: String
    package let authRole: String

    package init(session: UInt64, authID: String, authRole: String) {
        self.session = session
        self.authID = authID
        self.authRole = authRole
    }
}

/// What is published, in one of the canonical forms (One-Hub.md).
package enum PublicationPayload: Sendable {
    /// One JSON value, as its publisher wrote it.
    case value([UInt8])
    case arguments(Arguments)

    /// Octets of it.
    package var size: Int {
        switch self {
        case .value(let octets): octets.count
        case .arguments(let arguments): arguments.octets.count
        }
    }
}

/// Who of the subscribers gets a publication; nothing is said for most of them.
package struct Reach: Sendable {
    /// The connection that does not get it: its publisher's.
    package var excluded: UInt64?
    /// Whom the publisher chose among the subscribers.
    package var audience = Audience.everybody
    /// Its place among what its realm retains; sessions that were filled up to here ignore it.
    package var order: UInt64 = 0
    /// The link it came by, 1 and up; 0 for others. It does not go back there.
    package var link: UInt16 = 0

    package init() {}

    /// Whether sessions must be asked one by one.
    package var isSelective: Bool { !audience.isEverybody || order != 0 }
}

package final class Publication: Sendable {
    package let realm: Realm
    package let room: Room
    /// The rooms it is published to, where these are several: as many segments, each equal unless
    /// `nil`. Everybody is reached who is in a live room that it covers or has a pattern of equal
    /// length that shares a room with it, or listens to events of a room above one it covers;
    /// `room` is the one it is when nothing is open, and other patterns are compared with that.
    package let coverage: [[UInt8]?]?
    package let payload: PublicationPayload
    /// The dialect it was published in; `nil` for the HTTP API, links and embedders.
    package let dialect: DialectID?
    /// Between clients of `dialect` the reading travels along and is compared exactly.
    package let reading: Reading?
    package let publisher: Identity?
    package let reach: Reach
    private let id: Atomic<UInt64>
    private let derivedValue = AtomicLazyReference<DerivedValue>()
    let forms = FormList()
    /// Those that do not depend on the room, where siblings share them.
    let commonForms: CommonForms?

    /// - Parameters:
    ///   - id: 1 to 2^53, or 0 to let it be made when somebody asks.
    ///   - coverage: The first segment must not be `nil`.
    ///   - sibling: A covering publication with the same payload, such as to another room of one
    ///     trigger: what is compressed for one of them serves both.
    package init(
        realm: Realm, room: Room, payload: PublicationPayload, id: UInt64 = 0,
        coverage: [[UInt8]?]? = nil, dialect: DialectID? = nil, reading: Reading? = nil,
        publisher: Identity? = nil, reach: Reach = Reach(), sibling: Publication? = nil
    ) {
        self.realm = realm
        self.room = room
        self.coverage = coverage
        self.payload = payload
        commonForms = sibling?.commonForms ?? (coverage == nil ? nil : CommonForms())
        self.id = Atomic(id)
        self.dialect = dialect
        self.reading = reading
        self.publisher = publisher
        self.reach = reach
    }

    /// Publishes one JSON value.
    package convenience init(
        realm: Realm, room: Room, payload: [UInt8], dialect: DialectID? = nil,
        reading: Reading? = nil
    ) {
        self.init(
            realm: realm, room: room, payload: PublicationPayload.value(payload), dialect: dialect,
            reading: reading)
    }

    /// The same for one of the rooms that it covers.
    package func narrowed(to room: Room) -> Publication {
        Publication(
            realm: realm, room: room, payload: payload, id: identifier, dialect: dialect,
            reading: reading, publisher: publisher, reach: reach, sibling: self)
    }

    /// The same as it comes by a link.
    package func coming(by link: UInt16) -> Publication {
        var reach = reach
        reach.link = link
        return Publication(
            realm: realm, room: room, payload: payload, id: identifier, coverage: coverage,
            dialect: dialect, reading: reading, publisher: publisher, reach: reach, sibling: self)
    }

    /// 1 to 2^53; the same for all who ask.
    package var identifier: UInt64 {
        let known = id.load(ordering: .relaxed)
        if known != 0 { return known }
        let made = UInt64.random(in: 1...1 << 53)
        let (isStored, first) = id.compareExchange(
            expected: 0, desired: made, ordering: .relaxed)
        return isStored ? made : first
    }

    /// The payload as one JSON value; arguments are turned into one once per process.
    package var value: [UInt8] {
        switch payload {
        case .value(let octets): return octets
        case .arguments(let arguments):
            if let derived = derivedValue.load() { return derived.octets }
            return derivedValue.storeIfNil(DerivedValue(octets: arguments.value())).octets
        }
    }

    /// The payload as arguments; of a large value they are made once per process.
    package var arguments: Arguments {
        switch payload {
        case .arguments(let arguments): return arguments
        case .value(let octets):
            guard octets.count >= Arguments.keptSize else { return Arguments(value: octets) }
            if let made = derivedValue.load()?.arguments { return made }
            let made = DerivedValue(octets: octets, arguments: Arguments(value: octets))
            return derivedValue.storeIfNil(made).arguments ?? Arguments(value: octets)
        }
    }

    /// What ``value`` is, unless nobody has asked for it.
    var knownValue: [UInt8]? {
        if case .value(let octets) = payload { octets } else { derivedValue.load()?.octets }
    }
}

/// The payload in the other canonical form.
private final class DerivedValue: Sendable {
    let octets: [UInt8]
    let arguments: Arguments?

    init(octets: [UInt8], arguments: Arguments? = nil) {
        self.octets = octets
        self.arguments = arguments
    }
}
