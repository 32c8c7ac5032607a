// Dialect — one client protocol over the engine.
//
// A dialect is pure: messages come in, commands go out, and it never touches a socket, a clock or
// another dialect. The engine makes one dynamic call per inbound message and none per delivery.

package import Bytes
package import Hub
package import Rooms

/// The request that asks for a WebSocket, as far as a dialect may look at it.
package struct OpeningRequest: Sendable {
    /// As sent: nothing is decoded.
    package let path: String
    package let query: String
    /// The subprotocols the client offers, in its order.
    package let subprotocols: [String]
    /// Field names in lower case, values as sent; empty unless ``Dialect/readsHeaders``.
    package let headers: [(name: String, value: String)]

    package init(
        path: String, query: String, subprotocols: [String],
        headers: [(name: String, value: String)]
    ) {
        self.path = path
        self.query = query
        self.subprotocols = subprotocols
        self.headers = headers
    }
}

/// An HTTP answer in place of a WebSocket.
package struct Refusal: Sendable, Equatable {
    package let status: Int
    /// What the status line says; `nil` is the standard phrase of the status.
    package let reason: String?
    package let contentType: String
    package let body: String

    package init(
        status: Int, reason: String? = nil, contentType: String = "text/plain; charset=utf-8",
        body: String
    ) {
        self.status = status
        self.reason = reason
        self.contentType = contentType
        self.body = body
    }
}

package enum OpeningDecision {
    case accept(any Session, subprotocol: String?)
    case refuse(Refusal)
    /// Somebody else has to be asked; the handshake waits.
    case later(any PendingOpening)
}

/// An opening that is decided elsewhere: by a back end, as a rule. What the client sends meanwhile
/// waits, and so does the `101`.
package protocol PendingOpening: AnyObject, Sendable {
    /// Finds out. Called once, on the core of the connection.
    ///
    /// - Parameters:
    ///   - connection: What ``Commands/connection`` will be.
    ///   - decide: To be called once, from any thread; its argument is called on the core and must
    ///     not say `later` again. There is no other time limit than the one that is kept here.
    func begin(
        connection: UInt64,
        _ decide: @escaping @Sendable (@escaping @Sendable () -> OpeningDecision) -> Void)

    /// The client has left; the decision matters to nobody. Called on the core, at most once.
    func abandon()
}

/// One protocol on one route. Shared by all cores, so it holds only what never changes
/// or what guards itself.
package protocol Dialect: AnyObject, Sendable {
    /// Decides about a valid WebSocket upgrade on the dialect's path. Called on a core.
    func open(_ request: OpeningRequest) -> OpeningDecision

    /// Whether ``OpeningRequest/headers`` is filled in; text is not made for nobody.
    var readsHeaders: Bool { get }

    /// For a dialect that is asked about paths which are no route's (Shampoo's endpoints): whether
    /// it answers this one.
    func claims(path: String, subprotocols: [String]) -> Bool

    /// The answer to a request on the dialect's path that is no valid WebSocket upgrade;
    /// `nil` leaves the standard one (400, or 426 where the version is the matter).
    var refusalWithoutUpgrade: Refusal? { get }

    /// Whether a connection gets a publication once however many of its patterns match.
    var deliversOncePerConnection: Bool { get }

    /// Whether ``encode(_:reading:into:)`` says nothing about the room, so that what is published
    /// to many rooms at once is written once.
    var ignoresRooms: Bool { get }

    /// Appends the message that a subscriber of `reading` gets for `publication`, without the tail
    /// of its subscription.
    ///
    /// - Returns: Where in `message` the payload stands, as octets that other readings and dialects
    ///   are likely to write as well: the JSON value, as a rule. They are then deflated once for
    ///   all. A hint that is never trusted, and empty where nothing is shared. `nil` when the
    ///   payload cannot be said in this dialect; nothing is delivered.
    func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Range<Int>?

    /// The kind of message `encode` writes.
    var messageKind: MessageKind { get }
}

extension Dialect {
    package var readsHeaders: Bool { false }
    package var refusalWithoutUpgrade: Refusal? { nil }
    package func claims(path: String, subprotocols: [String]) -> Bool { false }
    package var ignoresRooms: Bool { false }
    package var deliversOncePerConnection: Bool { true }
    package var messageKind: MessageKind { .text }
}

extension OctetBuffer {
    /// Appends a payload, or what a dialect makes of it.
    ///
    /// - Returns: Where it stands.
    package mutating func append(payload: [UInt8]) -> Range<Int> {
        let start = count
        append(payload)
        return start..<count
    }
}

