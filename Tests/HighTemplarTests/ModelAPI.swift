// ModelAPI — a table of answers in place of an HTTP application.

import DialectKit

/// Answers at once, or when it is told to. Used by one test at a time.
final class ModelAPI: BackEnd, @unchecked Sendable {
    typealias Completion = @Sendable (Result<BackEndAnswer, BackEndFailure>) -> Void

    let name = "api"
    /// What every GET is answered with.
    var answer: Result<BackEndAnswer, BackEndFailure> = .success(
        BackEndAnswer(status: 200, contentType: "application/json", body: Array("{}".utf8)))
    /// Whether answers wait for ``release()``.
    var isFrozen = false
    private(set) var requests: [BackEndRequest] = []
    private var waiting: [Ticket] = []

    final class Ticket: BackEndTicket, @unchecked Sendable {
        fileprivate var completion: Completion?
        private(set) var isCanceled = false

        func cancel() {
            isCanceled = true
            complete(.failure(.canceled))
        }

        fileprivate func complete(_ result: Result<BackEndAnswer, BackEndFailure>) {
            let completion = completion
            self.completion = nil
            completion?(result)
        }
    }

    @discardableResult
    func send(_ request: BackEndRequest, _ completion: @escaping Completion) -> any BackEndTicket {
        requests.append(request)
        let ticket = Ticket()
        ticket.completion = completion
        if isFrozen {
            waiting.append(ticket)
        } else {
            ticket.complete(answer)
        }
        return ticket
    }

    /// Answers what waits.
    func release() {
        let tickets = waiting
        waiting = []
        for ticket in tickets { ticket.complete(answer) }
    }

    var canceledCount: Int { waiting.count { $0.isCanceled } }

    func takeRequest() -> BackEndRequest? { requests.isEmpty ? nil : requests.removeFirst() }

    /// What was asked since the last time, without headers.
    func takeLines() -> [String] {
        defer { requests = [] }
        return requests.map { "\($0.method) \($0.target)" }
    }
}
