// ModelHub — the model engine around the Shampoo dialect.
//
// Procedures answer at once unless there is none of that name: such calls wait for
// `answerCall(of:_:)`.

import Bytes
import DialectKit
import DialectTesting
import Hub
import Rooms
import Shampoo

extension ModelConnection.Subscription {
    /// This dialect subscribes to rooms as they are.
    var room: Room {
        guard case .exact(let room) = pattern else { preconditionFailure("\(pattern)") }
        return room
    }
}

/// A handler: what it is asked with, what it may push, and what comes of it.
typealias Procedure = (CallRequest, (String, String) -> Void) -> CallOutcome

/// The world around one dialect. Used by one test at a time.
final class ModelHub: ModelEngine {
    static let dialectID = DialectID(rawValue: 5)

    let dialect: ShampooDialect
    let state = ModelState()
    var procedures: [String: Procedure]

    init(
        _ settings: ShampooSettings = ShampooSettings(), endpoints: [ShampooEndpoint],
        procedures: [String: Procedure] = [:]
    ) {
        dialect = ShampooDialect(
            id: Self.dialectID, realm: .standard, settings: settings, endpoints: endpoints)
        self.procedures = procedures
    }

    var spoken: any Dialect { dialect }

    /// Opens a connection, waiting for a back end that answers at once.
    func open(
        _ path: String, query: String = "", headers: [(name: String, value: String)] = [],
        subprotocols: [String] = ["shampoo"]
    ) -> Result<(ModelConnection, subprotocol: String?), Refused> {
        let connection = open(
            OpeningRequest(
                path: path, query: query, subprotocols: subprotocols, headers: headers))
        if case .refusal(let refusal)? = connection.arrivals.first {
            return .failure(Refused(refusal: refusal))
        }
        precondition(connection.isOpen, "nobody has decided")
        return .success((connection, connection.subprotocol))
    }

    func called(by connection: ModelConnection, _ request: CallRequest) {
        guard let procedure = procedures[request.procedure.dottedText] else { return }
        let outcome = procedure(request) { event, data in
            tell(PushNote(event: event, data: Array(data.utf8)), to: connection)
        }
        answerCall(of: connection, outcome)
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
