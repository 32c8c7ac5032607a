// RouterRealm — who is in a realm and what they subscribe to: the books that the meta procedures
// read (reference §9), and the events that are kept (§7.8, §7.9).
//
// One short lock, taken to join, subscribe, unsubscribe and leave, and to publish what is kept;
// never for a publication that nobody keeps. What happens is announced under it, so those who watch
// see it in its order.

internal import Bytes
internal import DialectKit
internal import Hub
internal import Lockfree
internal import Rooms
internal import WAMP

/// A session as the others see it (§9.3).
internal struct SessionRecord: Sendable {
    let id: UInt64
    /// Where notes for it go.
    let connection: UInt64
    let authID: String
    let authRole: String
    let authMethod: String
    let authProvider: String
    /// Ids of its subscriptions.
    var subscriptions: [UInt32] = []

    /// The argument of `on_join` and the result of `wamp.session.get`.
    var details: MetaValue {
        .map([
            ("session", .number(id)), ("authid", .text(authID)), ("authrole", .text(authRole)),
            ("authmethod", .text(authMethod)), ("authprovider", .text(authProvider)),
        ])
    }
}

/// All members of one pattern.
internal struct SubscriptionRecord: Sendable {
    let id: UInt32
    let pattern: Pattern
    /// Nanoseconds since 1970.
    let created: UInt64
    /// Kept without members, since it has a history.
    let isKept: Bool
    var members: Set<UInt64> = []

    /// The `SubscriptionDetails` of §9.1.
    var details: MetaValue {
        let (uri, policy) = WAMPURI.uri(of: pattern) ?? ([], .exact)
        return .map([
            ("id", .number(UInt64(id))), ("created", .text(Timestamp.text(created))),
            ("uri", .text(String(decoding: uri, as: UTF8.self))),
            ("match", .text("\(policy.name)")),
        ])
    }

    /// Subscriptions to the router's own topics are not told of.
    var isToldOf: Bool {
        switch pattern {
        case .exact(let room):
            room.segmentCount == 0 || !room[segment: 0].elementsEqual("wamp".utf8)
        case .prefix(let octets): unsafe !URIRules.isReserved(octets.span.bytes)
        case .wildcard(let components): components.first != .some(Array("wamp".utf8))
        case .glob: true
        }
    }
}

package final class RouterRealm: Sendable {
    struct Books: ~Copyable {
        var sessions: [UInt64: SessionRecord] = [:]
        /// Sessions taken out that nobody is to hear of, until they leave: somebody's note is on
        /// its way to them, and they may be faster.
        var silenced: Set<UInt64> = []
        /// Sessions taken out that leave their many subscriptions themselves, in steps.
        var dismissed: [UInt64: SessionRecord] = [:]
        var subscriptions: [Pattern: SubscriptionRecord] = [:]
        var patterns: [UInt32: Pattern] = [:]
        /// Those that are more than one room, again: who asks what matches a room need not see
        /// all rooms.
        var openPatterns: [UInt32: Pattern] = [:]
        /// How many of them have each shape.
        var openShapes: [OpenShape: Int] = [:]
        var lastSubscription: UInt32 = 0
        var retained: RetainedEvents<Publication>
        var history: EventHistory<Publication>

        init(retention: RetentionLimits, history entries: [HistoryEntry]) {
            retained = RetainedEvents(limits: retention)
            history = EventHistory(entries: entries)
        }
    }

    package let settings: RealmSettings
    let services: any RouterServices
    let surroundings: RouterSurroundings
    /// What publications of the router are marked with.
    let ownID: DialectID
    let hasHistory: Bool
    let testamentMemory = TestamentMemory()
    /// When the core's clock stood at 0, in nanoseconds since 1970: the dealer counts by it.
    private let clockOrigin: UInt64
    let books: Guarded<Books>

    init(
        _ settings: RealmSettings, services: any RouterServices,
        surroundings: RouterSurroundings, ownID: DialectID
    ) {
        self.settings = settings
        self.services = services
        self.surroundings = surroundings
        self.ownID = ownID
        hasHistory = !settings.history.isEmpty
        clockOrigin = surroundings.wallClock() &- surroundings.clock()
        books = Guarded(Books(retention: settings.retention, history: settings.history))
        for entry in settings.history {
            books.withLock { _ = findOrMake(entry.pattern, isKept: true, &$0) }
        }
    }

    var number: Realm { settings.number }

    /// A time of the core's clock in nanoseconds since 1970.
    func wallTime(of time: UInt64) -> UInt64 { clockOrigin &+ time }
}

// MARK: - Sessions

extension RouterRealm {
    /// An id that no session of the realm has; the next one may still come first.
    func newSessionID() -> UInt64 {
        while true {
            let id = Identifier.random(surroundings.random())
            if books.withLock({ $0.sessions[id] == nil }) { return id }
        }
    }

    /// Enters a session.
    ///
    /// - Returns: `false` when another one has its id.
    func join(_ record: SessionRecord) -> Bool {
        books.withLock { books in
            guard books.sessions[record.id] == nil, !books.silenced.contains(record.id),
                books.dismissed[record.id] == nil
            else { return false }
            books.sessions[record.id] = record
            announce(.sessionJoined, [record.details])
            return true
        }
    }

