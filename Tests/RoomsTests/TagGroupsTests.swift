import Bytes
import Testing

@testable import Rooms

@Suite("tag groups")
struct TagGroupsTests {
    /// Hashes whose first group is the highest and whose second is the lowest.
    private let ends: UInt64 = 0xFFFF_FFFF_0000_0000

    @Test("find what they hold when all have one hash, and say when no place is left for it")
    func collisions() {
        var groups = TagGroups(groupCount: 5)
        var taken: [Int] = []
        while let place = groups.take(ends) { taken.append(place) }
        #expect(taken.sorted() == Array(0..<7) + Array(28..<35))
        // The first group is taken first.
        #expect(taken.prefix(5).allSatisfy { $0 >= 28 })
        groups.checkInvariants { _ in ends }
        for place in taken where place % 3 == 0 { groups.free(place) }
        for place in taken {
            let found = groups.find(ends) { $0 == place }
            #expect(found == (place % 3 == 0 ? nil : place))
        }
        let count = groups.count
        #expect(count == taken.count { $0 % 3 != 0 })
        let isSomewhereElse = groups.take(1 << 63 | 1 << 31)
        #expect(isSomewhereElse == 14)
    }

    @Test("do not show free places to who looks for the tag that stood there")
    func freePlaces() {
        var groups = TagGroups(groupCount: 2)
        let places = (0..<7).map { _ in groups.take(ends) }.compactMap { $0 }
        for place in places.dropFirst() { groups.free(place) }
        var seen: [Int] = []
        let found = groups.find(ends) { place in
            seen.append(place)
            return false
        }
        #expect(found == nil)
        #expect(seen == [places[0]])
    }

    @Test("agree with a dictionary through random comings and goings")
    func random() {
        for seed in UInt64(1)...40 {
            var random = SplitMix64(seed: seed)
            var groups = TagGroups(groupCount: 9)
            var model: [Int: UInt64] = [:]
            for step in 0..<600 {
                let hash = random.next() & 0xF000_0000_F000_000F
                let goes = Int.random(in: 0..<groups.capacity, using: &random) < model.count
                if goes, let place = model.keys.sorted().randomElement(using: &random) {
                    groups.free(place)
                    model[place] = nil
                } else if let place = groups.take(hash) {
                    #expect(model[place] == nil, "seed \(seed), step \(step)")
                    model[place] = hash
                } else {
                    let place = groups.makeWay(for: hash)
                    #expect(model[place] != nil, "seed \(seed), step \(step)")
                    model[place] = nil
                    let again = groups.take(hash)
                    #expect(again == place, "seed \(seed), step \(step)")
                    model[place] = hash
                }
                if let marked = model.keys.sorted().randomElement(using: &random) {
                    groups.mark(marked)
                }
                if step % 50 == 0 { groups.checkInvariants { model[$0] ?? 0 } }
            }
            let count = groups.count
            #expect(count == model.count)
            for place in 0..<groups.capacity {
                let isTaken = groups.isTaken(place)
                #expect(isTaken == (model[place] != nil), "seed \(seed)")
            }
        }
    }

    @Test("give up who is not marked, and take the mark from who is passed over")
    func marks() {
        var givenUp: Set<Int> = []
        for hash in stride(from: ends, to: ends + 0xFF_0000, by: 0x1_0000) {
            var groups = TagGroups(groupCount: 2)
            while groups.take(hash) != nil {}
            for place in 7..<14 where place != 10 { groups.mark(place) }
            let unmarked = groups.makeWay(for: hash)
            #expect(unmarked == 10)
            let again = groups.take(hash)
            #expect(again == 10)
            for place in 7..<14 { groups.mark(place) }
            let anyone = groups.makeWay(for: hash)
            givenUp.insert(anyone)
            groups.checkInvariants { _ in hash }
        }
        #expect(givenUp == Set(7..<14))
    }

    @Test("are more than half full before somebody finds no place")
    func filling() {
        var random = SplitMix64(seed: 3)
        var groups = TagGroups(groupCount: 1000)
        while groups.take(random.next()) != nil {}
        let count = groups.count
        #expect(count > groups.capacity / 2)
    }

    @Test("stop when a place is freed twice")
    func freedTwice() async {
        await #expect(processExitsWith: .failure) {
            var groups = TagGroups(groupCount: 2)
            guard let place = groups.take(1) else { return }
            groups.free(place)
            groups.free(place)
        }
    }
}
