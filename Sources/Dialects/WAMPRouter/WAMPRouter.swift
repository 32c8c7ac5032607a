// WAMPRouter — the realms of a server, and what all its sessions share.

package import DialectKit
package import Hub
package import Rooms
package import WAMP
package import WAMPAuthentication

/// What a realm is, by its configuration.
package struct RealmSettings: Sendable {
    package var name: String
    /// What the engine calls it; the same for the realm of every dialect's routes.
    package var number: Realm
    package var rules = URIRules.loose
    package var principals: Principals
    package var permissions: Permissions
    package var retention = RetentionLimits.standard
    package var history: [HistoryEntry] = []
    /// Whether `wamp.` procedures are answered and what happens is announced (§9).
    package var hasMetaAPI = true

    package init(
        name: String, number: Realm, principals: Principals, permissions: Permissions = .open
    ) {
        self.name = name
        self.number = number
        self.principals = principals
        self.permissions = permissions
    }
}

/// What holds for all sessions.
package struct RouterSettings: Sendable {
    /// From the opened transport to WELCOME, in nanoseconds.
    package var joinTime: UInt64 = 5_000_000_000
    /// For the peer to answer a GOODBYE, or to close behind one, in nanoseconds.
    package var goodbyeTime: UInt64 = 2_000_000_000
    /// Whether request ids must count up by one (§2.1); most clients' do not.
    package var wantsSequentialRequests = false
    package var testamentsPerSession = 64
    /// What WELCOME says.
    package var agent = "Carillon"

    package init() {}
}

/// The outside world: time and chance.
package struct RouterSurroundings: Sendable {
    /// Nanoseconds since 1970.
    package var wallClock: @Sendable () -> UInt64
    /// The core's clock (``Commands/now``), in nanoseconds.
    package var clock: @Sendable () -> UInt64
    /// 64 bits that nobody can guess.
    package var random: @Sendable () -> UInt64
    package var randomOctets: @Sendable (Int) -> [UInt8]

    package init(
        wallClock: @escaping @Sendable () -> UInt64, clock: @escaping @Sendable () -> UInt64,
        random: @escaping @Sendable () -> UInt64,
        randomOctets: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.wallClock = wallClock
        self.clock = clock
        self.random = random
        self.randomOctets = randomOctets
    }
}

package final class WAMPRouter: Sendable {
    package let settings: RouterSettings
    package let realms: [RouterRealm]
    let surroundings: RouterSurroundings
    /// Dialect ids of the forms, in the order of ``WAMPForm``.
    let firstID: DialectID
    private let places: [String: Int]

    /// - Parameter firstID: The id of the first form; the others follow.
    package init(
        settings: RouterSettings = RouterSettings(), realms: [RealmSettings],
        services: any RouterServices, surroundings: RouterSurroundings, firstID: DialectID
    ) {
        self.settings = settings
        self.surroundings = surroundings
        self.firstID = firstID
        self.realms = realms.map {
            RouterRealm($0, services: services, surroundings: surroundings, ownID: firstID)
        }
        for realm in self.realms {
            services.observeRegistrations(of: realm.number) { [weak realm] event in
                realm?.announce(event)
            }
        }
        places = Dictionary(
            realms.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package func id(of form: WAMPForm) -> DialectID {
        DialectID(rawValue: firstID.rawValue + form.rawValue)
    }

    /// What the router's own publications are marked with.
    var ownID: DialectID { firstID }

    /// Whether a realm keeps what was published.
    package var hasHistory: Bool { realms.contains { $0.hasHistory } }

    /// Keeps what others than its sessions publish in the histories that it belongs to. What has no
    /// URI, or is published to many rooms at once, is no event of a topic; what is of the router's
    /// own dialect is kept by who makes it. Called from any thread.
    package func record(_ publication: Publication) {
        guard publication.dialect != ownID, publication.coverage == nil,
            let realm = realms.first(where: { $0.number == publication.realm }),
            realm.hasHistory, WAMPURI.uri(of: .exact(publication.room)) != nil,
            !publication.room[segment: 0].elementsEqual("wamp".utf8)
        else { return }
        realm.record(publication)
    }

    func realm(named name: String) -> RouterRealm? { places[name].map { realms[$0] } }

    /// All forms, each with its id.
    package func makeDialects() -> [WAMPDialect] {
        WAMPForm.allCases.map { WAMPDialect(self, $0, id: id(of: $0)) }
    }
}