    /// Takes a session out, so that nothing reaches it any more; its subscriptions stay in the
    /// books until ``leaveSubscriptions(_:of:)``. Said by the session itself, once.
    ///
    /// - Returns: What it was, or `nil` when somebody took it and its subscriptions out before; and
    ///   whether it goes without testaments and on_leave.
    func removeSession(_ id: UInt64) -> (record: SessionRecord?, isSilent: Bool) {
        books.withLock { books in
            let isSilent = !books.silenced.isEmpty && books.silenced.remove(id) != nil
            let record = books.sessions.removeValue(forKey: id)
            if record != nil || books.dismissed.isEmpty { return (record, isSilent) }
            return (books.dismissed.removeValue(forKey: id), isSilent)
        }
    }

    /// The publication that says that a session has left.
    func leaveAnnouncement(of id: UInt64, _ identity: Identity) -> Publication? {
        guard wants(.sessionLeft) else { return nil }
        return announcement(
            .sessionLeft, [.number(id), .text(identity.authID), .text(identity.authRole)])
    }

    /// Sessions that were taken out silently and have not left yet.
    var silencedCount: Int { books.withLock { $0.silenced.count } }

    /// Subscriptions of a session that are left for it by whoever takes it out.
    static var promptLeave: Int { 64 }

    /// Looks at the sessions.
    func withSessions<R>(_ body: (borrowing [UInt64: SessionRecord]) -> R) -> R {
        books.withLock { body($0.sessions) }
    }

    /// Takes out the sessions that `isVictim` picks, with their subscriptions unless those are
    /// many; whoever does so tells them.
    ///
    /// - Parameters:
    ///   - isSilent: Whether they go without testaments and on_leave.
    ///   - id: The only one there is to look at, if that is known.
    func removeSessions(
        isSilent: Bool = false, named id: UInt64? = nil, where isVictim: (SessionRecord) -> Bool
    ) -> [SessionRecord] {
        books.withLock { books in
            let victims =
                if let id {
                    books.sessions[id].map { [$0] }?.filter(isVictim) ?? []
                } else {
                    books.sessions.values.filter(isVictim)
                }
            for victim in victims {
                books.sessions[victim.id] = nil
                if isSilent { books.silenced.insert(victim.id) }
                if victim.subscriptions.count > Self.promptLeave {
                    books.dismissed[victim.id] = victim
                }
            }
            return victims
        }
    }
}

// MARK: - Announcements

extension RouterRealm {
    /// Whether anybody may hear it.
    func wants(_ topic: MetaTopic) -> Bool {
        settings.hasMetaAPI && services.hasInterest(in: topic.room, of: number)
    }

    func announce(_ topic: MetaTopic, _ values: @autoclosure () -> [MetaValue]) {
        guard wants(topic) else { return }
        services.announce(announcement(topic, values()))
    }

    func announcement(_ topic: MetaTopic, _ values: [MetaValue]) -> Publication {
        Publication(
            realm: number, room: topic.room, payload: .arguments(Arguments(values)),
            id: Identifier.random(surroundings.random()), dialect: ownID)
    }

    /// Tells of registrations, as the observer of the realm's dealer.
    func announce(_ event: RegistrationEvent) {
        switch event {
        case .created(let party, let details):
            announce(
                .registrationCreated,
                [.number(party.rawValue), details.details(created: wallTime(of: details.created))])
        case .registered(let party, let id):
            announce(.registered, [.number(party.rawValue), .number(id)])
        case .unregistered(let party, let id):
            announce(.unregistered, [.number(party.rawValue), .number(id)])
        case .deleted(let party, let id):
            announce(.registrationDeleted, [.number(party.rawValue), .number(id)])
        }
    }
}

extension RegistrationDetails {
    /// The `RegistrationDetails` of §9.2.
    ///
    /// - Parameter created: Nanoseconds since 1970.
    internal func details(created: UInt64) -> MetaValue {
        let (uri, policy) = WAMPURI.uri(of: pattern) ?? ([], .exact)
        return .map([
            ("id", .number(id)), ("created", .text(Timestamp.text(created))),
            ("uri", .text(String(decoding: uri, as: UTF8.self))),
            ("match", .text("\(policy.name)")), ("invoke", .text("\(self.policy.name)")),
        ])
    }
}

/// The topics of the router itself (§9).
internal enum MetaTopic: CaseIterable, Sendable {
    case sessionJoined, sessionLeft
    case subscriptionCreated, subscribed, unsubscribed, subscriptionDeleted
    case registrationCreated, registered, unregistered, registrationDeleted

    var uri: String {
        switch self {
        case .sessionJoined: "wamp.session.on_join"
        case .sessionLeft: "wamp.session.on_leave"
        case .subscriptionCreated: "wamp.subscription.on_create"
        case .subscribed: "wamp.subscription.on_subscribe"
        case .unsubscribed: "wamp.subscription.on_unsubscribe"
        case .subscriptionDeleted: "wamp.subscription.on_delete"
        case .registrationCreated: "wamp.registration.on_create"
        case .registered: "wamp.registration.on_register"
        case .unregistered: "wamp.registration.on_unregister"
        case .registrationDeleted: "wamp.registration.on_delete"
        }
    }

    private static let rooms: [MetaTopic: Room] = Dictionary(
        uniqueKeysWithValues: allCases.map { topic in
            let uri = Array(topic.uri.utf8)
            guard let room = unsafe try? Room(dotted: uri.span.bytes) else {
                preconditionFailure("a topic of the router is a room")
            }
            return (topic, room)
        })

    var room: Room { Self.rooms[self]! }
}
