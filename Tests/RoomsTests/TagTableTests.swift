import Bytes
import Testing

@testable import Rooms

@Suite("tag table")
struct TagTableTests {
    @Test("finds what it holds, with tags that all collide")
    func collisions() {
        var table = TagTable()
        for place in 0..<40 { table.insert(UInt32(place & 1), place) }
        for place in 0..<40 where place % 3 == 0 { table.remove(UInt32(place & 1), place) }
        table.checkInvariants()
        for place in 0..<40 {
            let found = table.find(UInt32(place & 1)) { $0 == place }
            #expect(found == (place % 3 == 0 ? nil : place))
        }
    }

    @Test("agrees with a dictionary through random insertions and removals")
    func random() {
        for seed in UInt64(1)...30 {
            var random = SplitMix64(seed: seed)
            var table = TagTable()
            var model: [Int: UInt32] = [:]
            for step in 0..<500 {
                let place = Int.random(in: 0..<120, using: &random)
                if let tag = model[place] {
                    table.remove(tag, place)
                    model[place] = nil
                } else {
                    // Few bits, so that runs touch, wrap around and overlap.
                    let tag = UInt32.random(in: 0..<64, using: &random) &* 0x0400_0001
                    table.insert(tag, place)
                    model[place] = tag
                }
                if step % 50 == 0 { table.checkInvariants() }
            }
            #expect(table.count == model.count)
            for place in 0..<120 {
                let found = model[place].flatMap { tag in table.find(tag) { $0 == place } }
                #expect(found == (model[place] == nil ? nil : place), "seed \(seed)")
            }
        }
    }
}
