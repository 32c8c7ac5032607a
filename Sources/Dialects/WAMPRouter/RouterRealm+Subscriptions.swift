// RouterRealm, subscriptions — a subscription is a pattern of the realm; all its members share its
// id (reference §7.1).

internal import DialectKit
internal import Hub
internal import Lockfree
internal import Rooms

extension RouterRealm {
    /// Makes a session a member of a pattern's subscription.
    ///
    /// - Returns: Its id, and whether the session was no member before; `nil` for a session that
    ///   has been taken out of the books.
    func subscribe(_ pattern: Pattern, _ session: UInt64) -> (id: UInt32, isNew: Bool)? {
        books.withLock { books in
            guard books.sessions[session] != nil else { return nil }
            let id = findOrMake(pattern, creator: session, &books)
            let isNew = books.subscriptions[pattern]!.members.insert(session).inserted
            if isNew {
                books.sessions[session]?.subscriptions.append(id)
                if books.subscriptions[pattern]!.isToldOf {
                    announce(.subscribed, [.number(session), .number(UInt64(id))])
                }
            }
            return (id, isNew)
        }
    }

    /// Ends a membership.
    ///
    /// - Returns: The pattern, or `nil` when the session is no member of such a subscription.
    func unsubscribe(_ id: UInt32, _ session: UInt64) -> Pattern? {
        books.withLock { books in
            guard let pattern = books.patterns[id],
                books.subscriptions[pattern]?.members.contains(session) == true
            else { return nil }
            if let place = books.sessions[session]?.subscriptions.firstIndex(of: id) {
                books.sessions[session]!.subscriptions.remove(at: place)
            }
            leave(id, session, told: leaveTopics, &books)
            return pattern
        }
    }

    /// Whether a session is a member of a subscription.
    func isMember(_ session: UInt64, of id: UInt32) -> Bool {
        books.withLock { books in
            guard let pattern = books.patterns[id] else { return false }
            return books.subscriptions[pattern]?.members.contains(session) == true
        }
    }

    /// Ends memberships of a session that has left: with thousands of them, some at a time.
    func leaveSubscriptions(_ ids: ArraySlice<UInt32>, of session: UInt64) {
        guard !ids.isEmpty else { return }
        books.withLock { books in
            let topics = leaveTopics
            for id in ids { leave(id, session, told: topics, &books) }
        }
    }

    var subscriptionCount: Int { books.withLock { $0.patterns.count } }

    /// The subscription of exactly this pattern.
    func subscription(to pattern: Pattern) -> UInt32? {
        books.withLock { $0.subscriptions[pattern]?.id }
    }

    /// Subscriptions that a publication to the room reaches.
    func subscriptions(matching room: Room) -> [UInt32] {
        books.withLock { books in
            var ids: [UInt32] = []
            for shape in books.openShapes.keys {
                guard let pattern = shape.pattern(of: room),
                    let record = books.subscriptions[pattern]
                else { continue }
                ids.append(record.id)
            }
            if let exact = books.subscriptions[.exact(room)] { ids.append(exact.id) }
            return ids
        }
    }

    /// All subscriptions, by how they match.
    func subscriptions() -> (exact: [UInt32], prefix: [UInt32], wildcard: [UInt32]) {
        books.withLock { books in
            var (prefix, wildcard): ([UInt32], [UInt32]) = ([], [])
            for (id, pattern) in books.openPatterns {
                switch pattern {
                case .prefix: prefix.append(id)
                case .wildcard: wildcard.append(id)
                case .exact, .glob: break
                }
            }
            return (books.patterns.keys.filter { !SubscriptionID.isPattern($0) }, prefix, wildcard)
        }
    }

    /// The subscription of an id.
    func subscription(_ id: UInt64) -> SubscriptionRecord? {
        guard let id = UInt32(exactly: id) else { return nil }
        return books.withLock { books in
            books.patterns[id].flatMap { books.subscriptions[$0] }
        }
    }

