import Bytes
import Testing

@testable import RabbitMQLink

@Suite("recent ids")
struct RecentIDsTests {
    @Test("agrees with a naive list of the last ones")
    func naive() {
        for limit in [1, 2, 7] {
            var recent = RecentIDs(limit: limit)
            var list: [[UInt8]] = []
            var random = SplitMix64(seed: UInt64(limit))
            for step in 0..<2000 {
                let id = [UInt8.random(in: 0..<20, using: &random)]
                #expect(recent.contains(id) == list.contains(id), "limit \(limit), step \(step)")
                recent.insert(id)
                if !list.contains(id) { list.append(id) }
                if list.count > limit { list.removeFirst() }
                #expect(recent.count == list.count)
            }
            recent.checkInvariants()
        }
    }

    @Test("an empty id is an id")
    func empty() {
        var recent = RecentIDs(limit: 4)
        #expect(!recent.contains([]))
        recent.insert([])
        #expect(recent.contains([]))
    }
}
