// ModelHub — the model engine around the high-templar dialect, with its application and triggers.

import Bytes
import DialectKit
import DialectTesting
import HighTemplar
import Rooms

/// The world around one dialect. Used by one test at a time.
final class ModelHub: ModelEngine, @unchecked Sendable {
    static let dialectID = DialectID(rawValue: 5)

    private(set) var dialect: HighTemplarDialect!
    let api: ModelAPI?
    let triggers: TriggerIntake
    let state = ModelState()
    /// Whether the index refuses wildcard patterns.
    var refusesPatterns = false

    init(
        _ settings: HighTemplarSettings = HighTemplarSettings(), api: ModelAPI? = ModelAPI(),
        match: PublishMatch = .covering
    ) {
        self.api = api
        triggers = TriggerIntake(realm: .standard, match: match)
        var generator = SplitMix64(seed: 1)
        let words = (0..<64).map { _ in generator.next() }
        let place = Counter()
        dialect = HighTemplarDialect(
            id: Self.dialectID, realm: .standard, settings: settings, api: api,
            directory: DirectoryOfHub(hub: self), triggers: triggers,
            surroundings: HighTemplarSurroundings(
                wallClock: { 1_767_261_600_000_001_000 }, zoneOffset: { _ in 3600 },
                random: { words[place.next() % words.count] }))
    }

    private final class Counter: @unchecked Sendable {
        private var count = 0

        func next() -> Int {
            count += 1
            return count - 1
        }
    }

    var spoken: any Dialect { dialect }

    /// Opens a connection as far as the API lets it come.
    func open(
        _ target: String = "/ws/", headers: [(name: String, value: String)] = []
    ) -> ModelConnection {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let request = OpeningRequest(
            path: String(parts[0]), query: parts.count == 2 ? String(parts[1]) : "",
            subprotocols: ["soap"], headers: dialect.readsHeaders ? headers : [])
        let connection = open(request)
        precondition(connection.subprotocol == nil)
        return connection
    }

    func hasRoom(for pattern: Pattern) -> Bool {
        if refusesPatterns, case .wildcard = pattern { return false }
        return true
    }

    /// Takes one trigger and delivers what it says.
    func trigger(_ body: String) throws(TriggerError) {
        let octets = Array(body.utf8)
        for publication in try triggers.take(unsafe octets.span.bytes) { publish(publication) }
    }

    /// What ``Publication/coverage`` promises, said plainly.
    func matches(
        _ subscription: ModelConnection.Subscription, _ publication: Publication
    ) -> Bool {
        let pattern = subscription.pattern
        guard let coverage = publication.coverage else { return pattern.matches(publication.room) }
        switch pattern {
        case .exact(let room):
            return coverage.count == room.segmentCount
                && coverage.indices.allSatisfy {
                    coverage[$0] == nil || coverage[$0]! == Array(room[segment: $0])
                }
        case .wildcard(let segments):
            return coverage.count == segments.count
                && coverage.indices.allSatisfy {
                    coverage[$0] == nil || segments[$0] == nil || coverage[$0] == segments[$0]
                }
        default: return pattern.matches(publication.room)
        }
    }

    // MARK: What a directory answers

    fileprivate var connectionCount: Int { connections.count { $0.isOpen } }

    fileprivate var patternCount: Int {
        Set(connections.flatMap { $0.subscriptions.map(\.pattern) }).count
    }
}

/// What the hub's dialect sees of it. It does not own the hub, which owns the dialect.
private struct DirectoryOfHub: Directory {
    unowned let hub: ModelHub

    func connectionCount(of dialect: DialectID, in realm: Realm) -> Int { hub.connectionCount }

    func subscriptions(
        of dialect: DialectID, in realm: Realm
    ) -> [(pattern: Pattern, subscriberCount: Int)] { [] }

    func hasSubscribers(under parent: Room, of dialect: DialectID, in realm: Realm) -> Bool {
        false
    }

    func subscribedPatternCount(of dialect: DialectID, in realm: Realm) -> Int {
        hub.patternCount
    }

    func deliveryCount(of dialect: DialectID) -> Int { hub.state.deliveryCount }
}
