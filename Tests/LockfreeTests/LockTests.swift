import Testing

@testable import Lockfree

@Suite("lock")
struct LockTests {
    @Test("lets one thread in at a time")
    func exclusive() {
        final class Guarded: Sendable {
            let lock = Lock()
            nonisolated(unsafe) var count = 0
        }
        let guarded = Guarded()
        inThreads(4) { _ in
            for _ in 0..<50_000 { guarded.lock.withLock { unsafe guarded.count += 1 } }
        }
        let count = guarded.lock.withLock { unsafe guarded.count }
        #expect(count == 200_000)
    }

    @Test("is free again after an error")
    func errors() {
        struct Refusal: Error {}
        let lock = Lock()
        var refusals = 0
        for _ in 0..<2 {
            do { try lock.withLock { () throws(Refusal) in throw Refusal() } } catch {
                refusals += 1
            }
        }
        #expect(refusals == 2)
    }
}
