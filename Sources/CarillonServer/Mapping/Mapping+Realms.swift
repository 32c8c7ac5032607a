// [wamp] and [[realm]] as the router takes them.

import Bytes
import Carillon
import Configuration
import Hub
import Rooms
import WAMP
import WAMPAuthentication
import WAMPRouter

extension PushServer.Options.WAMP {
    /// `nil` where WAMP is not spoken.
    init?(_ configuration: Configuration) {
        guard configuration.wamp.isServed else { return nil }
        let given = configuration.wamp
        let table = RealmTable(configuration)
        self.init(
            realms: configuration.realms.map {
                RealmSettings($0, number: table.realm($0.name))
            })
        paths = given.paths
        messageSize = given.messageSize
        rawSocketListen = given.rawsocketListen.map(\.description)
        rawSocketMessageSize = given.rawsocketMessageSize
        router.joinTime = given.helloTime.nanoseconds
        router.goodbyeTime = given.goodbyeTime.nanoseconds
        router.wantsSequentialRequests = given.strictRequestIDs
        router.testamentsPerSession = given.testamentsPerSession
        router.agent = "carillon \(carillonVersion)"
    }
}

extension RealmSettings {
    init(_ given: Configuration.Realm, number: Realm) {
        self.init(
            name: given.name, number: number,
            principals: Principals(
                anonymousRole: given.anonymousRole,
                principals: given.principals.compactMap(Principal.init)),
            permissions: Permissions(roles: given.roles.map(Permissions.Role.init)))
        rules = given.strictURIs ? .strict : .loose
        hasMetaAPI = given.metaAPI
        retention.events = given.retainedEvents
        retention.size = given.retainedSize
        history = given.histories.map {
            HistoryEntry(Pattern($0.uri, $0.match), limit: $0.limit, sizeLimit: $0.size)
        }
    }
}

extension Permissions.Role {
    init(_ given: Configuration.Realm.Role) {
        self.init(name: given.name, rules: given.rules.map(Permissions.Rule.init))
    }
}

extension Permissions.Rule {
    fileprivate init(_ given: Configuration.Realm.Rule) {
        var allowed: Permissions.Actions = []
        for action in given.allow {
            switch action {
            case .call: allowed.insert(.call)
            case .register: allowed.insert(.register)
            case .publish: allowed.insert(.publish)
            case .subscribe: allowed.insert(.subscribe)
            }
        }
        let disclosure: Permissions.Disclosure =
            switch given.disclose {
            case .onRequest: .onRequest
            case .always: .always
            case .never: .never
            }
        self.init(
            Pattern(given.uri, given.match), allows: allowed, disclosure: disclosure,
            mayTakeOver: given.takeOver)
    }
}

extension Pattern {
    /// URIs of a loaded configuration have been checked.
    init(_ uri: String, _ match: Configuration.Match) {
        let policy: MatchPolicy =
            switch match {
            case .exact: .exact
            case .prefix: .prefix
            case .wildcard: .wildcard
            }
        let octets = Array(uri.utf8)
        guard let pattern = unsafe try? WAMPURI.pattern(octets.span.bytes, policy) else {
            preconditionFailure("\"\(uri)\" was accepted by the configuration and is no URI")
        }
        self = pattern
    }
}

extension Principal {
    /// `nil` only for one that was not checked.
    fileprivate init?(_ given: Configuration.Realm.Principal) {
        guard let credential = given.credential.flatMap(Credential.init) else { return nil }
        self.init(authID: given.authID, role: given.role, credential: credential)
    }
}

extension Credential {
    fileprivate init?(_ given: Configuration.Realm.Principal.Credential) {
        switch given {
        case .ticket(let secret): self = .ticket(Array(secret.text.utf8))
        case .wampCRA(let secret, let salt):
            self = .wampCRA(
                secret: Array(secret.text.utf8),
                salt: salt.map { ($0.text, $0.iterations, $0.keyLength) })
        case .scram(let scram):
            guard let salt = OctetText.base64(scram.salt),
                let storedKey = scram.storedKey.keyOctets,
                let serverKey = scram.serverKey.keyOctets,
                let derivation = SCRAMDerivation(name: scram.kdf.rawValue, memory: scram.memory),
                let verifier = SCRAMVerifier(
                    parameters: SCRAMParameters(
                        salt: salt, iterations: scram.iterations, derivation: derivation),
                    storedKey: storedKey, serverKey: serverKey)
            else { return nil }
            self = .scram(verifier)
        case .cryptosign(let keys): self = .cryptosign(publicKeys: keys)
        }
    }
}
