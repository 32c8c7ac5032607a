// WAMPSession, joining — HELLO, CHALLENGE, AUTHENTICATE, WELCOME (reference §5.1, §10.1).

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Rooms
internal import WAMP
internal import WAMPAuthentication

/// What was decided elsewhere about a session that wants to join.
private final class JoinNote: SessionNote {
    let session: UInt64
    let decision: JoinDecision

    init(_ session: UInt64, _ decision: JoinDecision) {
        self.session = session
        self.decision = decision
    }
}

extension WAMPSession {
    /// What is looked at of the lists and maps of somebody who is nobody yet: so many methods, and
    /// so many members of the extra.
    private static var methodLimit: Int { 16 }
    private static var extraLimit: Int { 64 }
    /// Octets of a member's name; those that anybody asks for are shorter.
    private static var extraNameLimit: Int { 64 }

    func join(_ message: Message, _ octets: RawSpan, _ commands: inout Commands) {
        beginAnew(&commands)
        let name = message.nameText(in: octets).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let realm = router.realm(named: name) else {
            abort(
                "wamp.error.no_such_realm", "no realm \"\(name)\" exists on this router",
                &commands)
            return
        }
        self.realm = realm
        features = message.hello.features
        id = realm.newSessionID()
        let hello = message.hello
        func text(_ place: Extent) -> String? {
            place.text(in: octets, as: serialization).map { String(decoding: $0, as: UTF8.self) }
        }
        let request = JoinRequest(
            realm: name,
            methods: hello.authMethods.texts(
                in: octets, as: serialization, atMost: Self.methodLimit
            ).map { String(decoding: $0, as: UTF8.self) },
            authID: text(hello.authID), authRole: text(hello.authRole),
            extra: texts(in: hello.authExtra, octets))
        let context = JoinContext(
            session: id, timestamp: Timestamp.text(router.surroundings.wallClock()),
            randomOctets: router.surroundings.randomOctets)
        let principals = realm.settings.principals
        if principals.isHeavy(request) {
            isDeciding = true
            commands.append(
                .workElsewhere { [id] in JoinNote(id, principals.decide(request, context)) })
        } else {
            settle(principals.decide(request, context), &commands)
        }
    }

    func authenticate(_ message: Message, _ octets: RawSpan, _ commands: inout Commands) {
        // The decoder lets AUTHENTICATE pass only while a challenge is out.
        guard let pending else { return }
        self.pending = nil
        let signature =
            message.nameText(in: octets).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let extra = texts(in: message.details, octets)
        if pending.isHeavy {
            isDeciding = true
            commands.append(
                .workElsewhere { [id] in
                    JoinNote(id, pending.check(signature: signature, extra: extra))
                })
        } else {
            settle(pending.check(signature: signature, extra: extra), &commands)
        }
    }

    /// The members of a map that are strings.
    private func texts(in map: Extent, _ octets: RawSpan) -> [String: String] {
        var texts: [String: String] = [:]
        map.forEachMember(in: octets, as: serialization, atMost: Self.extraLimit) { key, value in
            guard key.utf8.count <= Self.extraNameLimit,
                let text = value.text(in: octets, as: serialization)
            else { return }
            texts[key] = String(decoding: text, as: UTF8.self)
        }
        return texts
    }

    private func settle(_ decision: JoinDecision, _ commands: inout Commands) {
        switch decision {
        case .welcome(let joined): welcome(joined, &commands)
        case .challenge(let method, let extra, let pending):
            self.pending = pending
            phase = .challenging
            send(.challenge(method: method, extra: extra.map(wireExtra)), &commands)
        case .refuse(let uri, let text): abort(uri, text, &commands)
        }
    }

    private func wireExtra(
        _ member: (key: String, value: AuthValue)
    ) -> (key: String, value: ExtraValue) {
        switch member.value {
        case .text(let text): (member.key, .text(text))
        case .number(let number): (member.key, .number(number))
        case .null: (member.key, .null)
        }
    }