/// One client of a dialect. Lives on the core of its connection and is called only there.
package protocol Session: AnyObject {
    /// The connection is open; a greeting can be queued.
    func opened(_ commands: inout Commands)

    /// One whole message. `octets` are lent for the call; text is known to be UTF-8.
    func receive(_ kind: MessageKind, _ octets: RawSpan, _ commands: inout Commands)

    /// The index had no room for a subscription that `octets`, the message at hand, asked for (a
    /// limit of patterns). The commands behind it, up to the next boundary, are dropped; say so in
    /// their place.
    func refused(
        _ octets: RawSpan, _ pattern: Pattern, _ reading: Reading, _ commands: inout Commands)

    /// The outcome of a ``Command/call(_:_:)``: once for each.
    func answered(_ token: CallToken, _ outcome: CallOutcome, _ commands: inout Commands)

    /// What the realm's dealer wants of this session, in the dealer's order.
    func dealt(_ action: DealerAction, _ commands: inout Commands)

    /// A note from another session, or from work done elsewhere.
    func told(_ note: any SessionNote, _ commands: inout Commands)

    /// The time asked for by ``Command/wake(after:)`` is over.
    func timePassed(_ commands: inout Commands)

    /// The server goes: say goodbye. What is left after a while is closed.
    func drained(_ farewell: Farewell, _ commands: inout Commands)

    /// The connection is no more: its subscriptions are gone, nothing can be sent. What others have
    /// to know is returned: publications, notes and requests to the dealer.
    func closed(_ commands: inout Commands)

    /// Takes subscriptions out of books of the session's own, for one that may have thousands: the
    /// engine lets it do so a part at a time, after the index has forgotten them, for
    /// ``Command/unsubscribeAll`` and before ``closed(_:)``.
    ///
    /// - Parameter isEnding: The connection ends: whatever the session subscribes to is meant.
    /// - Returns: How many were taken out; fewer than `limit` when nothing is left.
    func forgetSubscriptions(atMost limit: Int, isEnding: Bool) -> Int

    /// Whether this session gets a selective publication (``Reach/isSelective``) that one of its
    /// subscriptions of `reading` matches.
    func admits(_ publication: Publication, _ reading: Reading) -> Bool

    /// Whether ``closed(_:)`` has something to say.
    var leavesTraces: Bool { get }
}

extension Session {
    package func opened(_ commands: inout Commands) {}
    package func refused(
        _ octets: RawSpan, _ pattern: Pattern, _ reading: Reading, _ commands: inout Commands
    ) {}
    package func answered(
        _ token: CallToken, _ outcome: CallOutcome, _ commands: inout Commands
    ) {}
    package func dealt(_ action: DealerAction, _ commands: inout Commands) {}
    package func told(_ note: any SessionNote, _ commands: inout Commands) {}
    package func timePassed(_ commands: inout Commands) {}
    package func drained(_ farewell: Farewell, _ commands: inout Commands) {
        commands.append(.close(code: farewell.code, reason: farewell.reason))
    }
    package func closed(_ commands: inout Commands) {}
    package func forgetSubscriptions(atMost limit: Int, isEnding: Bool) -> Int { 0 }
    package func admits(_ publication: Publication, _ reading: Reading) -> Bool {
        publication.reach.audience.admitsUnidentified
    }
    package var leavesTraces: Bool { false }
}

/// What is global and exact: asked synchronously on subscribe, unsubscribe and `server_info`,
/// never on publish (see Registry). The engine implements it.
package protocol Directory: Sendable {
    /// Open connections of a dialect, over all cores.
    func connectionCount(of dialect: DialectID, in realm: Realm) -> Int

    /// Subscriptions of a dialect with the number of their subscribers, over all cores,
    /// in the order in which they came to be.
    func subscriptions(of dialect: DialectID, in realm: Realm) -> [(
        pattern: Pattern, subscriberCount: Int
    )]

    /// Whether anybody holds a subscription of the dialect under the given glob parent.
    func hasSubscribers(under parent: Room, of dialect: DialectID, in realm: Realm) -> Bool

    /// Patterns of a dialect that somebody subscribes to, over all cores.
    func subscribedPatternCount(of dialect: DialectID, in realm: Realm) -> Int

    /// Messages queued for subscribers of a dialect since the start, over all cores.
    func deliveryCount(of dialect: DialectID) -> Int
}

/// What a router asks of the engine besides. The engine implements it.
package protocol RouterServices: Sendable {
    /// Whether anybody may have a subscription that the room matches: `false` is certain.
    func hasInterest(in room: Room, of realm: Realm) -> Bool

    /// Publishes for the server itself: by the mailboxes of all interested cores, so that what is
    /// announced under one lock arrives in that order.
    func announce(_ publication: Publication)

    /// Asks a realm's dealer what the meta procedures tell. Nothing may be changed.
    func askDealer<R>(of realm: Realm, _ body: (inout Dealer) -> R) -> R

    /// Tells `observer` what happens to a realm's registrations, in order, from now on. It may
    /// announce and nothing else: the dealer is locked meanwhile.
    func observeRegistrations(
        of realm: Realm, _ observer: @escaping @Sendable (RegistrationEvent) -> Void)
}
