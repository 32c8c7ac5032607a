// Admission, words — what an admission is told and what it says.

internal import DialectKit

/// What the back end had to say.
enum FlightOutcome: Sendable {
    /// - isFailure: The status says that the application does not serve.
    case answered(BackEndAnswer, isFailure: Bool)
    case tooLarge
    /// - isFailure: The back end was not there; otherwise it was, and spoke in vain.
    case failed(String, isFailure: Bool)
}

extension Admission {
    struct Ending {
        let asker: Asker
        let result: Result<BackEndAnswer, BackEndFailure>
    }

    /// What the link's thread has to do, in this order.
    struct Turn {
        /// Flights under way that nobody waits for any more.
        var drops: [UInt64] = []
        var endings: [Ending] = []
        var starts: [(flight: UInt64, question: Question)] = []
        var knocks = false
        /// When the next turn is due.
        var next: UInt64?
    }

    /// What became of a request.
    enum Submission: Equatable {
        /// With the number to cancel it by.
        case admitted(UInt64)
        case refused(BackEndFailure)
    }

    /// Numbers that only grow, and two that do not.
    struct Figures: Equatable {
        var requests = 0, shared = 0, failures = 0, breaks = 0, inFlight = 0, waiting = 0
    }
}
