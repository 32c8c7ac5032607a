import Bytes
import Testing

@testable import CarillonLoad

@Suite("sequence check")
struct SequenceCheckTests {
    @Test("in order, everything is in order and nothing is lost")
    func inOrder() {
        var checks = SequenceChecks(count: 2)
        for number in 0..<100 as Range<UInt32> {
            #expect(checks.arrived(number, at: 1) == .inOrder)
        }
        #expect(checks.lost(at: 1, published: 100) == 0)
        #expect(checks.lost(at: 1, published: 103) == 3)
        #expect(checks.lost(at: 0, published: 7) == 7)
    }

    @Test("a gap is lost until it is filled, and then what fills it is late")
    func gap() {
        var checks = SequenceChecks(count: 1)
        #expect(checks.arrived(0, at: 0) == .inOrder)
        #expect(checks.arrived(5, at: 0) == .gap(4))
        #expect(checks.lost(at: 0, published: 6) == 4)
        #expect(checks.arrived(3, at: 0) == .late)
        #expect(checks.arrived(3, at: 0) == .duplicate)
        #expect(checks.arrived(5, at: 0) == .duplicate)
        #expect(checks.lost(at: 0, published: 6) == 3)
        for number in [1, 2, 4] as [UInt32] { #expect(checks.arrived(number, at: 0) == .late) }
        #expect(checks.lost(at: 0, published: 6) == 0)
        #expect(checks.arrived(6, at: 0) == .inOrder)
    }

    @Test("a stream that begins late owes what came after, whatever shows first")
    func late() {
        var checks = SequenceChecks(count: 1)
        checks.begin(at: 0, owedFrom: 10)
        // Sent before the acknowledgement, delivered after it: no mistake.
        #expect(checks.arrived(8, at: 0) == .early(2))
        #expect(checks.arrived(9, at: 0) == .inOrder)
        #expect(checks.lost(at: 0, published: 12) == 2)
        checks.begin(at: 0, owedFrom: 10)
        #expect(checks.arrived(10, at: 0) == .inOrder)
        #expect(checks.lost(at: 0, published: 12) == 1)
        checks.begin(at: 0, owedFrom: 10)
        #expect(checks.lost(at: 0, published: 12) == 2)
        #expect(checks.arrived(12, at: 0) == .gap(2))
        #expect(checks.lost(at: 0, published: 13) == 2)
        checks.begin(at: 0, owedFrom: 0)
        #expect(checks.arrived(0, at: 0) == .inOrder)
    }

    @Test("against a model: any order, with losses and repetitions")
    func model() {
        for seed in 0..<200 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var checks = SequenceChecks(count: 1)
            var seen: Set<UInt32> = []
            var highest = -1
            var queue: [UInt32] = (0..<60).filter { _ in .random(in: 0..<10, using: &random) > 0 }
            for _ in 0..<10 {
                let one = Int.random(in: 0..<queue.count, using: &random)
                let other = Int.random(in: 0..<queue.count, using: &random)
                queue.swapAt(one, other)
                queue.insert(queue[one], at: other)
            }
            for number in queue {
                let expected: Arrival
                if Int(number) > highest {
                    let gap = Int(number) - highest - 1
                    expected = gap == 0 ? .inOrder : .gap(UInt64(gap))
                    highest = Int(number)
                } else {
                    expected = seen.contains(number) ? .duplicate : .late
                }
                seen.insert(number)
                #expect(checks.arrived(number, at: 0) == expected, "seed \(seed)")
            }
            #expect(
                checks.lost(at: 0, published: 60) == UInt64(60 - seen.count), "seed \(seed)")
        }
    }

    @Test("too many gaps give the oldest up, and count them")
    func bound() {
        var missing = MissingNumbers()
        for place in 0..<UInt32(MissingNumbers.limit + 10) {
            missing.append(place * 2..<place * 2 + 1)
        }
        #expect(missing.ranges.count == MissingNumbers.limit)
        #expect(missing.count == UInt64(MissingNumbers.limit + 10))
        #expect(missing.abandoned == 10)
        let wasMissing = missing.remove(0)
        #expect(!wasMissing)
    }
}
