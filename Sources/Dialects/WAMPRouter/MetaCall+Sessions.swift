// MetaCall, sessions — who is there, and who has to go (reference §9.3, §9.4).

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Rooms
internal import WAMP

extension WAMPSession {
    func answerSession(
        _ name: String, _ call: borrowing MetaCall, _ realm: RouterRealm,
        _ commands: inout Commands
    ) throws(MetaError) -> MetaValue {
        switch name {
        case "wamp.session.count":
            let roles = try call.roles()
            return realm.withSessions { sessions in
                guard let roles else { return .number(UInt64(sessions.count)) }
                return .number(
                    UInt64(sessions.values.count { roles.contains(ExactText($0.authRole)) }))
            }
        case "wamp.session.list":
            let roles = try call.roles()
            return realm.withSessions { sessions in
                guard let roles else { return .ids(sessions.keys) }
                return .ids(
                    sessions.values.lazy.filter { roles.contains(ExactText($0.authRole)) }
                        .map(\.id))
            }
        case "wamp.session.get":
            try call.expect(1...1)
            let id = try call.id(0)
            guard let record = realm.withSessions({ $0[id] }) else { throw noSuchSession(id) }
            return record.details
        case "wamp.session.kill":
            try call.expect(1...1)
            let victim = try call.id(0)
            let count = try kill(call, realm, named: victim, &commands) { _ in true }.count
            guard count == 1 else { throw noSuchSession(victim) }
            return .null
        case "wamp.session.kill_by_authid":
            try call.expect(1...1)
            let authID = try call.text(0)
            return .ids(try kill(call, realm, &commands) { $0.authID.isExactly(authID) })
        case "wamp.session.kill_by_authrole":
            try call.expect(1...1)
            let role = try call.text(0)
            let count = try kill(call, realm, &commands) { $0.authRole.isExactly(role) }.count
            return .number(UInt64(count))
        case "wamp.session.kill_all":
            try call.expect(0...0)
            let count = try kill(call, realm, isSilent: true, &commands) { _ in true }.count
            return .number(UInt64(count))
        case "wamp.session.add_testament": return try addTestament(call, realm, commands)
        case "wamp.session.flush_testaments": return try flushTestaments(call)
        default: throw noSuchProcedure(name)
        }
    }

    private func noSuchSession(_ id: UInt64) -> MetaError {
        MetaError(.noSuchSession, "no session with id \(id)")
    }

    /// Ends sessions, never the own one. They are out of all books when this returns, but for the
    /// subscriptions of who has many: those it leaves itself when it hears of it.
    ///
    /// - Parameters:
    ///   - isSilent: Without testaments and on_leave, as `kill_all` wants it.
    ///   - victim: The only one that may be meant, if that is known.
    /// - Returns: Their ids.
    private func kill(
        _ call: borrowing MetaCall, _ realm: RouterRealm, isSilent: Bool = false,
        named victim: UInt64? = nil, _ commands: inout Commands,
        where isVictim: (SessionRecord) -> Bool
    ) throws(MetaError) -> [UInt64] {
        let reason = try call.text("reason") ?? "wamp.close.killed"
        let text = try call.text("message")
        let uri = Array(reason.utf8)
        guard unsafe URIRules.loose.accepts(uri.span.bytes, as: .name) else {
            throw MetaError(.invalidURI, "reason is not a URI")
        }
        let own = id
        let victims = realm.removeSessions(isSilent: isSilent, named: victim) {
            $0.id != own && isVictim($0)
        }
        for victim in victims {
            commands.append(.dealer(DealerRequest(PartyID(rawValue: victim.id), .close)))
            if victim.subscriptions.count <= RouterRealm.promptLeave {
                realm.leaveSubscriptions(victim.subscriptions[...], of: victim.id)
            }
            commands.append(
                .tell(
                    victim.connection,
                    KillNote(session: victim.id, reason: reason, message: text)))
        }
        return victims.map(\.id)
    }

    // MARK: Testaments

