// ModelHub — the model engine around the rohrpost dialect.
//
// Procedures are closures; one that returns nothing has not answered yet.

import Bytes
import DialectKit
import DialectTesting
import Hub
import Rohrpost
import Rooms

/// The world around one dialect. Used by one test at a time.
final class ModelHub: ModelEngine {
    static let dialectID = DialectID(rawValue: 5)

    let dialect: RohrpostDialect
    let state = ModelState()
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

    var spoken: any Dialect { dialect }

    func open(path: String = "/rohrpost/", subprotocols: [String] = []) -> ModelConnection {
        let connection = open(
            OpeningRequest(path: path, query: "", subprotocols: subprotocols, headers: []))
        precondition(connection.isOpen && connection.subprotocol == nil, "everybody is accepted")
        return connection
    }

    func hasRoom(for pattern: Pattern) -> Bool { !isIndexFull }

    func called(by connection: ModelConnection, _ request: CallRequest) {
        calls.append(request)
        let unknown = ProcedureError(
            uri: ProcedureError.noSuchProcedureURI, message: "no such procedure")
        let answer = procedures[request.procedure.dottedText] ?? { _ in .failure(unknown) }
        if let outcome = answer(request.arguments) { answerCall(of: connection, outcome) }
    }

    /// Publishes this JSON value to the room of that text form, as from elsewhere.
    func publish(_ json: String, to room: String) throws {
        publish(
            Publication(realm: .standard, room: try Room(text: room), payload: Array(json.utf8)))
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
