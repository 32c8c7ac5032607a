// WAMPSession, broker — SUBSCRIBE, UNSUBSCRIBE, PUBLISH (reference §7).

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Rooms
internal import WAMP

extension WAMPSession {
    /// §7.1. The subscription is in force when SUBSCRIBED is queued, and before anything that
    /// causes an event for it.
    func subscribe(
        _ message: Message, _ octets: RawSpan, _ commands: inout Commands
    ) throws(MessageError) {
        guard let realm else { return }
        let request = message.request
        guard let uri = message.nameText(in: octets),
            let pattern = unsafe try? WAMPURI.pattern(uri.span.bytes, message.options.match)
        else { throw .refusal(.subscribe, request: request, .invalidTopic) }
        guard realm.settings.permissions.grant(.subscribe, on: pattern, to: role) != nil else {
            refuseAccess(.subscribe, request, "subscribe to topic", uri, &commands)
            return
        }
        switch commands.permission(toSubscribe: pattern) {
        case .granted: break
        case .denied:
            refuseAccess(.subscribe, request, "subscribe to topic", uri, &commands)
            return
        case .asked: return
        }
        guard let (reading, isNew) = realm.subscribe(pattern, id) else { return }
        // Asked for twice in one batch: whether there is room is not known for the first one yet.
        if isNew || subscribing.contains(where: { $0.reading == reading }) {
            subscribing.append((request, reading))
            commands.append(.subscribe(pattern, reading))
        }
        send(.subscribed(request: request, subscription: UInt64(reading)), &commands)
        if message.options.has(.getRetained) { sendRetained(of: pattern, reading, &commands) }
    }

    /// The index had no room for it.
    func refused(
        _ octets: RawSpan, _ pattern: Pattern, _ reading: Reading, _ commands: inout Commands
    ) {
        guard let place = subscribing.firstIndex(where: { $0.reading == reading }) else { return }
        let request = subscribing.remove(at: place).request
        _ = realm?.unsubscribe(reading, id)
        endFilling(of: reading)
        commands.noteError()
        refuse(
            .subscribe, request, URI("carillon.error.too_many_subscriptions"),
            "the router holds as many patterns of this kind as it may", &commands)
    }

    func unsubscribe(_ message: Message, _ commands: inout Commands) {
        guard let realm else { return }
        guard let reading = UInt32(exactly: message.target),
            let pattern = realm.unsubscribe(reading, id)
        else {
            refuse(.unsubscribe, message.request, .noSuchSubscription, nil, &commands)
            return
        }
        endFilling(of: reading)
        commands.append(.unsubscribe(pattern, reading))
        send(.unsubscribed(request: message.request), &commands)
    }

    /// §7.2. PUBLISHED comes before the event it may cause on this connection (§6).
    func publish(
        _ message: Message, _ octets: RawSpan, _ commands: inout Commands
    ) throws(MessageError) {
        guard let realm else { return }
        let options = message.options
        guard let room = room(of: message, octets) else {
            guard options.has(.acknowledge) else { return }
            throw .refusal(.publish, request: message.request, .invalidTopic)
        }
        guard let grant = realm.settings.permissions.grant(.publish, on: room, to: role) else {
            guard options.has(.acknowledge) else { return }
            let uri = message.nameText(in: octets) ?? []
            refuseAccess(.publish, message.request, "publish to topic", uri, &commands)
            return
        }
        guard let isDisclosed = grant.disclosure.discloses(isRequested: options.has(.discloseMe))
        else {
            guard options.has(.acknowledge) else { return }
            refuse(
                .publish, message.request, .discloseMeDisallowed,
                "the publisher of this topic is not disclosed", &commands)
            return
        }
        let arguments = message.payload(in: octets).stored()
        switch commands.permission(toPublish: room, arguments.value()) {
        case .granted: break
        case .denied:
            guard options.has(.acknowledge) else { return }
            let uri = message.nameText(in: octets) ?? []
            refuseAccess(.publish, message.request, "publish to topic", uri, &commands)
            return
        case .asked: return
        }
        let publication = realm.publication(
            to: room, arguments, by: id,
            publisher: isDisclosed ? identity : nil,
            audience: audience(of: options.filters, octets),
            excluding: options.excludesPublisher ? commands.connection : nil,
            isRetained: options.has(.retain))
        if options.has(.acknowledge) {
            send(
                .published(request: message.request, publication: publication.identifier),
                &commands)
        }
        commands.append(.publish(publication))
    }

