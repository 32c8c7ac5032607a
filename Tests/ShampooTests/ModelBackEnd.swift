// ModelBackEnd — a back end that answers from a function, at once or when it is told to.

import DialectKit

final class ModelBackEnd: BackEnd, @unchecked Sendable {
    typealias Answer = Result<BackEndAnswer, BackEndFailure>

    let name = "model"
    private(set) var requests: [BackEndRequest] = []
    private(set) var canceledCount = 0
    /// Questions that nobody has answered.
    private var waiting: [@Sendable (Answer) -> Void] = []
    private let answer: (BackEndRequest) -> Answer?

    /// - Parameter answer: `nil` lets the question wait for `settle(_:)`.
    init(_ answer: @escaping (BackEndRequest) -> Answer?) { self.answer = answer }

    func send(
        _ request: BackEndRequest, _ completion: @escaping @Sendable (Answer) -> Void
    ) -> any BackEndTicket {
        requests.append(request)
        if let answer = answer(request) { completion(answer) } else { waiting.append(completion) }
        return Ticket(backEnd: self)
    }

    /// Answers the first question that waits.
    func settle(_ answer: Answer) { waiting.removeFirst()(answer) }

    func requests(to target: String) -> [BackEndRequest] {
        requests.filter { $0.target == target }
    }

    private final class Ticket: BackEndTicket {
        let backEnd: ModelBackEnd
        init(backEnd: ModelBackEnd) { self.backEnd = backEnd }
        func cancel() {
            backEnd.canceledCount += 1
            backEnd.settle(.failure(.canceled))
        }
    }
}

extension BackEndAnswer {
    init(_ status: Int, _ body: String = "", type: String = "application/json") {
        self.init(status: status, contentType: type, body: Array(body.utf8))
    }
}
