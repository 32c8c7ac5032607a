import Bytes
import Testing

@testable import Rohrpost

@Suite("rohrpost group list")
struct GroupListTests {
    @Test("agrees with a set, however many names there are")
    func naive() {
        for (seed, count) in [(1, 3), (2, 16), (3, 17), (4, 40), (5, 400)] as [(UInt64, Int)] {
            var random = SplitMix64(seed: seed)
            var list = GroupList()
            var naive: Set<[UInt8]> = []
            let names = (0..<count).map { Array("\($0 % 7 == 0 ? "group-" : "")\($0)".utf8) }
            for step in 0..<2000 {
                let name = names.randomElement(using: &random)!
                #expect(list.contains(name) == naive.contains(name), "seed \(seed)")
                // More come than go for a while, and then the other way round.
                if Int.random(in: 0..<4, using: &random) < (step / 500 % 2 == 0 ? 3 : 1) {
                    if naive.insert(name).inserted { list.insert(name) }
                } else {
                    naive.remove(name)
                    list.remove(name)
                }
                #expect(list.count == naive.count)
            }
            for name in naive { list.remove(name) }
            #expect(list.count == 0 && !names.contains { list.contains($0) })
        }
    }
}
