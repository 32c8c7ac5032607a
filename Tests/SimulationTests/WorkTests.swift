// Work off the cores, for sessions on a simulated one: as much as somebody waits for.

import DialectKit
import Lockfree
import Testing

@testable import Engine

private final class NoNote: SessionNote {}

@Suite("work elsewhere, simulated")
struct WorkTests {
    /// Work that waits until it may go on, and is counted.
    private final class Bench: Sendable {
        let barrier = Guarded(0)
        let count = Guarded(0)

        func work() {
            barrier.withLock { _ in }
            count.withLock { $0 += 1 }
        }
    }

    /// Returns when all work is done and its notes are posted. Nothing may be stepped meanwhile: the
    /// thread that works is a real one, and between a post and its signal somebody seems to oversleep.
    private func finish(_ state: EngineState) async {
        await withCheckedContinuation { continuation in
            state.worker.submit { continuation.resume() }
        }
    }

    @Test("what comes behind work waits for it, and its connection hears of each in its turn")
    func turns() async {
        let bench = Bench()
        let test = SpokenWorld(seed: 1, job: { bench.work() })
        let (client, other) = (test.open(), test.open())
        for _ in 0..<5 { client.write("work") }
        client.write("echo end")
        var heard: [String] = []
        for _ in 0...5 {
            bench.barrier.withLock { _ in
                test.exchange(client)
                #expect(test.say(other, "echo there") == ["there"])
            }
            await finish(test.world.state)
            heard += client.takeMessages()
        }
        #expect(
            heard == Array(repeating: ["did work", "worked"], count: 5).flatMap { $0 } + ["end"])
        #expect(bench.count.withLock { $0 } == 5)
        test.end()
        #expect(test.world.violations == [])
    }

    @Test("who leaves has no work done for what it sent, of which nobody would hear")
    func leaving() async {
        let bench = Bench()
        let test = SpokenWorld(seed: 2, job: { bench.work() })
        let client = test.open()
        // The first of it is under way until all else has happened.
        bench.barrier.withLock { _ in
            for _ in 0..<50 { client.write("work") }
            client.writeClose(1000)
            test.exchange(client)
            #expect(client.takeArrivals().last == .close(1000))
        }
        await finish(test.world.state)
        #expect(bench.count.withLock { $0 } == 1)
        test.end()
        #expect(test.world.violations == [])
    }
}
