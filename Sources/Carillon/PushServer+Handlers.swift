// Handlers — procedures that clients call by name.
//
// A core never waits, so what may take time runs elsewhere: each call is a task of Swift
// concurrency, and its answer comes back to the connection's core by mail. A client has one call
// under way at a time (its next messages wait for the answer), so there are never more tasks than
// connections.

import DialectKit
import Engine

extension PushServer {
    /// Answers the calls of `procedure`. To be called before ``start()``.
    ///
    /// - Parameter body: Runs in a task of its own. What it returns is the answer; throwing a
    ///   ``CallFailure`` tells the caller its message.
    public func handle(
        _ procedure: String, _ body: @escaping @Sendable (Call) async throws -> JSONText
    ) {
        register(procedure) { arguments, answer in
            let call = Call(procedure: procedure, arguments: JSONText(octets: arguments))
            Task {
                do {
                    answer(.result(try await body(call).sendable))
                } catch let failure as CallFailure {
                    answer(.failure(message: failure.message))
                } catch {
                    answer(.crashed)
                }
            }
        }
    }

    /// Answers the calls of `procedure` at once, on the core of the caller: no task and no thread
    /// is involved, and everybody on that core waits meanwhile. For what takes microseconds and
    /// never blocks. To be called before ``start()``.
    public func handleOnCore(
        _ procedure: String, _ body: @escaping @Sendable (Call) throws -> JSONText
    ) {
        register(procedure) { arguments, answer in
            let call = Call(procedure: procedure, arguments: JSONText(octets: arguments))
            do {
                answer(.result(try body(call).sendable))
            } catch let failure as CallFailure {
                answer(.failure(message: failure.message))
            } catch {
                answer(.crashed)
            }
        }
    }
}

extension JSONText {
    /// The octets, or none: no JSON, which the dialect answers with its error. It checks the rest,
    /// but that text is UTF-8 it takes for granted.
    fileprivate var sendable: [UInt8] { isValid ? octets : [] }
}
