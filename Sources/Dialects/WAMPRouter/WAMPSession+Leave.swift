// WAMPSession, leaving — what the others have to know, in the order of reference §5.1: session table,
// calls, subscriptions and registrations, testaments, on_leave.

internal import DialectKit
internal import Hub
internal import Rooms
internal import WAMP

/// What is published when a session has ended (§9.4).
internal struct Testament: Sendable {
    let scope: Scope
    let room: Room
    let arguments: Arguments
    let publisher: Identity?
    let audience: Audience
    let isRetained: Bool

    enum Scope: String, Sendable { case detached, destroyed }
}

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

extension WAMPSession {
    /// Ends the session, if there is one.
    ///
    /// - Parameter isOpen: Whether the connection still is: then its subscriptions are given up
    ///   here; otherwise the engine has done that.
    func leave(isOpen: Bool = true, _ commands: inout Commands) {
        guard phase == .established, let realm, let identity else { return }
        phase = .closed
        // Who is killed has been taken out of the books already, and may hear of it only later:
        // the books know how it goes.
        let (record, isSilent) = realm.removeSession(id)
        ask(.close, &commands)
        if isOpen { commands.append(.unsubscribeAll) }
        if let record { realm.leaveSubscriptions(record) }
        if !isSilent {
            publishTestaments(realm, &commands)
            if let announcement = realm.leaveAnnouncement(of: id, identity) {
                commands.append(.announce(announcement))
            }
        }
        self.identity = nil
        belongings = nil
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
        belongings?.filled.removeAll { $0.reading == note.reading }
        commands.append(.unsubscribe(note.pattern, note.reading))
        guard features.contains(.subscriberRevocation) else { return }
        send(.subscriptionRevoked(UInt64(note.reading), reason: note.reason), &commands)
    }
}
