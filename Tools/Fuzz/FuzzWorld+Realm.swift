// FuzzWorld, realm — what is said and published is checked as a client would, and the dealer's books
// after each question.

import Bytes
import DialectKit
import Hub
import Rooms
import WAMP
import WAMPRouter

extension FuzzWorld {
    /// Everything that is said is a message that a client takes, when it may come.
    func check(_ octets: RawSpan, _ connection: FuzzConnection) {
        let form = connection.form
        var message = octets
        if form.isBatched {
            var framing = BatchFraming(form.serialization)
            var position = 0
            guard let range = try? framing.next(in: octets, at: &position) else {
                preconditionFailure("what is said is framed")
            }
            precondition(position == octets.byteCount, "one message at a time")
            message = octets.extracting(range)
        }
        guard let message = try? Message.decode(message, as: form.serialization, for: .client)
        else { preconditionFailure("what is said is a message") }
        switch message.code {
        case .welcome: connection.hasEnded = false
        case .challenge, .abort: break
        default: precondition(!connection.hasEnded, "it is over")
        }
        if message.code == .abort || message.code == .goodbye { connection.hasEnded = true }
    }

    func fanOut(_ publication: Publication) {
        for connection in connections where connection.isOpen && connection.realm != nil {
            if publication.reach.excluded == connection.id { continue }
            guard let dialect = dialects.first(where: { $0.id == connection.dialect }) else {
                preconditionFailure("a session joins with a form of its router")
            }
            for (pattern, reading) in connection.subscriptions
            where pattern.matches(publication.room) {
                if publication.reach.isSelective,
                    !connection.session.admits(publication, reading)
                {
                    continue
                }
                var message = OctetBuffer()
                let payload = dialect.encode(publication, reading: reading, into: &message)
                guard let payload else { continue }
                let size = message.count
                precondition(payload.lowerBound >= 0 && payload.upperBound <= size)
                check(message.octets, connection)
            }
        }
    }

    func ask(_ request: DealerRequest, _ connection: FuzzConnection) {
        let party = request.party
        var actions: [DealerAction] = []
        switch request.question {
        case .open(let owner, let features):
            precondition(dealer.open(party, owner: owner, features: features))
            addresses[party] = connection.id
        case .close:
            dealer.close(party, now: now, &actions)
            addresses[party] = nil
        case .register(let pattern, let request, let options):
            dealer.register(
                pattern, request: request, by: party, options: options, now: now, &actions)
        case .unregister(let id, let request):
            dealer.unregister(id, request: request, by: party, &actions)
        case .revoke(let id, let reason):
            try? dealer.revoke(id, from: party, reason: reason, &actions)
        case .call(let procedure, let request, let options, let payload):
            dealer.call(
                procedure, request: request, by: party, options: options, payload: payload,
                now: now, random: count(), &actions)
        case .cancel(let request, let mode):
            dealer.cancel(request, by: party, mode: mode, now: now, &actions)
        case .yield(let invocation, let isProgress, let payload):
            dealer.yield(
                invocation, by: party, isProgress: isProgress, payload: payload, now: now,
                &actions)
        case .fail(let invocation, let uri, let payload):
            dealer.fail(
                invocation, by: party, uri: uri, payload: payload, now: now, random: count(),
                &actions)
        }
        dealer.checkInvariants()
        post(actions)
    }

    func post(_ actions: [DealerAction]) {
        for action in actions {
            if case .meta(let event) = action {
                observer?(event)
            } else if let party = action.party, let connection = addresses[party] {
                mail.append(.dealt(connection, action))
            }
        }
    }

    fileprivate func hasInterest(in room: Room) -> Bool {
        connections.contains { $0.subscriptions.contains { $0.pattern.matches(room) } }
    }

    fileprivate func announce(_ publication: Publication) {
        mail.append(.publication(publication))
    }

    fileprivate func askDealer<R>(_ body: (inout Dealer) -> R) -> R { body(&dealer) }
}

/// What the router sees of the world, which owns it.
struct FuzzServices: RouterServices {
    unowned let world: FuzzWorld

    func hasInterest(in room: Room, of realm: Realm) -> Bool { world.hasInterest(in: room) }

    func announce(_ publication: Publication) { world.announce(publication) }

    func askDealer<R>(of realm: Realm, _ body: (inout Dealer) -> R) -> R { world.askDealer(body) }

    func observeRegistrations(
        of realm: Realm, _ observer: @escaping @Sendable (RegistrationEvent) -> Void
    ) {
        world.observer = observer
    }
}
