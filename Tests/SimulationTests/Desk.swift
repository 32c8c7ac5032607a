// Desk — who is asked about openings in the simulation, and decides when a test says so.

import DialectKit
import Engine
import Lockfree
import Testing

/// Who is asked about openings.
final class Desk: Sendable {
    enum Decision { case accept }

    private let asked = Guarded<[Question]>([])
    private let decision: Decision?

    /// - Parameter decision: Given at once.
    init(decision: Decision? = nil) { self.decision = decision }

    var questions: [Question] { asked.withLock { $0 } }

    /// - Parameter name: Whose question it is, where that matters.
    func ask(_ dialect: SpokenDialect, _ name: String = "") -> Question {
        let question = Question(dialect, decision, name)
        asked.withLock { $0.append(question) }
        return question
    }

    func forget() { asked.withLock { $0 = [] } }
}

/// One opening that waits.
final class Question: PendingOpening {
    typealias Decide = @Sendable (@escaping @Sendable () -> OpeningDecision) -> Void

    private struct State {
        var decide: Decide?
        var connection: UInt64 = 0
        var abandonCount = 0
        var isDecided = false
    }

    private let dialect: SpokenDialect
    private let decision: Desk.Decision?
    private let state = Guarded(State())

    let name: String

    init(_ dialect: SpokenDialect, _ decision: Desk.Decision?, _ name: String) {
        self.name = name
        self.dialect = dialect
        self.decision = decision
    }

    func begin(connection: UInt64, _ decide: @escaping Decide) {
        state.withLock { state in
            precondition(state.decide == nil, "begun twice")
            state.decide = decide
            state.connection = connection
        }
        if decision != nil { accept() }
    }

    func abandon() { state.withLock { $0.abandonCount += 1 } }

    var abandonCount: Int { state.withLock { $0.abandonCount } }
    var slot: Int { ConnectionID(rawValue: state.withLock { $0.connection }).slot }

    /// Whether anybody has decided, in time or not.
    var isDecided: Bool { state.withLock { $0.isDecided } }

    func accept() {
        let dialect = dialect
        decide { dialect.acceptance }
    }

    func refuse(_ refusal: Refusal) { decide { .refuse(refusal) } }

    private func decide(_ decision: @escaping @Sendable () -> OpeningDecision) {
        let decide = state.withLock { state in
            state.isDecided = true
            return state.decide
        }
        decide?(decision)
    }
}