    func findOrMake(
        _ pattern: Pattern, creator: UInt64? = nil, isKept: Bool = false,
        _ books: inout Books
    ) -> UInt32 {
        if let known = books.subscriptions[pattern] { return known.id }
        var isPattern = true
        if case .exact = pattern { isPattern = false }
        var id: UInt32 = 0
        repeat {
            books.lastSubscription = (books.lastSubscription &+ 1) & 0x7FFF_FFFF
            id = SubscriptionID.make(books.lastSubscription, isPattern: isPattern)
        } while id < 2 || books.patterns[id] != nil
        let record = SubscriptionRecord(
            id: id, pattern: pattern, created: surroundings.wallClock(), isKept: isKept)
        books.subscriptions[pattern] = record
        books.patterns[id] = pattern
        if isPattern {
            books.openPatterns[id] = pattern
            if let shape = OpenShape(pattern) { books.openShapes[shape, default: 0] += 1 }
        }
        if let creator, record.isToldOf {
            announce(.subscriptionCreated, [.number(creator), record.details])
        }
        return id
    }

    /// - Parameter told: What somebody may want to hear of it.
    private func leave(
        _ id: UInt32, _ session: UInt64, told: LeaveTopics, _ books: inout Books
    ) {
        // By its place: who leaves may leave thousands, and hashing is most of the work.
        guard let pattern = books.patterns[id],
            let place = books.subscriptions.index(forKey: pattern),
            books.subscriptions.values[place].members.remove(session) != nil
        else { return }
        let isToldOf = told.isAny && books.subscriptions.values[place].isToldOf
        if isToldOf, told.unsubscribed { announce(.unsubscribed, of: id, session) }
        guard books.subscriptions.values[place].members.isEmpty,
            !books.subscriptions.values[place].isKept
        else { return }
        books.subscriptions.remove(at: place)
        books.patterns[id] = nil
        if books.openPatterns.removeValue(forKey: id) != nil, let shape = OpenShape(pattern) {
            let count = books.openShapes[shape] ?? 1
            books.openShapes[shape] = count > 1 ? count - 1 : nil
        }
        if isToldOf, told.deleted { announce(.subscriptionDeleted, of: id, session) }
    }

    private func announce(_ topic: MetaTopic, of id: UInt32, _ session: UInt64) {
        services.announce(announcement(topic, [.number(session), .number(UInt64(id))]))
    }

    /// Asked once for what a session leaves at a time.
    private var leaveTopics: LeaveTopics {
        LeaveTopics(unsubscribed: wants(.unsubscribed), deleted: wants(.subscriptionDeleted))
    }
}

/// What of a subscription's end anybody may want to hear.
private struct LeaveTopics {
    let unsubscribed: Bool
    let deleted: Bool

    var isAny: Bool { unsubscribed || deleted }
}

// MARK: - Events that are kept

extension RouterRealm {
    /// Retains a publication for its room; made by `make` when its order is known.
    ///
    /// - Returns: The order.
    func retain(
        in room: Room, size: Int, audience: Audience, publisher: UInt64?,
        _ make: (_ order: UInt64) -> Publication
    ) -> UInt64 {
        books.withLock { books in
            let publication = make(books.retained.lastOrder + 1)
            return books.retained.retain(
                publication, size: size, audience: audience, publisher: publisher, in: room)
        }
    }

    /// The retained events for a new member, and up to where it has seen them.
    func retained(
        for pattern: Pattern, where admits: (Audience, UInt64?) -> Bool
    ) -> (events: [Publication], lastOrder: UInt64) {
        books.withLock { books in
            let found = books.retained.newest(for: pattern, limit: 1024, where: admits)
            return (found.map(\.event), books.retained.lastOrder)
        }
    }

    /// Records a publication in the histories that it belongs to.
    func record(_ publication: Publication) {
        books.withLock { books in
            books.history.record(
                publication, size: publication.payload.size,
                publication: publication.identifier, at: surroundings.wallClock(),
                audience: publication.reach.audience, in: publication.room)
        }
    }

    func records(
        of pattern: Pattern, _ query: HistoryQuery, where admits: (Audience) -> Bool
    ) throws(HistoryError) -> [EventHistory<Publication>.Record] {
        try books.withLock { books throws(HistoryError) in
            try books.history.records(of: pattern, query, where: admits)
        }
    }
}
