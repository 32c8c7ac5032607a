// ModelHub — the smallest engine that keeps the contract: it carries out commands and delivers.
//
// One realm, one dialect, no cores. What a client gets is an array of messages. Procedures answer
// at once unless there is none of that name: such calls wait for `answer(_:of:)`.

import Bytes
import DialectKit
import Hub
import Rooms
import Shampoo

/// What a client can see of the server.
enum Arrival: Equatable {
    case message(String)
    case close(UInt16, String)
}

/// One connection as the engine sees it.
final class ModelConnection {
    let number: UInt64
    let session: any Session
    var subscriptions: [(room: Room, reading: Reading)] = []
    var arrivals: [Arrival] = []
    var isOpen = true
    /// Error replies that were counted.
    var errorCount = 0
    /// Messages that wait for the answer to a call.
    var held: [(MessageKind, [UInt8])] = []
    var pending: (token: CallToken, request: CallRequest)?
    /// Whether a procedure has the call.
    var isHandled = false

    init(number: UInt64, session: any Session) {
        self.number = number
        self.session = session
    }

    /// Takes what has arrived since the last time.
    func take() -> [Arrival] {
        defer { arrivals = [] }
        return arrivals
    }
}

/// A handler: what it is asked with, what it may push, and what comes of it.
typealias Procedure = (CallRequest, (String, String) -> Void) -> CallOutcome

/// The world around one dialect. Used by one test at a time.
final class ModelHub {
    static let dialectID = DialectID(rawValue: 5)

    let dialect: ShampooDialect
    private(set) var connections: [ModelConnection] = []
    var procedures: [String: Procedure]
    private var lastNumber: UInt64 = 1 << 60

    init(
        _ settings: ShampooSettings = ShampooSettings(), endpoints: [ShampooEndpoint],
        procedures: [String: Procedure] = [:]
    ) {
        dialect = ShampooDialect(
            id: Self.dialectID, realm: .standard, settings: settings, endpoints: endpoints)
        self.procedures = procedures
    }

    /// Opens a connection, waiting for a back end that answers at once.
    func open(
        _ path: String, query: String = "", headers: [(name: String, value: String)] = [],
        subprotocols: [String] = ["shampoo"]
    ) -> Result<(ModelConnection, subprotocol: String?), Refused> {
        lastNumber += 1
        let request = OpeningRequest(
            path: path, query: query, subprotocols: subprotocols, headers: headers)
        var decision = dialect.open(request)
        if case .later(let pending) = decision {
            let answer = Kept()
            pending.begin(connection: lastNumber) { answer.decision = $0 }
            guard let decide = answer.decision else { preconditionFailure("nobody has decided") }
            decision = decide()
        }
        switch decision {
        case .accept(let session, let subprotocol):
            let connection = ModelConnection(number: lastNumber, session: session)
            connections.append(connection)
            carryOut(for: connection) { session.opened(&$0) }
            return .success((connection, subprotocol))
        case .refuse(let refusal): return .failure(Refused(refusal: refusal))
        case .later: preconditionFailure("it said so before")
        }
    }

    func send(_ text: String, from connection: ModelConnection) {
        send(.text, Array(text.utf8), from: connection)
    }

    func send(_ kind: MessageKind, _ octets: [UInt8], from connection: ModelConnection) {
        guard connection.isOpen else { return }
        guard connection.pending == nil else {
            connection.held.append((kind, octets))
            return
        }
        carryOut(for: connection) {
            connection.session.receive(kind, unsafe octets.span.bytes, &$0)
        }
    }

    /// Answers the call that waits.
    func answer(_ outcome: CallOutcome, of connection: ModelConnection) {
        guard let (token, _) = connection.pending else { preconditionFailure("nobody was asked") }
        connection.pending = nil
        connection.isHandled = false
        carryOut(for: connection) { connection.session.answered(token, outcome, &$0) }
        let held = connection.held
        connection.held = []
        for (kind, octets) in held { send(kind, octets, from: connection) }
    }

    func tell(_ note: any SessionNote, to connection: ModelConnection) {
        carryOut(for: connection) { connection.session.told(note, &$0) }
    }

    func close(_ connection: ModelConnection) {
        guard connection.isOpen else { return }
        connection.isOpen = false
        connection.subscriptions = []
        guard connection.session.leavesTraces else { return }
        var commands = Commands()
        commands.connection = connection.number
        connection.session.closed(&commands)
        precondition(commands.list.isEmpty)
    }

    func publish(_ publication: Publication) {
        for connection in connections where connection.isOpen {
            let subscription = connection.subscriptions.first { $0.room == publication.room }
            guard let reading = subscription?.reading else { continue }
            var message = OctetBuffer()
            if dialect.encode(publication, reading: reading, into: &message) {
                connection.arrivals.append(.message(message.octets.text))
            }
        }
    }

    func carryOut(for connection: ModelConnection, _ body: (inout Commands) -> Void) {
        var commands = Commands()
        commands.connection = connection.number
        body(&commands)
        connection.errorCount += commands.errorCount
        for command in commands.list where connection.isOpen {
            switch command {
            case .reply(.text, let range):
                connection.arrivals.append(
                    .message(commands.octets.octets.extracting(range).text))
            case .subscribe(.exact(let room), let reading, tail: []):
                precondition(!connection.subscriptions.contains { $0.room == room })
                connection.subscriptions.append((room, reading))
            case .call(let token, let request):
                precondition(connection.pending == nil && request.holdsInput)
                connection.pending = (token, request)
            case .close(let code, let reason):
                connection.arrivals.append(.close(code, reason))
                close(connection)
            default: preconditionFailure("no command of this dialect")
            }
        }
        guard connection.isOpen, !connection.isHandled,
            let (_, request) = connection.pending,
            let procedure = procedures[request.procedure.dottedText]
        else { return }
        connection.isHandled = true
        let outcome = procedure(request) { event, data in
            self.tell(PushNote(event: event, data: Array(data.utf8)), to: connection)
        }
        answer(outcome, of: connection)
    }
}

/// An opening that was refused.
struct Refused: Error {
    let refusal: Refusal
}

/// A decision on its way. Used by one thread.
final class Kept: @unchecked Sendable {
    var decision: (@Sendable () -> OpeningDecision)?
}
