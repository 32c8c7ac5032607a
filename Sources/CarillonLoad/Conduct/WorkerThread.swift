// WorkerThread — the thread a worker lives on: made, run and unmade there, as its ring wants it.

internal import CSystem
internal import Glibc
internal import Lockfree

/// What workers have reported so far; any thread.
final class Inbox: Sendable {
    private let records = Guarded<[WorkerRecord]>([])

    func add(_ record: WorkerRecord) { records.withLock { $0.append(record) } }

    func take() -> [WorkerRecord] {
        records.withLock { records in
            defer { records.removeAll() }
            return records
        }
    }
}

/// Safety: `thread` is written by `start` and read by `join`, both on the conductor's thread.
@safe
final class WorkerThread: @unchecked Sendable {
    private let index: Int
    private let plan: LoadPlan
    private let board: Board
    private let tell: @Sendable (WorkerRecord) -> Void
    private var thread: pthread_t?
    private let refusal = Guarded<SetUpError?>(nil)

    init(
        _ index: Int, _ plan: LoadPlan, _ board: Board,
        tell: @escaping @Sendable (WorkerRecord) -> Void
    ) {
        self.index = index
        self.plan = plan
        self.board = board
        self.tell = tell
    }

    func start() throws(SetUpError) {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let status = unsafe pthread_create(&thread, nil, runWorker, context)
        guard status == 0 else {
            unsafe Unmanaged<WorkerThread>.fromOpaque(context).release()
            throw SetUpError("no thread for a worker: \(systemText(status))")
        }
        self.thread = thread
    }

    /// Waits for its end; what kept it from starting, if anything did.
    func join() -> SetUpError? {
        if let thread { pthread_join(thread, nil) }
        thread = nil
        return refusal.withLock { $0 }
    }

    /// Why it did not start, while others run.
    var failure: SetUpError? { refusal.withLock { $0 } }

    /// A figure of a thread that runs elsewhere than it was told to is not the one asked for.
    private func pin() throws(SetUpError) {
        guard !plan.cpus.isEmpty else { return }
        let cpu = plan.cpus[index % plan.cpus.count]
        let status = carillon_pin_thread(Int32(clamping: cpu))
        guard status == 0 else {
            throw SetUpError(
                "a thread cannot run on CPU \(cpu): \(systemText(-status)); --cpus takes those that "
                    + "this process may use")
        }
    }

    fileprivate func run() {
        unsafe carillon_prepare_thread("load-\(index)", true)
        carillon_sharpen_timers()
        do throws(SetUpError) {
            try pin()
            var worker = try Worker(index: index, plan: plan, board: board, tell: tell)
            worker.run()
        } catch {
            refusal.withLock { $0 = error }
            board.set(.failed, of: index, to: 1)
            board.set(.triedAll, of: index, to: 1)
        }
    }
}

private func runWorker(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context = unsafe context {
        unsafe Unmanaged<WorkerThread>.fromOpaque(context).takeRetainedValue().run()
    }
    return nil
}
