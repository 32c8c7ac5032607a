// ModelHub — the smallest engine that keeps the contract: it carries out commands and delivers.
//
// One realm, one dialect, no cores. What a client gets is an array of messages. Procedures are
// closures; one that returns nothing has not answered yet.

import Bytes
import DialectKit
import Hub
import Rohrpost
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
    var errorCount = 0
    /// Messages that wait for the answer to a call.
    var held: [(MessageKind, [UInt8])] = []
    var pendingCall: (token: CallToken, request: CallRequest)?

    init(session: any Session) { self.session = session }

    /// Takes what has arrived since the last time; messages as their text.
    func take() -> [String] {
        defer { arrivals = [] }
        return arrivals.map {
            switch $0 {
            case .message(let text): text
            case .close(let code): "closed with \(code)"
            }
        }
    }
}

/// The world around one dialect. Used by one test at a time.
final class ModelHub {
    static let dialectID = DialectID(rawValue: 5)

    let dialect: RohrpostDialect
    private(set) var connections: [ModelConnection] = []
    var procedures: [String: (Arguments) -> CallOutcome?] = [:]
    private(set) var calls: [CallRequest] = []
    /// Whether the index takes no more patterns.
    var isIndexFull = false

    /// - Parameter seconds: What the wall clock says, since 1970.
    init(
        _ settings: RohrpostSettings = RohrpostSettings(),
        seconds: @escaping @Sendable () -> UInt64 = { 1_500_000_000 }
    ) {
        dialect = RohrpostDialect(
            id: Self.dialectID, realm: .standard, settings: settings,
            wallClock: { seconds() * 1_000_000_000 })
    }

    func open(path: String = "/rohrpost/", subprotocols: [String] = []) -> ModelConnection {
        let request = OpeningRequest(
            path: path, query: "", subprotocols: subprotocols, headers: [])
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
        answerCall(of: connection)
    }

    /// Answers the call that waits, if it does: like this, or as its procedure does.
    func answerCall(of connection: ModelConnection, _ outcome: CallOutcome? = nil) {
        guard let call = connection.pendingCall else { return }
        let name = call.request.procedure.dottedText
        let unknown = ProcedureError(
            uri: ProcedureError.noSuchProcedureURI, message: "no such procedure")
        let answer = procedures[name] ?? { _ in .failure(unknown) }
        guard let outcome = outcome ?? answer(call.request.arguments) else { return }
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
    }

    func publish(_ publication: Publication) {
        for connection in connections where connection.isOpen {
            let found = connection.subscriptions.first { pattern, reading in
                let isOurs = publication.dialect == Self.dialectID
                if isOurs, let own = publication.reading, own != reading { return false }
                return pattern.matches(publication.room)
            }
            var message = OctetBuffer()
            if let found, dialect.encode(publication, reading: found.reading, into: &message) {
                connection.arrivals.append(.message(message.octets.text))
            }
        }
    }

    /// Publishes this JSON value to the room of that text form, as from elsewhere.
    func publish(_ json: String, to room: String) throws {
        publish(
            Publication(realm: .standard, room: try Room(text: room), payload: Array(json.utf8)))
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
                precondition(tail.isEmpty)
                guard !isIndexFull else { return refuse(pattern, reading, inbound, connection) }
                precondition(!connection.subscriptions.contains { $0.pattern == pattern })
                connection.subscriptions.append((pattern, reading))
            case .unsubscribe(let pattern, let reading, _):
                let place = connection.subscriptions.firstIndex {
                    $0.pattern == pattern && $0.reading == reading
                }
                connection.subscriptions.remove(at: place!)
            case .call(let token, let request):
                precondition(request.holdsInput && connection.pendingCall == nil)
                calls.append(request)
                connection.pendingCall = (token, request)
            case .close(let code, reason: _):
                connection.arrivals.append(.close(code))
                close(connection)
            default: preconditionFailure("no command of this dialect")
            }
        }
    }

    private func refuse(
        _ pattern: Pattern, _ reading: Reading, _ inbound: [UInt8], _ connection: ModelConnection
    ) {
        var commands = Commands()
        connection.session.refused(unsafe inbound.span.bytes, pattern, reading, &commands)
        carryOut(commands, for: connection, inbound: inbound)
    }
}

extension Arguments {
    convenience init(_ json: String) { self.init(value: Array(json.utf8)) }

    /// What a procedure of one argument is called with.
    var text: String { String(decoding: value(), as: UTF8.self) }
}

extension CallOutcome {
    static func value(_ json: String) -> CallOutcome { .result(Arguments(json)) }

    static func error(_ uri: String, _ message: String) -> CallOutcome {
        .failure(ProcedureError(uri: uri, message: message))
    }
}
