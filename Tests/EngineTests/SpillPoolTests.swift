import Testing

@testable import Engine

@Suite("spill pool")
struct SpillPoolTests {
    private static func range(_ number: Int) -> LogRange {
        LogRange(segment: UInt32(number), start: 0, end: 1)
    }

    private func ranges(_ pool: SpillPool, from first: UInt32) -> [LogRange] {
        var found: [LogRange] = []
        var place = first
        while place != SpillPool.none {
            found.append(pool.range(at: place))
            place = pool.next(after: place)
        }
        return found
    }

    @Test("chains that grow side by side keep their order and their own")
    func chains() {
        var pool = SpillPool()
        var firsts: [UInt32] = []
        var lasts: [UInt32] = []
        for chain in 0..<3 {
            firsts.append(pool.add(Self.range(chain * 100)))
            lasts.append(firsts[chain])
        }
        for step in 1..<10 {
            for chain in 0..<3 {
                let place = pool.add(Self.range(chain * 100 + step))
                pool.chain(lasts[chain], to: place)
                lasts[chain] = place
            }
        }
        for chain in 0..<3 {
            #expect(
                ranges(pool, from: firsts[chain]) == (0..<10).map { Self.range(chain * 100 + $0) })
        }
        pool.release(from: firsts[1])
        // What was freed is used again before anything new.
        var places: Set<UInt32> = []
        for number in 0..<10 { places.insert(pool.add(Self.range(number))) }
        #expect(places.max()! < 30)
        #expect(ranges(pool, from: firsts[0]) == (0..<10).map { Self.range($0) })
    }

    @Test("releasing nothing is nothing")
    func nothing() {
        var pool = SpillPool()
        pool.release(from: SpillPool.none)
        #expect(pool.add(Self.range(1)) == 0)
    }
}
