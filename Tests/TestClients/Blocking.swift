// Blocking — clients that wait for an answer must not wait on the threads of Swift concurrency:
// there are as many as CPUs, and the handler that is waited for runs on them too.

import Dispatch

/// Runs `body` on a thread that may block.
package func blocking<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
    }
}