    private func addTestament(
        _ call: borrowing MetaCall, _ realm: RouterRealm, _ commands: borrowing Commands
    ) throws(MetaError) -> MetaValue {
        try call.expect(2...3)
        let scope = try scope(of: call)
        let room = try call.room(0, realm.settings.rules)
        guard let arguments = call.carried(list: call.place(1), map: call.place(2)) else {
            throw .invalid("a testament wants a topic, a list and a map")
        }
        let uri = Array(try call.text(0).utf8)
        guard unsafe !URIRules.isReserved(uri.span.bytes),
            let grant = realm.settings.permissions.grant(.publish, on: room, to: role),
            commands.allowsLaterPublication(to: room)
        else {
            throw MetaError(
                .notAuthorized,
                "session not authorized to publish to topic \"\(try call.text(0))\"")
        }
        let options = call.keyword("publish_options")
        func flag(_ name: StaticString) -> Bool {
            options.member(name, in: call.octets, as: call.serialization)
                .bool(in: call.octets, as: call.serialization) ?? false
        }
        guard let isDisclosed = grant.disclosure.discloses(isRequested: flag("disclose_me")) else {
            throw MetaError(
                .discloseMeDisallowed, "the publisher of this topic is not disclosed")
        }
        let belongings = belongings ?? Belongings()
        guard belongings.testaments.count < router.settings.testamentsPerSession else {
            throw .invalid(
                "a session has at most \(router.settings.testamentsPerSession) testaments")
        }
        let audience = try audience(options, call)
        let size = Testament.size(room, arguments, audience)
        let held = belongings.testaments.reduce(0) { $0 + $1.share.size }
        guard size <= Testament.sizePerSession - held,
            let share = realm.testamentMemory.take(size)
        else {
            throw MetaError(
                .payloadSizeExceeded,
                size <= Testament.sizePerSession - held
                    ? "the testaments of all sessions have as many octets as they may"
                    : "the testaments of a session have at most \(Testament.sizePerSession) octets"
            )
        }
        belongings.testaments.append(
            Testament(
                scope: scope, room: room, arguments: arguments,
                publisher: isDisclosed ? identity : nil, audience: audience,
                isRetained: flag("retain"), share: share))
        self.belongings = belongings
        return .null
    }

    /// - Throws: For more names than a publication may have.
    private func audience(
        _ options: Extent, _ call: borrowing MetaCall
    ) throws(MetaError) -> Audience {
        let (octets, serialization) = (call.octets, call.serialization)
        let limit = Options.filterLimit
        func check(_ count: Int, _ name: StaticString) throws(MetaError) {
            if count > limit { throw .invalid("\(name) names more than \(limit)") }
        }
        func ids(_ name: StaticString) throws(MetaError) -> [UInt64]? {
            let place = options.member(name, in: octets, as: serialization)
            guard !place.isAbsent else { return nil }
            let ids = place.ids(in: octets, as: serialization, atMost: limit + 1)
            try check(ids.count, name)
            return ids
        }
        func texts(_ name: StaticString) throws(MetaError) -> [String]? {
            let place = options.member(name, in: octets, as: serialization)
            guard !place.isAbsent else { return nil }
            let texts = place.texts(in: octets, as: serialization, atMost: limit + 1)
            try check(texts.count, name)
            return texts.map { String(decoding: $0, as: UTF8.self) }
        }
        return Audience(
            eligible: try ids("eligible"), eligibleAuthIDs: try texts("eligible_authid"),
            eligibleAuthRoles: try texts("eligible_authrole"), exclude: try ids("exclude"),
            excludeAuthIDs: try texts("exclude_authid"),
            excludeAuthRoles: try texts("exclude_authrole"))
    }

    private func flushTestaments(_ call: borrowing MetaCall) throws(MetaError) -> MetaValue {
        try call.expect(0...1)
        let scope = try scope(of: call)
        belongings?.testaments.removeAll { $0.scope == scope }
        return .null
    }

    private func scope(of call: borrowing MetaCall) throws(MetaError) -> Testament.Scope {
        guard let name = try call.text("scope") else { return .destroyed }
        let known = Testament.Scope.allCases.first { name.isExactly($0.rawValue) }
        guard let scope = known else {
            throw .invalid("scope is neither destroyed nor detached")
        }
        return scope
    }
}
