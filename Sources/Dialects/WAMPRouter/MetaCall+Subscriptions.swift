// MetaCall, subscriptions — what is subscribed to and by whom, and what was published lately
// (reference §9.1, §7.9, §7.12).

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Rooms
internal import WAMP

extension WAMPSession {
    func answerSubscription(
        _ name: String, _ call: borrowing MetaCall, _ realm: RouterRealm,
        _ commands: inout Commands
    ) throws(MetaError) -> MetaValue {
        switch name {
        case "wamp.subscription.list":
            try call.expect(0...0)
            return realm.subscriptionList()
        case "wamp.subscription.lookup":
            let pattern = try call.pattern(realm.settings.rules)
            return realm.subscription(to: pattern).map { .number(UInt64($0)) } ?? .null
        case "wamp.subscription.match":
            try call.expect(1...1)
            let room = try call.room(0, realm.settings.rules)
            let ids = realm.subscriptions(matching: room)
            return ids.isEmpty ? .null : .sorted(ids)
        case "wamp.subscription.get":
            try call.expect(1...1)
            return try subscription(call, realm).details
        case "wamp.subscription.list_subscribers":
            try call.expect(1...1)
            return .ids(try subscription(call, realm).members)
        case "wamp.subscription.count_subscribers":
            try call.expect(1...1)
            return .number(UInt64(try subscription(call, realm).members.count))
        case "wamp.subscription.get_events": return try events(call, realm, commands)
        case "wamp.subscription.remove_subscriber":
            return try removeSubscriber(call, realm, &commands)
        default: throw noSuchProcedure(name)
        }
    }

    private func subscription(
        _ call: borrowing MetaCall, _ realm: RouterRealm
    ) throws(MetaError) -> SubscriptionRecord {
        let id = try call.id(0)
        guard let record = realm.subscription(id) else {
            throw MetaError(.noSuchSubscription, "no subscription with id \(id)")
        }
        return record
    }

    /// Crossbar's `remove_subscriber`: subscription, session, reason.
    private func removeSubscriber(
        _ call: borrowing MetaCall, _ realm: RouterRealm, _ commands: inout Commands
    ) throws(MetaError) -> MetaValue {
        try call.expect(2...3)
        let record = try subscription(call, realm)
        let session = try call.id(1)
        let reason = call.count == 3 ? try call.text(2) : try call.text("reason")
        guard let connection = realm.withSessions({ $0[session]?.connection }),
            realm.unsubscribe(record.id, session) != nil
        else { throw MetaError(.noSuchSession, "no session with id \(session) subscribes to it") }
        commands.append(
            .tell(
                connection,
                RevocationNote(
                    session: session, pattern: record.pattern, reading: record.id,
                    reason: reason ?? "wamp.error.unsubscribed")))
        return .null
    }

    // MARK: History

    private func events(
        _ call: borrowing MetaCall, _ realm: RouterRealm, _ commands: borrowing Commands
    ) throws(MetaError) -> MetaValue {
        try call.expect(1...2)
        let record = try subscription(call, realm)
        let permissions = realm.settings.permissions
        guard permissions.grant(.subscribe, on: record.pattern, to: role) != nil,
            commands.allowsHistory(of: record.pattern)
        else {
            throw MetaError(.notAuthorized, "session not authorized to subscribe to its topic")
        }
        let query = try historyQuery(call, realm.settings.rules)
        let found: [EventHistory<Publication>.Record]
        do throws(HistoryError) {
            found = try realm.records(of: record.pattern, query) { audience in
                guard let identity else { return false }
                return audience.admits(
                    session: identity.session, authID: identity.authID,
                    authRole: identity.authRole)
            }
        } catch {
            throw error.answer
        }
        return .list(found.map { $0.value(in: UInt64(record.id)) })
    }

    private func historyQuery(
        _ call: borrowing MetaCall, _ rules: URIRules
    ) throws(MetaError) -> HistoryQuery {
        var query = HistoryQuery()
        var limit = try call.number("limit")
        if call.count == 2 { limit = try call.id(1) }
        if let limit {
            guard limit > 0 else { throw .invalid("limit is not positive") }
            query.limit = Int(clamping: limit)
        }
        query.isReversed =
            call.keyword("reverse").bool(in: call.octets, as: call.serialization) ?? false
        if let topic = try call.text("topic") {
            let uri = Array(topic.utf8)
            guard unsafe rules.accepts(uri.span.bytes, as: .name),
                let room = unsafe try? Room(dotted: uri.span.bytes)
            else { throw MetaError(.invalidURI, "topic is not a URI") }
            query.room = room
        }
        query.fromTime = try time("from_time", call)
        query.afterTime = try time("after_time", call)
        query.beforeTime = try time("before_time", call)
        query.untilTime = try time("until_time", call)
        query.fromPublication = try call.number("from_publication")
        query.afterPublication = try call.number("after_publication")
        query.beforePublication = try call.number("before_publication")
        query.untilPublication = try call.number("until_publication")
        return query
    }

    private func time(
        _ name: StaticString, _ call: borrowing MetaCall
    ) throws(MetaError) -> UInt64? {
        guard let text = try call.text(name) else { return nil }
        guard let time = Timestamp.parse(text) else {
            throw .invalid("\(name) is not an RFC 3339 time")
        }
        return time
    }
}

extension HistoryError {
    fileprivate var answer: MetaError {
        switch self {
        case .unavailable: MetaError(.historyUnavailable, "this subscription has no history")
        case .invalidLimit: .invalid("limit is not positive")
        case .unknownPublication(let id): .invalid("no publication \(id) in this history")
        }
    }
}

extension EventHistory<Publication>.Record {
    /// What `get_events` tells of it (§7.9).
    fileprivate func value(in subscription: UInt64) -> MetaValue {
        var details: [(String, MetaValue)] = [("topic", .text(room.dottedText))]
        if let publisher = event.publisher {
            details.append(("publisher", .number(publisher.session)))
            details.append(("publisher_authid", .text(publisher.authID)))
            details.append(("publisher_authrole", .text(publisher.authRole)))
        }
        var members: [(String, MetaValue)] = [
            ("timestamp", .text(Timestamp.text(timestamp))),
            ("subscription", .number(subscription)), ("publication", .number(publication)),
            ("details", .map(details)),
        ]
        switch event.payload {
        case .value(let value): members.append(("args", .list([.json(value)])))
        case .arguments(let arguments):
            if !arguments.arguments.isAbsent {
                members.append(("args", .json(arguments.listText)))
            }
            if !arguments.keywords.isAbsent {
                members.append(("kwargs", .json(arguments.keywordText)))
            }
        }
        return .map(members)
    }
}
