import Bytes
import Testing

@testable import Rooms

@Suite("remembered rooms")
struct RememberedRoomsTests {
    /// - Returns: How many lists are remembered; -1 when they are too many.
    private func remember(
        _ number: Int, in memory: inout RememberedRooms, stamp: UInt64 = 1, listCount: Int? = nil
    ) -> Int {
        let room = room("room", "\(number)")
        let hash = RememberedRooms.hash(of: room, in: .standard)
        let place = memory.find(room, in: .standard, hash)
        let count = listCount ?? number % 7
        let lists = (0..<count).map { MemberListID(rawValue: UInt32($0 + number)) }
        let found = memory.remember(
            room, in: .standard, at: place ?? memory.reserve(hash), isReserved: place == nil,
            stamp: stamp, lists: lists)
        return found.map { $0.count } ?? -1
    }

    /// The lists of a room, or nothing if it is forgotten or no longer right.
    private func recall(
        _ number: Int, in memory: inout RememberedRooms, stamp: UInt64 = 1
    ) -> [UInt32]? {
        let room = room("room", "\(number)")
        let hash = RememberedRooms.hash(of: room, in: .standard)
        guard let place = memory.find(room, in: .standard, hash),
            let lists = memory.lists(at: place, ifStill: stamp)
        else { return nil }
        return (0..<lists.count).map { lists[$0].rawValue }
    }

    @Test("never hold more than their limit in whole groups, and what they hold is right")
    func bounded() {
        var memory = RememberedRooms(limit: 10)
        for number in 0..<500 {
            let count = remember(number, in: &memory)
            #expect(count == number % 7)
            let newest = recall(number, in: &memory)
            #expect(newest == (0..<number % 7).map { UInt32($0 + number) })
            memory.checkInvariants()
        }
        let count = memory.count
        #expect(count == 14)
        var known = 0
        for number in 0..<500 where recall(number, in: &memory) != nil { known += 1 }
        #expect(known == 14)
    }

    @Test("of rooms that reach many lists as many are remembered as are allowed")
    func blocks() {
        var memory = RememberedRooms(limit: 7000, blockLimit: 1000)
        for number in 0..<5000 {
            let count = remember(number, in: &memory, listCount: 10)
            #expect(count == 10 || count == -1)
            if number < 100 { #expect(count == 10) }
            let newest = recall(number, in: &memory)
            #expect(newest == (count < 0 ? nil : (0..<10).map { UInt32($0 + number) }))
            let blocked = memory.blockedCount
            #expect(blocked <= 1000)
            if number % 100 == 0 { memory.checkInvariants() }
        }
        // Those of old make room for new ones, and who is not remembered can be later.
        let known = (4000..<5000).count { recall($0, in: &memory) != nil }
        #expect(known > 50)
        for round in 0..<200 {
            let count = remember(7, in: &memory, stamp: UInt64(round + 2), listCount: 10)
            if count == 10 { break }
            #expect(round < 199)
        }
        let few = remember(6000, in: &memory, listCount: 2)
        let more = remember(6001, in: &memory, listCount: 1001)
        #expect(few == 2 && more == -1)
        memory.checkInvariants()
    }

    @Test("keep rooms that are recalled while others pass by")
    func secondChance() {
        var memory = RememberedRooms(limit: 7)
        for number in 0..<6 { _ = remember(number, in: &memory) }
        for number in 100..<300 {
            for kept in 0..<6 {
                let isKnown = recall(kept, in: &memory) != nil
                #expect(isKnown)
            }
            _ = remember(number, in: &memory)
        }
        // Nobody recalls them any more.
        for number in 300..<400 { _ = remember(number, in: &memory) }
        for kept in 0..<6 {
            let isKnown = recall(kept, in: &memory) != nil
            #expect(!isKnown)
        }
        memory.checkInvariants()
    }

    @Test("are not believed once something has changed, and can be corrected in place")
    func stamps() {
        var memory = RememberedRooms(limit: 8)
        _ = remember(3, in: &memory, stamp: 1)
        let stale = recall(3, in: &memory, stamp: 2)
        #expect(stale == nil)
        _ = remember(3, in: &memory, stamp: 2)
        let fresh = recall(3, in: &memory, stamp: 2)
        #expect(fresh == [3, 4, 5])
        let count = memory.count
        #expect(count == 1)
    }

    @Test("keep nearly all rooms while there is space, and move them when they need more of it")
    func growing() {
        for limit in [1, 7, 9, 100, 1000, 4000] {
            var memory = RememberedRooms(limit: limit)
            let few = limit <= 7 ? limit : limit * 6 / 10
            for number in 0..<few {
                _ = remember(number, in: &memory)
                if number % 61 == 0 { memory.checkInvariants() }
            }
            memory.checkInvariants()
            var known = 0
            for number in 0..<few {
                guard let lists = recall(number, in: &memory) else { continue }
                known += 1
                #expect(lists == (0..<number % 7).map { UInt32($0 + number) }, "limit \(limit)")
            }
            #expect(known * 100 >= few * 95, "limit \(limit)")
            for number in few..<few + limit * 3 { _ = remember(number, in: &memory) }
            memory.checkInvariants()
            let count = memory.count
            #expect(count <= (limit + 6) / 7 * 7 && count >= limit * 9 / 10)
        }
    }

    @Test("agree with a dictionary about who is known, whatever comes, in two realms")
    func random() {
        for seed in UInt64(1)...20 {
            var random = SplitMix64(seed: seed)
            var memory = RememberedRooms(limit: 60)
            var model: [String: UInt64] = [:]
            for step in 0..<600 {
                let number = Int.random(in: 0..<90, using: &random)
                let realm = Realm(rawValue: .random(in: 0..<2, using: &random))
                // Some names are in a block of their own.
                let room = room(String(repeating: "n", count: number), "\(number)")
                let hash = RememberedRooms.hash(of: room, in: realm)
                let place = memory.find(room, in: realm, hash)
                let key = "\(realm.rawValue) \(number)"
                if let place, let stamp = model[key] {
                    let lists = memory.lists(at: place, ifStill: stamp).map { $0.count }
                    #expect(lists == number % 9, "seed \(seed), step \(step)")
                } else {
                    // What was never told cannot be known; what was may be forgotten.
                    #expect(place == nil, "seed \(seed), step \(step)")
                }
                model[key] = UInt64(step)
                let lists = [MemberListID](repeating: .init(rawValue: 1), count: number % 9)
                _ = memory.remember(
                    room, in: realm, at: place ?? memory.reserve(hash), isReserved: place == nil,
                    stamp: UInt64(step), lists: lists)
                if step % 50 == 0 { memory.checkInvariants() }
            }
            let count = memory.count
            #expect(count <= 63)
        }
    }
}
