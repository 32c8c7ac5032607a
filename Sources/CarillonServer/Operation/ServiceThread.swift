// ServiceThread — a thread of the service beside the cores: detached, named, deaf to signals.

import CSystem
import Glibc

enum ServiceThread {
    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Runs `body` on a thread of its own, which ends with it.
    ///
    /// - Parameter name: At most 15 octets, as the kernel has it.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(Work(name, body)).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let work = unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
                unsafe carillon_prepare_thread(work.name, true)
                work.body()
                return nil
            }, context)
        precondition(status == 0, "no thread can be started: \(systemText(status))")
        pthread_detach(thread)
    }
}
