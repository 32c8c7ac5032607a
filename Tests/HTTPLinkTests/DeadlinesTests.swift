import Bytes
import Testing

@testable import HTTPLink

@Suite("deadlines") struct DeadlinesTests {
    @Test("come up in order, equal ones by age, whatever order they were added in")
    func order() {
        for seed: UInt64 in 1...200 {
            var random = SplitMix64(seed: seed)
            var deadlines = Deadlines()
            var expected: [(due: UInt64, serial: UInt64)] = []
            for serial: UInt64 in 1...UInt64.random(in: 1...60, using: &random) {
                let due = UInt64.random(in: 0...20, using: &random)
                deadlines.add(serial, due: due)
                expected.append((due, serial))
            }
            expected.sort { $0 < $1 }
            for now: UInt64 in 0...20 {
                while let serial = deadlines.popDue(now: now) {
                    let first = expected.removeFirst()
                    #expect(first.serial == serial && first.due <= now, "seed \(seed)")
                }
                #expect(expected.first.map { $0.due > now } ?? true, "seed \(seed)")
                #expect(deadlines.nextDue == expected.first?.due, "seed \(seed)")
            }
        }
    }

    @Test("of what is of no interest any more are forgotten before they are the majority")
    func pruning() {
        var deadlines = Deadlines()
        for serial: UInt64 in 1...1000 { deadlines.add(serial, due: 1000 - serial % 7) }
        // At the front always.
        deadlines.prune(liveCount: 900) { $0 % 7 != 6 }
        #expect(deadlines.nextDue == 995)
        // Elsewhere when it pays.
        deadlines.prune(liveCount: 3) { [100, 200, 301].contains($0) }
        #expect(deadlines.count == 3)
        deadlines.prune(liveCount: 0) { _ in false }
        #expect(deadlines.nextDue == nil)
    }
}
