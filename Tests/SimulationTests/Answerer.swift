// Answerer — calls that a test answers when it likes.

import DialectKit
import Engine
import Hub
import Rooms

/// Calls that wait until a test answers them, oldest first. Used from one thread.
final class Answerer: @unchecked Sendable {
    private(set) var calls: [HandledCall] = []
    /// How often a handler was told that nobody waits any more.
    private(set) var cancelCount = 0
    /// Calls that were asked.
    private(set) var askedCount = 0

    /// `h.echo` and all that begins with `g.`, answered at once, and `h.slow` that tests answer.
    var registrations: [HandlerRegistration] {
        [
            HandlerRegistration(.exact(SpokenDialect.room("h.echo"))) {
                $0.answer(.result($0.call.arguments))
            },
            HandlerRegistration(.prefix(Array("g.".utf8))) { call in
                let name = SpokenDialect.name(of: call.procedure)
                call.answer(.result(Arguments(value: Array("\"\(name)\"".utf8))))
            },
            HandlerRegistration(.exact(SpokenDialect.room("h.slow"))) { [self] call in
                calls.append(call)
                askedCount += 1
                call.whenCanceled { self.cancelCount += 1 }
            },
        ]
    }

    /// Calls lead back to the engine that knows their handler.
    func forget() { calls = [] }

    func answer(_ outcome: CallOutcome, at place: Int = 0) {
        calls.remove(at: place).answer(outcome)
    }
}
