import Testing

@testable import Rooms

@Suite("remembered rooms")
struct RememberedRoomsTests {
    private func remember(
        _ number: Int, in memory: inout RememberedRooms, stamp: UInt64 = 1
    ) -> Int {
        let room = room("room", "\(number)")
        let tag = RememberedRooms.tag(of: room, in: .standard)
        let place = memory.find(room, in: .standard, tag)
        let lists = (0..<number % 7).map { MemberListID(rawValue: UInt32($0 + number)) }
        return memory.remember(
            room, in: .standard, tag: tag, at: place, stamp: stamp, lists: lists
        ).count
    }

    /// The lists of a room, or nothing if it is forgotten or no longer right.
    private func recall(
        _ number: Int, in memory: inout RememberedRooms, stamp: UInt64 = 1
    ) -> [UInt32]? {
        let room = room("room", "\(number)")
        let tag = RememberedRooms.tag(of: room, in: .standard)
        guard let place = memory.find(room, in: .standard, tag),
            let lists = memory.lists(at: place, ifStill: stamp)
        else { return nil }
        return (0..<lists.count).map { lists[$0].rawValue }
    }

    @Test("never hold more than their limit, and what they hold is right")
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
        #expect(count == 10)
        var known = 0
        for number in 0..<500 where recall(number, in: &memory) != nil { known += 1 }
        #expect(known == 10)
    }

    @Test("keep a room that is used while others pass by")
    func secondChance() {
        var memory = RememberedRooms(limit: 8)
        _ = remember(1, in: &memory)
        for number in 100..<300 {
            _ = remember(number, in: &memory)
            // All records have just been used once; ours is used all the time.
            let isKnown = recall(1, in: &memory) != nil
            if number < 107 { #expect(isKnown) }
            if !isKnown { _ = remember(1, in: &memory) }
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
}
