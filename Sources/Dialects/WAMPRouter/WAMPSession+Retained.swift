// WAMPSession, retained events — what a new subscriber would have got (reference §7.8).
//
// A subscription is in force before it is filled, and live publications that are among what it is
// filled with are left out by their order. A thousand events may be retained for a pattern, of
// megabytes each, which is more than one turn should write: what does not fit a step comes with
// notes of the session to itself. Live events may come in between. One that is retained itself
// takes the place of an older one of its topic that is still to come.

internal import Bytes
internal import DialectKit
internal import Hub
internal import Rooms
internal import WAMP

/// Retained events of one subscription that are still to come.
internal struct RetainedRest {
    var events: ArraySlice<Publication>
    /// Topics that have had a later event meanwhile.
    var overtaken: Set<Room> = []
}

/// There is more to come of a subscription's retained events.
internal final class RetainedNote: SessionNote {
    let session: UInt64
    let reading: Reading
    /// Up to where it is filled; a later filling has notes of its own.
    let order: UInt64

    init(session: UInt64, reading: Reading, order: UInt64) {
        self.session = session
        self.reading = reading
        self.order = order
    }
}

extension WAMPSession {
    /// Octets of events, as they are kept, from which on the others wait for another turn.
    private static var retainedStep: Int { 262_144 }

    func sendRetained(of pattern: Pattern, _ reading: Reading, _ commands: inout Commands) {
        guard let realm, let identity else { return }
        let (events, lastOrder) = realm.retained(for: pattern) { audience, publisher in
            publisher != identity.session
                && audience.admits(
                    session: identity.session, authID: identity.authID,
                    authRole: identity.authRole)
        }
        let belongings = belongings ?? Belongings()
        self.belongings = belongings
        belongings.filled[reading] = lastOrder
        belongings.filling[reading] = nil
        fill(reading, with: RetainedRest(events: events[...]), lastOrder, &commands)
    }

    func goOn(_ note: RetainedNote, _ commands: inout Commands) {
        guard phase == .established, note.session == id, let belongings,
            belongings.filled[note.reading] == note.order,
            let rest = belongings.filling.removeValue(forKey: note.reading),
            realm?.isMember(id, of: note.reading) == true
        else { return }
        fill(note.reading, with: rest, note.order, &commands)
    }

    /// The subscription has ended, or never was.
    func endFilling(of reading: Reading) {
        guard let belongings else { return }
        belongings.filled[reading] = nil
        belongings.filling[reading] = nil
    }

    private func fill(
        _ reading: Reading, with rest: RetainedRest, _ order: UInt64, _ commands: inout Commands
    ) {
        var rest = rest
        var size = 0
        while size < Self.retainedStep, let event = rest.events.popFirst() {
            if rest.overtaken.contains(event.room) { continue }
            size += event.payload.size
            send(event, to: reading, &commands)
        }
        guard !rest.events.isEmpty else { return }
        belongings?.filling[reading] = rest
        commands.append(
            .tell(
                commands.connection, RetainedNote(session: id, reading: reading, order: order)))
    }

    private func send(_ event: Publication, to reading: Reading, _ commands: inout Commands) {
        var topic: [UInt8]?
        if SubscriptionID.isPattern(reading) {
            var text = OctetBuffer(capacity: event.room.dottedSize)
            guard WAMPURI.append(event.room, to: &text) else { return }
            topic = text.octets.array
        }
        guard case .arguments(let arguments) = event.payload else { return }
        send(
            .event(
                subscription: UInt64(reading), publication: event.identifier, topic: topic,
                event.publisher, isRetained: true, arguments), &commands)
    }
}
