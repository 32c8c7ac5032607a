// Worker — a thread for work that would keep a core too long: asymmetric cryptography above all.
//
// Started with the first job. Who asks waits for the note that comes back, one job per connection,
// so the queue is bounded by the connections.

import CSystem
import Glibc
import Lockfree

final class Worker: Sendable {
    private struct Line {
        var jobs: [@Sendable () -> Void] = []
        var isRunning = false
        var isOver = false
    }

    private let line = Guarded(Line())
    /// Held by whoever does a job.
    private let busy = Lock()

    /// Queues a job. While one thread works through the jobs, no second one is started.
    func submit(_ job: @escaping @Sendable () -> Void) {
        let starts = line.withLock { line in
            guard !line.isOver else { return false }
            line.jobs.append(job)
            guard !line.isRunning else { return false }
            line.isRunning = true
            return true
        }
        if starts { start() }
    }

    /// Drops what is queued and waits for the job under way. Nothing is done after this returns.
    func end() {
        line.withLock { line in
            line.isOver = true
            line.jobs = []
        }
        busy.withLock {}
    }

    private func start() {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let status = unsafe pthread_create(&thread, nil, runWorker, context)
        guard status == 0 else {
            // No thread to be had: better a slow core than a client without an answer.
            unsafe Unmanaged<Worker>.fromOpaque(context).release()
            run()
            return
        }
        pthread_detach(thread)
    }

    /// Works through what is queued, and ends when there is nothing more.
    fileprivate func run() {
        while true {
            let jobs = line.withLock { line in
                let jobs = line.jobs
                line.jobs = []
                if jobs.isEmpty { line.isRunning = false }
                return jobs
            }
            guard !jobs.isEmpty else { return }
            for job in jobs {
                // Asked with `busy` held, so that whoever ends the work waits for this job or stops
                // it.
                busy.withLock { if !line.withLock({ $0.isOver }) { job() } }
            }
        }
    }
}

private func runWorker(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context = unsafe context {
        unsafe carillon_prepare_thread("worker", true)
        unsafe Unmanaged<Worker>.fromOpaque(context).takeRetainedValue().run()
    }
    return nil
}
