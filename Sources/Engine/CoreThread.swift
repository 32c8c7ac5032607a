// CoreThread — the thread a core lives on: makes its ring, runs it, unmakes it.

import CSystem
import Glibc
import Lockfree
import Uring

/// Safety: `thread` is written by `start` before anybody else can see it and read by `join`.
@safe
final class CoreThread: Sendable {
    let index: Int
    private let state: EngineState
    private let listeners: [Listener]
    private let ring: RingOptions
    private let cpu: Int?
    private let thread = Guarded<pthread_t?>(nil)
    private let outcome = Guarded<Result<Features, RingError>?>(nil)
    private let isUp = Semaphore()

    init(
        index: Int, state: EngineState, listeners: [Listener], ring: RingOptions, cpu: Int?
    ) {
        self.index = index
        self.state = state
        self.listeners = listeners
        self.ring = ring
        self.cpu = cpu
    }

    /// Starts the thread and waits until its ring is up or refused.
    func start() -> Result<Features, RingError> {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let status = unsafe pthread_create(&thread, nil, runCore, context)
        guard status == 0 else {
            unsafe Unmanaged<CoreThread>.fromOpaque(context).release()
            return .failure(RingError(operation: "a thread", errno: status))
        }
        self.thread.withLock { [thread] in $0 = thread }
        isUp.wait()
        let result = outcome.withLock { $0 } ?? .failure(.unsupported)
        if case .failure = result { join() }
        return result
    }

    /// Waits for the thread to end.
    func join() {
        let thread = self.thread.withLock { thread in
            let ended = thread
            thread = nil
            return ended
        }
        if let thread { pthread_join(thread, nil) }
    }

    fileprivate func run() {
        unsafe carillon_prepare_thread("core-\(index)", true)
        // Only within the affinity mask; a refusal costs speed, not correctness.
        if let cpu { _ = carillon_pin_thread(Int32(cpu)) }
        let driver: RingDriver
        do throws(RingError) {
            driver = try RingDriver(ring)
        } catch {
            outcome.withLock { $0 = .failure(error) }
            isUp.signal()
            return
        }
        state.setWakeHandle(driver.wakeHandle, of: index)
        outcome.withLock { [features = driver.features] in $0 = .success(features) }
        var core = Core(kernel: driver, index: index, state: state, listeners: listeners)
        isUp.signal()
        core.run()
        state.setWakeHandle(nil, of: index)
    }
}

private func runCore(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context = unsafe context {
        unsafe Unmanaged<CoreThread>.fromOpaque(context).takeRetainedValue().run()
    }
    return nil
}

/// Safety: the semaphore is allocated in `init` and freed in `deinit`.
@safe
private final class Semaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func wait() {
        while unsafe sem_wait(semaphore) != 0 {}
    }

    func signal() { unsafe sem_post(semaphore) }
}
