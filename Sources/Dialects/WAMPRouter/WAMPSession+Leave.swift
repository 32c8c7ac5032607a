// WAMPSession, leaving — what the others have to know, in the order of reference §5.1: session
// table, calls, subscriptions and registrations, testaments, on_leave.

internal import DialectKit
internal import Hub
internal import Rooms
internal import WAMP

/// Somebody ends a session (`wamp.session.kill`).
internal final class KillNote: SessionNote {
    let session: UInt64
    let reason: String
    let message: String?

    init(session: UInt64, reason: String, message: String?) {
        self.session = session
        self.reason = reason
        self.message = message
    }
}

/// Somebody took a subscription from its subscriber (§7.12).
internal final class RevocationNote: SessionNote {
    let session: UInt64
    let pattern: Pattern
    let reading: Reading
    let reason: String

    init(session: UInt64, pattern: Pattern, reading: Reading, reason: String) {
        self.session = session
        self.pattern = pattern
        self.reading = reading
        self.reason = reason
    }
}

/// Subscriptions that a session has left and the realm's books still hold.
internal struct LeftSubscriptions {
    private let realm: RouterRealm
    private let session: UInt64
    private var rest: ArraySlice<UInt32>

    init(of record: SessionRecord, in realm: RouterRealm) {
        self.realm = realm
        session = record.id
        rest = record.subscriptions[...]
    }

    var isEmpty: Bool { rest.isEmpty }

    /// - Returns: How many are gone from the books.
    mutating func forget(atMost limit: Int) -> Int {
        let part = rest.prefix(limit)
        realm.leaveSubscriptions(part, of: session)
        rest.removeFirst(part.count)
        return part.count
    }
}

extension WAMPSession {
    /// Ends the session, if there is one.
    ///
    /// - Parameter isOpen: Whether the connection still is: then its subscriptions are given up
    ///   here; otherwise the engine has done that.
    func leave(isOpen: Bool = true, _ commands: inout Commands) {
        guard phase == .established, let realm, let identity else { return }
        var isSilent = belongings?.isTakenOut
        if isSilent == nil {
            let (record, isSaidSilent) = realm.removeSession(id)
            isSilent = isSaidSilent
            if let record { leaveSubscriptions(of: record, in: realm, atOnce: !isOpen) }
        }
        if !isOpen { _ = forgetSubscriptions(atMost: .max, isEnding: false) }
        phase = .closed
        if isOpen { commands.append(.unsubscribeAll) }  // and many are out of the books after that
        ask(.close, &commands)
        if isSilent == false {
            publishTestaments(realm, &commands)
            if let announcement = realm.leaveAnnouncement(of: id, identity) {
                commands.append(.announce(announcement))
            }
        }
        self.identity = nil
        let left = belongings?.left ?? []
        belongings = nil
        if !left.isEmpty { makeBelongings().left = left }
    }

    private func makeBelongings() -> Belongings {
        let belongings = belongings ?? Belongings()
        self.belongings = belongings
        return belongings
    }

    /// Takes a session that is out of the table out of the other books, or has that done later.
    ///
    /// Who is killed has been taken out of all of them already, and may hear of it only later.
    private func leaveSubscriptions(
        of record: SessionRecord, in realm: RouterRealm, atOnce: Bool
    ) {
        if atOnce || record.subscriptions.count <= RouterRealm.promptLeave {
            realm.leaveSubscriptions(record.subscriptions[...], of: record.id)
        } else {
            makeBelongings().left.append(LeftSubscriptions(of: record, in: realm))
        }
    }

    func forgetSubscriptions(atMost limit: Int, isEnding: Bool) -> Int {
        if isEnding, phase == .established, let realm, belongings?.isTakenOut == nil {
            let (record, isSilent) = realm.removeSession(id)
            makeBelongings().isTakenOut = isSilent
            if let record { leaveSubscriptions(of: record, in: realm, atOnce: false) }
        }
        guard let belongings else { return 0 }
        var count = 0
        while !belongings.left.isEmpty, count < limit {
            count += belongings.left[0].forget(atMost: limit - count)
            if belongings.left[0].isEmpty { belongings.left.removeFirst() }
        }
        return count
    }

    private func publishTestaments(_ realm: RouterRealm, _ commands: inout Commands) {
        guard let testaments = belongings?.testaments else { return }
        for scope in [Testament.Scope.detached, .destroyed] {
            for testament in testaments where testament.scope == scope {
                // Behind what was announced of its subscriptions and registrations.
                commands.append(
                    .announce(
                        realm.publication(
                            to: testament.room, testament.arguments, by: id,
                            publisher: testament.publisher, audience: testament.audience,
                            excluding: nil, isRetained: testament.isRetained)))
            }
        }
    }

    func revoked(_ note: RevocationNote, _ commands: inout Commands) {
        guard phase == .established, note.session == id else { return }
        // It has subscribed again before it heard of this, and was told so.
        if realm?.isMember(id, of: note.reading) == true { return }
        endFilling(of: note.reading)
        commands.append(.unsubscribe(note.pattern, note.reading))
        guard features.contains(.subscriberRevocation) else { return }
        send(.subscriptionRevoked(UInt64(note.reading), reason: note.reason), &commands)
    }
}