    private func audience(of filters: EventFilters, _ octets: RawSpan) -> Audience {
        guard !filters.isAbsent else { return .everybody }
        func ids(_ place: Extent) -> [UInt64]? {
            place.isAbsent ? nil : place.ids(in: octets, as: serialization)
        }
        func texts(_ place: Extent) -> [String]? {
            guard !place.isAbsent else { return nil }
            return place.texts(in: octets, as: serialization).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        return Audience(
            eligible: ids(filters.eligible), eligibleAuthIDs: texts(filters.eligibleAuthID),
            eligibleAuthRoles: texts(filters.eligibleAuthRole), exclude: ids(filters.exclude),
            excludeAuthIDs: texts(filters.excludeAuthID),
            excludeAuthRoles: texts(filters.excludeAuthRole))
    }

    func admits(_ publication: Publication, _ reading: Reading) -> Bool {
        guard let identity else { return false }
        let reach = publication.reach
        if reach.order != 0, let filled = belongings?.filled[reading], reach.order <= filled {
            return false
        }
        guard
            reach.audience.admits(
                session: identity.session, authID: identity.authID, authRole: identity.authRole)
        else { return false }
        // What is still to come of the same topic is older.
        if reach.order != 0 { belongings?.filling[reading]?.overtaken.insert(publication.room) }
        return true
    }

    // MARK: What requests have in common

    /// The room that the topic or procedure of a message names.
    func room(of message: Message, _ octets: RawSpan) -> Room? {
        if let plain = message.plainName(in: octets) { return try? WAMPURI.room(plain) }
        guard let text = message.nameText(in: octets) else { return nil }
        return unsafe try? WAMPURI.room(text.span.bytes)
    }

    /// §11. It does not say whether there is such a thing.
    func refuseAccess(
        _ code: MessageCode, _ request: UInt64, _ action: String, _ uri: [UInt8],
        _ commands: inout Commands
    ) {
        commands.noteError()
        refuse(code, request, .notAuthorized, Self.accessRefusal(action, uri), &commands)
    }

    static func accessRefusal(_ action: String, _ uri: [UInt8]) -> String {
        "session not authorized to \(action) \"\(String(decoding: uri, as: UTF8.self))\""
    }
}

extension RouterRealm {
    /// Makes a publication, and keeps it where it is to be kept.
    func publication(
        to room: Room, _ arguments: Arguments, by session: UInt64, publisher: Identity?,
        audience: Audience, excluding connection: UInt64?, isRetained: Bool
    ) -> Publication {
        let identifier = Identifier.random(surroundings.random())
        func make(_ order: UInt64, _ arguments: Arguments) -> Publication {
            var reach = Reach()
            reach.excluded = connection
            reach.audience = audience
            reach.order = order
            return Publication(
                realm: number, room: room, payload: .arguments(arguments), id: identifier,
                dialect: ownID, publisher: publisher, reach: reach)
        }
        guard isRetained || hasHistory else { return make(0, arguments) }
        // What is kept does not keep what is made of the one that is sent.
        let kept = arguments.copy
        let order =
            isRetained
            ? retain(
                in: room, size: arguments.octets.count, audience: audience,
                publisher: connection == nil ? nil : session
            ) { make($0, kept) } : 0
        if hasHistory { record(make(order, kept)) }
        return make(order, arguments)
    }
}
