// Handlers — procedures that clients call by name.
//
// A core never waits, so what may take time runs elsewhere: each call is a task of Swift
// concurrency, and its answer comes back to the caller's core by mail. They are callees of the
// realm's dealer: clients of every dialect call them, and the dealer limits how many calls wait. A
// caller that leaves, or waits no longer, cancels the task.

import DialectKit
import Engine
import Hub

extension PushServer {
    /// Answers the calls of `procedure`. To be called before ``start()``; later it stops the
    /// process. Of two handlers of one name the second counts.
    ///
    /// - Parameters:
    ///   - procedure: One to 255 octets, at most 32 parts with dots between them; ``start()`` throws
    ///     ``StartError/badOption(_:)`` for others.
    ///   - body: Runs in a task of its own, which is canceled when the caller leaves or waits no
    ///     longer. What it returns is the answer; throwing a ``CallFailure`` tells the caller its
    ///     message, any other error is an internal error to it.
    public func handle(
        _ procedure: String, _ body: @escaping @Sendable (Call) async throws -> JSONText
    ) {
        register(procedure) { handled in
            let call = Call(handled, procedure)
            guard handled.hold(call.arguments.octets.count) else { return }
            let task = Task {
                do {
                    handled.answer(try await body(call).outcome)
                } catch {
                    handled.answer(error.outcome)
                }
            }
            handled.whenCanceled { task.cancel() }
        }
    }

    /// Answers the calls of `procedure` at once, on the core of the caller: no task and no thread
    /// is involved, and everybody on that core waits meanwhile. For what takes microseconds and
    /// never blocks. Otherwise as ``handle(_:_:)``.
    public func handleOnCore(
        _ procedure: String, _ body: @escaping @Sendable (Call) throws -> JSONText
    ) {
        register(procedure) { handled in
            do {
                handled.answer(try body(Call(handled, procedure)).outcome)
            } catch {
                handled.answer(error.outcome)
            }
        }
    }
}

extension Call {
    fileprivate init(_ handled: HandledCall, _ procedure: String) {
        self.init(
            procedure: procedure,
            arguments: JSONText(octets: handled.call.arguments.value()))
    }
}

extension JSONText {
    /// The result it is, if it is JSON.
    fileprivate var outcome: CallOutcome {
        isValid
            ? .result(Arguments(value: octets))
            : .failure(ProcedureError(uri: ProcedureError.notJSONURI))
    }
}

extension Error {
    /// What a caller is told of what a handler threw.
    fileprivate var outcome: CallOutcome {
        guard let failure = self as? CallFailure else { return .failure(.crashed) }
        return .failure(ProcedureError(status: 500, message: failure.message))
    }
}
