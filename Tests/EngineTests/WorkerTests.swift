// Work off the cores: every job once, in order, on one thread at a time.

import Lockfree
import Testing

@testable import Engine

/// Submits a job behind all others and waits for it.
private func finish(_ worker: Worker) async {
    await withCheckedContinuation { continuation in
        worker.submit { continuation.resume() }
    }
}

/// Sees whether two jobs run at the same time.
private final class Watch: Sendable {
    private struct State {
        var isBusy = false
        var count = 0
        var collisions = 0
    }

    private let state = Guarded(State())

    func job() {
        state.withLock {
            if $0.isBusy { $0.collisions += 1 }
            $0.isBusy = true
        }
        state.withLock {
            $0.isBusy = false
            $0.count += 1
        }
    }

    var count: Int { state.withLock { $0.count } }
    var collisions: Int { state.withLock { $0.collisions } }
}

@Suite struct WorkerTests {
    @Test("jobs are done in the order in which they were submitted")
    func order() async {
        let worker = Worker()
        let done = Guarded<[Int]>([])
        for number in 0..<1000 { worker.submit { done.withLock { $0.append(number) } } }
        await finish(worker)
        #expect(done.withLock { $0 } == Array(0..<1000))
    }

    @Test("a worker that had nothing more to do begins again")
    func again() async {
        let worker = Worker()
        let done = Guarded(0)
        for round in 1...50 {
            worker.submit { done.withLock { $0 += 1 } }
            await finish(worker)
            #expect(done.withLock { $0 } == round)
        }
    }

    @Test("who has ended does nothing more, and nothing is under way behind it")
    func ends() {
        for round in 0..<50 {
            let worker = Worker()
            let begun = Guarded(0)
            let done = Guarded(0)
            for _ in 0..<200 {
                worker.submit {
                    begun.withLock { $0 += 1 }
                    done.withLock { $0 += 1 }
                }
            }
            if round % 2 == 1 { while begun.withLock({ $0 }) == 0 {} }
            worker.end()
            let count = begun.withLock { $0 }
            #expect(done.withLock { $0 } == count)
            worker.submit { begun.withLock { $0 += 1 } }
            worker.end()
            #expect(begun.withLock { $0 } == count)
        }
    }

    @Test("jobs of many threads, and jobs of jobs, never run at the same time")
    func oneAtATime() async {
        let worker = Worker()
        let watch = Watch()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<100 {
                        worker.submit {
                            watch.job()
                            worker.submit { watch.job() }
                        }
                    }
                    await finish(worker)
                }
            }
        }
        // Jobs of the last jobs stand behind the first wait, hence the second one.
        await finish(worker)
        #expect(watch.count == 800)
        #expect(watch.collisions == 0)
    }
}
