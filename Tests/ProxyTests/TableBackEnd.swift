// TableBackEnd — a back end that answers from a table by target, and remembers what it was asked.

import DialectKit

final class TableBackEnd: BackEnd, @unchecked Sendable {
    typealias Answer = Result<BackEndAnswer, BackEndFailure>

    let name = "table"
    private(set) var requests: [BackEndRequest] = []
    var answers: [String: Answer] = [:]

    func send(
        _ request: BackEndRequest, _ completion: @escaping @Sendable (Answer) -> Void
    ) -> any BackEndTicket {
        requests.append(request)
        completion(answers[request.target] ?? .failure(.unreachable("not in the table")))
        return Ticket()
    }

    /// What was asked last.
    var question: String { String(decoding: requests.last?.body ?? [], as: UTF8.self) }

    private final class Ticket: BackEndTicket {
        func cancel() {}
    }
}

/// What tests read from completions that come before they are asked for.
final class Slot<Value>: @unchecked Sendable {
    var value: Value?
}

extension BackEndAnswer {
    init(_ status: Int, _ body: String = "") {
        self.init(status: status, contentType: "application/json", body: Array(body.utf8))
    }
}

extension String {
    init(_ octets: [UInt8]) { self.init(decoding: octets, as: UTF8.self) }
}
