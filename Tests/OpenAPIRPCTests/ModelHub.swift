// ModelHub — the model engine around the openapi-ws dialect, with the directory that it asks.

import Bytes
import DialectKit
import DialectTesting
import Hub
import OpenAPIRPC
import Rooms

/// The world around one dialect. Used by one test at a time.
final class ModelHub: ModelEngine, @unchecked Sendable {
    static let dialectID = DialectID(rawValue: 3)

    private(set) var dialect: OpenAPIDialect!
    let state = ModelState()
    /// Patterns in the order in which they came to be.
    fileprivate var created: [Pattern] = []
    /// Those that answer later; all others are unknown.
    var procedures: Set<String> = []

    init(_ settings: OpenAPISettings = OpenAPISettings()) {
        dialect = OpenAPIDialect(
            id: Self.dialectID, realm: .standard, settings: settings,
            directory: DirectoryOfHub(hub: self))
    }

    var spoken: any Dialect { dialect }

    func open(path: String = "/stream") -> ModelConnection {
        let connection = open(
            OpeningRequest(path: path, query: "", subprotocols: [], headers: []))
        precondition(connection.isOpen && connection.subprotocol == nil, "everybody is accepted")
        return connection
    }

    func matches(
        _ subscription: ModelConnection.Subscription, _ publication: Publication
    ) -> Bool {
        guard case .glob(let parent, let glob) = subscription.pattern else { return false }
        if publication.dialect == Self.dialectID, publication.reading != subscription.reading {
            return false
        }
        let room = publication.room
        if room == parent { return glob.matchesEmpty }
        let count = room.segmentCount - 1
        guard count >= 1, room.prefix(count) == parent else { return false }
        return glob.matches(unsafe Array(room[segment: count]).span.bytes)
    }

    func called(by connection: ModelConnection, _ request: CallRequest) {
        guard !procedures.contains(request.procedure.dottedText) else { return }
        answerCall(
            of: connection,
            .failure(ProcedureError(CallError.noSuchProcedure(request.procedure), nil)))
    }

    func subscriptionsChanged() {
        created.removeAll { count(of: $0) == 0 }
        for subscription in connections.flatMap(\.subscriptions)
        where !created.contains(subscription.pattern) {
            created.append(subscription.pattern)
        }
    }

    fileprivate func count(of pattern: Pattern) -> Int {
        connections.count { $0.subscriptions.contains { $0.pattern == pattern } }
    }
}

/// What the hub's dialect sees of it. It does not own the hub, which owns the dialect.
private struct DirectoryOfHub: Directory {
    unowned let hub: ModelHub

    func connectionCount(of dialect: DialectID, in realm: Realm) -> Int {
        hub.connections.count { $0.isOpen }
    }

    func subscriptions(
        of dialect: DialectID, in realm: Realm
    ) -> [(pattern: Pattern, subscriberCount: Int)] {
        hub.created.map { ($0, hub.count(of: $0)) }
    }

    func hasSubscribers(under parent: Room, of dialect: DialectID, in realm: Realm) -> Bool {
        hub.created.contains {
            if case .glob(parent, _) = $0 { true } else { false }
        }
    }

    func subscribedPatternCount(of dialect: DialectID, in realm: Realm) -> Int {
        hub.created.count
    }

    func deliveryCount(of dialect: DialectID) -> Int { 0 }
}