    private func welcome(_ joined: Joined, _ commands: inout Commands) {
        guard let realm else { return }
        guard let role = realm.settings.permissions.role(named: joined.authRole) else {
            abort(
                "wamp.error.no_such_role",
                "no role \"\(joined.authRole)\" exists in realm \"\(realm.settings.name)\"",
                &commands)
            return
        }
        let record = SessionRecord(
            id: id, connection: commands.connection, authID: joined.authID,
            authRole: joined.authRole, authMethod: joined.authMethod,
            authProvider: joined.authProvider)
        guard realm.join(record) else {
            abort("wamp.error.authentication_failed", "try again", &commands)
            return
        }
        self.role = role
        identity = Identity(session: id, authID: joined.authID, authRole: joined.authRole)
        phase = .established
        var welcome = Welcome(
            realm: realm.settings.name, authID: joined.authID, authRole: joined.authRole,
            authMethod: joined.authMethod, authProvider: joined.authProvider,
            features: realm.features)
        welcome.authExtra = joined.extra.map(wireExtra)
        welcome.agent = router.settings.agent
        commands.append(.wake(after: 0))
        commands.append(.join(realm.number, router.id(of: form)))
        var hasher = Hasher()
        hasher.combine(joined.authID)
        let owner = UInt64(bitPattern: Int64(hasher.finalize()))
        ask(.open(owner: owner, features.asParty), &commands)
        guard !send(.welcome(session: id, welcome), &commands) else { return }
        abort(
            "wamp.error.payload_size_exceeded", "WELCOME is larger than you accept", &commands)
    }

    func told(_ note: any SessionNote, _ commands: inout Commands) {
        guard !isOver else { return }
        if let note = note as? JoinNote {
            guard isDeciding, note.session == id else { return }
            isDeciding = false
            settle(note.decision, &commands)
        } else if let note = note as? KillNote {
            guard phase == .established, note.session == id else { return }
            sayGoodbye(reason: note.reason, message: note.message, code: 1000, &commands)
        } else if let note = note as? RevocationNote {
            revoked(note, &commands)
        } else if let note = note as? LaterCall {
            answer(note, &commands)
        } else if let note = note as? ListNote {
            answer(note, &commands)
        } else if let note = note as? RetainedNote {
            goOn(note, &commands)
        }
    }
}

extension RouterRealm {
    /// What WELCOME announces: what is implemented, for this realm.
    var features: RouterFeatures {
        var features: RouterFeatures = [
            .publisherIdentification, .publisherExclusion, .blackwhiteListing,
            .patternSubscription, .brokerSessionMeta, .subscriptionMeta, .eventRetention,
            .subscriptionRevocation, .brokerPassthru, .brokerOldPassthru,
            .callerIdentification, .patternRegistration, .sharedRegistration,
            .progressiveResults, .progressiveInvocations, .callTimeout, .callCanceling,
            .callReroute, .registrationRevocation, .dealerSessionMeta, .registrationMeta,
            .testamentMeta, .dealerPassthru, .dealerOldPassthru,
        ]
        if hasHistory { features.insert(.eventHistory) }
        if !settings.hasMetaAPI {
            features.subtract([
                .brokerSessionMeta, .subscriptionMeta, .dealerSessionMeta, .registrationMeta,
                .testamentMeta,
            ])
        }
        return features
    }
}

extension ClientFeatures {
    /// What the dealer has to know of a session.
    var asParty: PartyFeatures {
        var features: PartyFeatures = []
        if contains(.callerCanceling) { features.insert(.cancelsCalls) }
        if contains(.calleeCanceling) { features.insert(.takesInterrupts) }
        if contains(.calleeProgressiveResults) { features.insert(.yieldsProgress) }
        if contains(.calleeProgressiveInvocations) { features.insert(.takesParts) }
        if contains(.calleeTimeout) { features.insert(.keepsTimeouts) }
        if contains(.calleeReroute) { features.insert(.reroutes) }
        if contains(.calleeRevocation) { features.insert(.hearsRevocations) }
        return features
    }
}
