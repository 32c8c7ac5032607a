// ModelHub, realms — the dealers, what the router asks of the engine, and whether anything is left.

import DialectKit
import Hub
import Lockfree
import Rooms

@testable import WAMPRouter

extension ModelHub {
    func ask(_ request: DealerRequest, from connection: ModelConnection) {
        let desk = desks[Int(connection.realm!.rawValue)]
        let party = request.party
        var actions: [DealerAction] = []
        switch request.question {
        case .open(let owner, let features):
            if desk.dealer.open(party, owner: owner, features: features) {
                desk.addresses[party] = connection.id
            }
        case .close:
            desk.dealer.close(party, now: now, &actions)
            desk.addresses[party] = nil
        case .register(let pattern, let request, let options):
            desk.dealer.register(
                pattern, request: request, by: party, options: options, now: now, &actions)
        case .unregister(let id, let request):
            desk.dealer.unregister(id, request: request, by: party, &actions)
        case .revoke(let id, let reason):
            try? desk.dealer.revoke(id, from: party, reason: reason, &actions)
        case .call(let procedure, let request, let options, let payload):
            desk.dealer.call(
                procedure, request: request, by: party, options: options, payload: payload,
                now: now, random: random(), &actions)
        case .cancel(let request, let mode):
            desk.dealer.cancel(request, by: party, mode: mode, now: now, &actions)
        case .yield(let invocation, let isProgress, let payload):
            desk.dealer.yield(
                invocation, by: party, isProgress: isProgress, payload: payload, now: now,
                &actions)
        case .fail(let invocation, let uri, let payload):
            desk.dealer.fail(
                invocation, by: party, uri: uri, payload: payload, now: now, random: random(),
                &actions)
        }
        desk.dealer.checkInvariants()
        post(actions, desk)
    }

    func post(_ actions: [DealerAction], _ desk: Desk) {
        for action in actions {
            if case .meta(let event) = action {
                desk.observer?(event)
            } else if let party = action.party, let connection = desk.addresses[party] {
                mail.append(.dealt(connection, action))
            }
        }
    }

    // MARK: What the router asks

    func hasInterest(in room: Room, of realm: Realm) -> Bool {
        connections.contains { connection in
            connection.realm == realm
                && connection.subscriptions.contains { $0.pattern.matches(room) }
        }
    }

    func announce(_ publication: Publication) {
        mail.append(.publication(publication))
    }

    // MARK: Checks

    /// What is left in any book when nobody is connected any more.
    var leftovers: [String] {
        var left: [String] = []
        for (realm, desk) in zip(router.realms, desks) {
            let name = realm.settings.name
            if realm.withSessions({ $0.count }) > 0 { left.append("\(name): sessions") }
            if realm.silencedCount > 0 { left.append("\(name): silenced") }
            realm.books.withLock { books in
                if books.subscriptions.values.contains(where: { !$0.isKept || !$0.members.isEmpty })
                {
                    left.append("\(name): subscriptions")
                }
                let open = realm.settings.history.count {
                    if case .exact = $0.pattern { false } else { true }
                }
                if books.patterns.count != realm.settings.history.count
                    || books.openPatterns.count != open
                {
                    left.append("\(name): patterns")
                }
            }
            if desk.dealer.partyCount > 0 { left.append("\(name): parties") }
            if desk.dealer.registrationCount > 0 { left.append("\(name): registrations") }
            if desk.dealer.pendingCallCount > 0 { left.append("\(name): calls") }
            if !desk.addresses.isEmpty { left.append("\(name): addresses") }
        }
        return left
    }

    /// Where the books and the index disagree.
    var contradictions: [String] {
        var wrong: [String] = []
        for realm in router.realms {
            let sessions = realm.withSessions { Array($0.values) }
            for record in sessions {
                let held = connections[Int(record.connection) - 1].subscriptions.map(\.reading)
                if held.sorted() != record.subscriptions.sorted() {
                    wrong.append("\(record.id) holds \(held), booked \(record.subscriptions)")
                }
            }
        }
        return wrong
    }
}

/// What the router sees of the hub, which owns it.
struct ServicesOfHub: RouterServices {
    unowned let hub: ModelHub

    func hasInterest(in room: Room, of realm: Realm) -> Bool {
        hub.hasInterest(in: room, of: realm)
    }

    func announce(_ publication: Publication) { hub.announce(publication) }

    func askDealer<R>(of realm: Realm, _ body: (inout Dealer) -> R) -> R {
        body(&hub.desks[Int(realm.rawValue)].dealer)
    }

    func observeRegistrations(
        of realm: Realm, _ observer: @escaping @Sendable (RegistrationEvent) -> Void
    ) {
        hub.desks[Int(realm.rawValue)].observer = observer
    }
}
