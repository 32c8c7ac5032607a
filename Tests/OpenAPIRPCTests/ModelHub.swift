// ModelHub — the smallest engine that keeps the contract: it carries out commands and delivers.
//
// One realm, one dialect, no cores. What a client gets is an array of messages.

import Bytes
import DialectKit
import Hub
import OpenAPIRPC
import Rooms

/// What a client can see of the server.
enum Arrival: Equatable {
    case message(String)
    case close(UInt16)
}

/// One connection as the engine sees it.
final class ModelConnection {
    let session: any Session
    var subscriptions: [(pattern: Pattern, reading: Reading)] = []
    var arrivals: [Arrival] = []
    var isOpen = true
    /// Messages that wait for the answer to a call.
    var held: [(MessageKind, [UInt8])] = []
    var pendingCall: (token: CallToken, procedure: String, arguments: [UInt8])?

    init(session: any Session) { self.session = session }
}

/// The world around one dialect. Used by one test at a time.
final class ModelHub: @unchecked Sendable {
    static let dialectID = DialectID(rawValue: 3)

    private(set) var dialect: OpenAPIDialect!
    private(set) var connections: [ModelConnection] = []
    /// Patterns in the order in which they came to be.
    private var created: [Pattern] = []
    var procedures: Set<String> = []
    private(set) var publications: [Publication] = []

    init(_ settings: OpenAPISettings = OpenAPISettings()) {
        dialect = OpenAPIDialect(
            id: Self.dialectID, realm: .standard, settings: settings,
            directory: DirectoryOfHub(hub: self))
    }

    func open(path: String = "/stream") -> ModelConnection {
        let request = OpeningRequest(path: path, query: "", subprotocols: [], headers: [])
        guard case .accept(let session, subprotocol: nil) = dialect.open(request) else {
            preconditionFailure("the dialect accepts everybody")
        }
        let connection = ModelConnection(session: session)
        connections.append(connection)
        var commands = Commands()
        session.opened(&commands)
        carryOut(commands, for: connection, inbound: [])
        return connection
    }

    func send(_ text: String, from connection: ModelConnection) {
        send(.text, Array(text.utf8), from: connection)
    }

    func send(_ kind: MessageKind, _ octets: [UInt8], from connection: ModelConnection) {
        guard connection.isOpen else { return }
        guard connection.pendingCall == nil else {
            connection.held.append((kind, octets))
            return
        }
        var commands = Commands()
        connection.session.receive(kind, unsafe octets.span.bytes, &commands)
        carryOut(commands, for: connection, inbound: octets)
    }

    func answerCall(of connection: ModelConnection, _ outcome: CallOutcome) {
        guard let call = connection.pendingCall else {
            preconditionFailure("nobody was asked")
        }
        connection.pendingCall = nil
        var commands = Commands()
        connection.session.answered(call.token, outcome, &commands)
        carryOut(commands, for: connection, inbound: [])
        let held = connection.held
        connection.held = []
        for (kind, octets) in held { send(kind, octets, from: connection) }
    }

    func close(_ connection: ModelConnection) {
        connection.isOpen = false
        connection.subscriptions = []
        forgetUnused()
    }

    func publish(_ publication: Publication) {
        publications.append(publication)
        for connection in connections where connection.isOpen {
            let reading = connection.subscriptions.first {
                isMatch($0.pattern, $0.reading, publication)
            }?.reading
            guard let reading else { continue }
            var message = OctetBuffer()
            if dialect.encode(publication, reading: reading, into: &message) {
                connection.arrivals.append(.message(message.octets.text))
            }
        }
    }

    private func isMatch(
        _ pattern: Pattern, _ reading: Reading, _ publication: Publication
    ) -> Bool {
        guard case .glob(let parent, let glob) = pattern else { return false }
        if publication.dialect == Self.dialectID, publication.reading != reading { return false }
        let room = publication.room
        if room == parent { return glob.matchesEmpty }
        let count = room.segmentCount - 1
        guard count >= 1, room.prefix(count) == parent else { return false }
        return glob.matches(unsafe Array(room[segment: count]).span.bytes)
    }

    private func carryOut(
        _ commands: borrowing Commands, for connection: ModelConnection, inbound: [UInt8]
    ) {
        for command in commands.list where connection.isOpen {
            switch command {
            case .reply(_, let range):
                let text = commands.octets.octets.extracting(range).text
                connection.arrivals.append(.message(text))
            case .relay(_, let range):
                connection.arrivals.append(
                    .message(String(decoding: inbound[range], as: UTF8.self)))
            case .subscribe(let pattern, let reading, tail: _):
                connection.subscriptions.append((pattern, reading))
                if !created.contains(pattern) { created.append(pattern) }
            case .unsubscribe(let pattern, let reading, tail: _):
                let place = connection.subscriptions.firstIndex {
                    $0.pattern == pattern && $0.reading == reading
                }
                connection.subscriptions.remove(at: place!)
                forgetUnused()
            case .publish(let publication): publish(publication)
            case .call(let token, let call):
                let procedure = call.procedure.dottedText
                connection.pendingCall = (token, procedure, call.arguments.firstValue ?? [])
                guard !procedures.contains(procedure) else { break }
                answerCall(
                    of: connection,
                    .failure(ProcedureError(CallError.noSuchProcedure(call.procedure), nil)))
            case .close(let code, reason: _):
                connection.arrivals.append(.close(code))
                close(connection)
            default: preconditionFailure("no command of this dialect")
            }
        }
    }

    private func forgetUnused() { created.removeAll { count(of: $0) == 0 } }

    private func count(of pattern: Pattern) -> Int {
        connections.count { $0.subscriptions.contains { $0.pattern == pattern } }
    }

    // MARK: What a directory answers

    func connectionCount(of dialect: DialectID, in realm: Realm) -> Int {
        connections.count { $0.isOpen }
    }

    func subscriptions(
        of dialect: DialectID, in realm: Realm
    ) -> [(pattern: Pattern, subscriberCount: Int)] {
        created.map { ($0, count(of: $0)) }
    }

    func hasSubscribers(under parent: Room, of dialect: DialectID, in realm: Realm) -> Bool {
        created.contains {
            if case .glob(parent, _) = $0 { true } else { false }
        }
    }
}

/// What the hub's dialect sees of it. It does not own the hub, which owns the dialect.
private struct DirectoryOfHub: Directory {
    unowned let hub: ModelHub

    func connectionCount(of dialect: DialectID, in realm: Realm) -> Int {
        hub.connectionCount(of: dialect, in: realm)
    }

    func subscriptions(
        of dialect: DialectID, in realm: Realm
    ) -> [(pattern: Pattern, subscriberCount: Int)] {
        hub.subscriptions(of: dialect, in: realm)
    }

    func hasSubscribers(under parent: Room, of dialect: DialectID, in realm: Realm) -> Bool {
        hub.hasSubscribers(under: parent, of: dialect, in: realm)
    }

    func subscribedPatternCount(of dialect: DialectID, in realm: Realm) -> Int {
        hub.subscriptions(of: dialect, in: realm).count
    }

    func deliveryCount(of dialect: DialectID) -> Int { 0 }
}
