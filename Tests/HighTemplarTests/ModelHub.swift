// ModelHub — the smallest engine that keeps the contract: it carries out commands and delivers.
//
// One realm, one dialect, no cores. What a client gets is an array of messages.

import Bytes
import DialectKit
import HighTemplar
import Rooms

/// What a client can see of the server.
enum Arrival: Equatable {
    case message(String)
    case close(UInt16)
    /// No WebSocket.
    case refusal(Refusal)
}

/// One connection as the engine sees it.
final class ModelConnection {
    struct Subscription: Equatable {
        let pattern: Pattern
        let tail: [UInt8]
    }

    fileprivate(set) var session: (any Session)?
    fileprivate var opening: (any PendingOpening)?
    fileprivate(set) var subscriptions: [Subscription] = []
    fileprivate(set) var isOpen = false
    fileprivate(set) var errorCount = 0
    fileprivate var wakeTime: UInt64?
    var arrivals: [Arrival] = []

    /// Takes what has arrived since the last time.
    func take() -> [Arrival] {
        defer { arrivals = [] }
        return arrivals
    }

    /// Takes what has arrived, which is messages.
    func takeMessages() -> [String] {
        take().map { if case .message(let text) = $0 { text } else { "\($0)" } }
    }
}

/// The world around one dialect. Used by one test at a time.
final class ModelHub: @unchecked Sendable {
    static let dialectID = DialectID(rawValue: 5)

    private(set) var dialect: HighTemplarDialect!
    let api: ModelAPI?
    let triggers: TriggerIntake
    private(set) var connections: [ModelConnection] = []
    /// Nanoseconds; what sessions see as ``Commands/now``.
    private(set) var now: UInt64 = 1_000_000
    private(set) var deliveryCount = 0
    /// Whether the index refuses wildcard patterns.
    var refusesPatterns = false
    private var seed: UInt64 = 7

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

    /// Opens a connection as far as the API lets it come.
    func open(
        _ target: String = "/ws/", headers: [(name: String, value: String)] = []
    ) -> ModelConnection {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let request = OpeningRequest(
            path: String(parts[0]), query: parts.count == 2 ? String(parts[1]) : "",
            subprotocols: ["soap"], headers: dialect.readsHeaders ? headers : [])
        let connection = ModelConnection()
        connections.append(connection)
        settle(dialect.open(request), for: connection)
        return connection
    }

    private func settle(_ decision: OpeningDecision, for connection: ModelConnection) {
        switch decision {
        case .refuse(let refusal): connection.arrivals.append(.refusal(refusal))
        case .accept(let session, let subprotocol):
            precondition(subprotocol == nil)
            connection.session = session
            connection.isOpen = true
            perform(for: connection) { session.opened(&$0) }
        case .later(let opening):
            connection.opening = opening
            // The model has one thread, so what is decided may be carried out at once.
            let box = Unchecked(connection)
            opening.begin(connection: 1) { [weak self] decision in
                guard box.value.opening != nil else { return }
                box.value.opening = nil
                let decided = decision()
                if case .later = decided { preconditionFailure("later must not be said twice") }
                self?.settle(decided, for: box.value)
            }
        }
    }

    private struct Unchecked: @unchecked Sendable {
        let value: ModelConnection
        init(_ value: ModelConnection) { self.value = value }
    }

    func send(_ text: String, from connection: ModelConnection) {
        send(.text, Array(text.utf8), from: connection)
    }

    func send(_ kind: MessageKind, _ octets: [UInt8], from connection: ModelConnection) {
        guard connection.isOpen, let session = connection.session else { return }
        perform(for: connection, inbound: octets) { commands in
            session.receive(kind, unsafe octets.span.bytes, &commands)
        }
    }

    /// The client leaves.
    func leave(_ connection: ModelConnection) {
        if let opening = connection.opening {
            connection.opening = nil
            opening.abandon()
        }
        close(connection)
    }

    private func close(_ connection: ModelConnection) {
        guard connection.isOpen, let session = connection.session else { return }
        connection.isOpen = false
        connection.subscriptions = []
        connection.wakeTime = nil
        guard session.leavesTraces else { return }
        var commands = Commands()
        session.closed(&commands)
        precondition(commands.list.isEmpty)
    }

    /// Lets time pass; sessions are woken in their order.
    func pass(seconds: Double) {
        let end = now + UInt64(seconds * 1e9)
        while let next = connections.compactMap(\.wakeTime).min(), next <= end {
            now = next
            for connection in connections where connection.wakeTime == next {
                connection.wakeTime = nil
                perform(for: connection) { connection.session?.timePassed(&$0) }
            }
        }
        now = end
    }

    /// Takes one trigger and delivers what it says.
    func trigger(_ body: String) throws(TriggerError) {
        let octets = Array(body.utf8)
        for publication in try triggers.take(unsafe octets.span.bytes) { publish(publication) }
    }

    func publish(_ publication: Publication) {
        for connection in connections where connection.isOpen {
            for subscription in connection.subscriptions
            where isMatch(subscription.pattern, publication) {
                var message = OctetBuffer()
                guard dialect.encode(publication, reading: 0, into: &message) else { continue }
                message.append(subscription.tail)
                connection.arrivals.append(.message(message.octets.text))
                deliveryCount += 1
            }
        }
    }

    /// What ``Publication/coverage`` promises, said plainly.
    private func isMatch(_ pattern: Pattern, _ publication: Publication) -> Bool {
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

    private func perform(
        for connection: ModelConnection, inbound: [UInt8] = [],
        _ body: (inout Commands) -> Void
    ) {
        var commands = Commands()
        commands.now = now
        body(&commands)
        carryOut(commands, for: connection, inbound: inbound)
    }

    private func carryOut(
        _ commands: borrowing Commands, for connection: ModelConnection, inbound: [UInt8]
    ) {
        connection.errorCount += commands.errorCount
        for command in commands.list where connection.isOpen {
            switch command {
            case .reply(let kind, let range):
                precondition(kind == .text)
                let text = commands.octets.octets.extracting(range).text
                connection.arrivals.append(.message(text))
            case .subscribe(let pattern, let reading, let tail):
                precondition(reading == 0 && tail.count <= Command.tailLimit)
                if refusesPatterns, case .wildcard = pattern {
                    perform(for: connection) {
                        connection.session?.refused(
                            unsafe inbound.span.bytes, pattern, reading, &$0)
                    }
                    return
                }
                let subscription = ModelConnection.Subscription(pattern: pattern, tail: tail)
                precondition(!connection.subscriptions.contains(subscription))
                connection.subscriptions.append(subscription)
            case .unsubscribe(let pattern, let reading, let tail):
                precondition(reading == 0)
                let subscription = ModelConnection.Subscription(pattern: pattern, tail: tail)
                let place = connection.subscriptions.firstIndex(of: subscription)
                connection.subscriptions.remove(at: place!)
            case .wake(let time): connection.wakeTime = time == 0 ? nil : now + time
            case .close(let code, reason: _):
                connection.arrivals.append(.close(code))
                close(connection)
            default: preconditionFailure("no command of this dialect")
            }
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

    func deliveryCount(of dialect: DialectID) -> Int { hub.deliveryCount }
}
