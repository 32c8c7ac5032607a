// Publication — one message to one room, immutable from the moment it enters (DESIGN §2).
//
// Shared by reference between cores. The payload is delimited, never parsed: it stays the octets
// its publisher sent. What each dialect writes around it is made once per process and kept here.

package import Rooms

/// Names a dialect at run time; which one is which, the engine's routes say.
package struct DialectID: Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
}

/// How a subscriber's dialect reads a room: what tells apart the envelopes of one dialect.
///
/// openapi-ws: how many segments are the channel. WAMP: the subscription id. Otherwise 0.
package typealias Reading = UInt32

/// Where a publication came from: exclusion and loop control need it.
package enum Origin: Sendable {
    case connection(UInt64)  // a ConnectionID
    case api
    case embedder
}

/// The canonical forms of a payload (DESIGN §4): one JSON value now, args + kwargs with WAMP.
package enum PayloadForm: Sendable { case json }

package final class Publication: Sendable {
    package let realm: Realm
    package let room: Room
    package let form: PayloadForm
    /// One JSON value, as its publisher wrote it.
    package let payload: [UInt8]
    /// The dialect it was published in; `nil` for the HTTP API, links and embedders.
    package let dialect: DialectID?
    /// Between clients of `dialect` the reading travels along and is compared exactly.
    package let reading: Reading?
    let forms = PublicationForms()

    package init(
        realm: Realm, room: Room, payload: [UInt8], form: PayloadForm = .json,
        dialect: DialectID? = nil, reading: Reading? = nil
    ) {
        self.realm = realm
        self.room = room
        self.form = form
        self.payload = payload
        self.dialect = dialect
        self.reading = reading
    }
}
