import Bytes
import Testing

@testable import Rooms

@Suite("covering publications")
struct CoveringTests {
    @Test("covers nothing without a family, and nothing at all when told not to keep postings")
    func coveringLimits() throws {
        let index = Subject()
        _ = try index.add(.exact(room("k", "1")), 1)
        #expect(index.deliveries(covering: [nil, nil]).isEmpty)
        #expect(index.deliveries(covering: []).isEmpty)
        #expect(index.deliveries(covering: [[0x6B], nil]).count == 1)
        let endless: [[UInt8]?] = [[0x6B]] + [[UInt8]?](repeating: nil, count: 40)
        #expect(index.deliveries(covering: endless).isEmpty)
        var limits = IndexLimits()
        limits.answersCoveringPublishes = false
        let lean = Subject(limits: limits)
        let entry = try lean.add(.exact(room("k", "1")), 1)
        #expect(lean.deliveries(covering: [[0x6B], nil]).isEmpty)
        lean.remove(entry)
        lean.checkInvariants()
    }

    @Test("makes posting lists of a family that came before its first covering publish")
    func latePostings() throws {
        let index = Subject()
        var entries: [EntryID] = []
        for number in UInt32(0)..<300 {
            entries.append(try index.add(.exact(room("k", "\(number % 3)", "\(number)")), number))
        }
        for number in UInt32(300)..<400 {
            let parent = room("k", "\(number % 3)", "\(number)")
            entries.append(try index.add(glob(parent, "*"), number))
        }
        index.checkInvariants()
        let covered = index.deliveries(covering: [Array("k".utf8), Array("1".utf8), nil])
        #expect(covered.map(\.connection) == (0..<400).filter { $0 % 3 == 1 })
        index.checkInvariants()
        // Who comes now is posted at once.
        entries.append(try index.add(.exact(room("k", "1", "x")), 400))
        index.checkInvariants()
        #expect(index.deliveries(covering: [Array("k".utf8), nil, Array("x".utf8)]).count == 1)
        for entry in entries { index.remove(entry) }
        index.checkInvariants()
        #expect(index.deliveries(covering: [Array("k".utf8), nil, nil]).isEmpty)
    }

    @Test("covers those who are posted and those who are not yet, while both come and go")
    func partlyPosted() throws {
        for seed in UInt64(1)...10 {
            var random = SplitMix64(seed: seed)
            var limits = IndexLimits()
            limits.scannedRoomsPerFamily = 0
            let index = Subject(limits: limits)
            var entries: [(entry: EntryID, number: UInt32)] = []
            var next: UInt32 = 0
            func add() throws {
                let pattern: Pattern =
                    next % 5 == 0
                    ? wildcard("k", next % 2 == 0 ? nil : "\(next % 3)", "\(next)")
                    : .exact(room("k", "\(next % 3)", "\(next)"))
                entries.append((try index.add(pattern, next), next))
                next += 1
            }
            for _ in 0..<100 { try add() }
            // Every publication posts some; the family is empty and begins anew in between.
            for step in 0..<120 {
                let covered = index.deliveries(covering: [Array("k".utf8), Array("1".utf8), nil])
                var expected: [UInt32] = []
                for (_, number) in entries where number % 3 == 1 || number % 10 == 0 {
                    expected.append(number)
                }
                #expect(covered.map(\.connection) == expected.sorted(), "seed \(seed)")
                let everybody = index.deliveries(covering: [Array("k".utf8), nil, nil])
                #expect(everybody.count == entries.count, "seed \(seed)")
                index.checkInvariants()
                for _ in 0..<Int.random(in: 0..<4, using: &random) { try add() }
                for _ in 0..<Int.random(in: 0..<4, using: &random) where !entries.isEmpty {
                    let place = Int.random(in: 0..<entries.count, using: &random)
                    index.remove(entries.remove(at: place).entry)
                }
                if step == 60 {
                    while let last = entries.popLast() { index.remove(last.entry) }
                    for _ in 0..<50 { try add() }
                }
            }
        }
    }
}
