import Testing

@testable import Engine

@Suite("slot queue")
struct SlotQueueTests {
    @Test("first in, first out, however it grows and empties", arguments: 0..<20 as Range<UInt64>)
    func ordersAsAnArray(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = SlotQueue(capacity: 1)
        var model: [UInt32] = []
        var takenCount = 0 as UInt64
        for step in 0..<4000 as Range<UInt32> {
            // Mostly growing for a while, then mostly shrinking, so that it wraps, moves and empties.
            switch random.below(step / 500 % 2 == 0 ? 3 : 6) {
            case 0, 1:
                queue.append(step)
                model.append(step)
            case 2 where !model.isEmpty && random.chance(300):
                queue.removeLast()
                model.removeLast()
            default:
                let slot = queue.popFirst()
                #expect(slot == model.first)
                if !model.isEmpty {
                    model.removeFirst()
                    takenCount += 1
                }
            }
            #expect(queue.count == model.count && queue.isEmpty == model.isEmpty)
            #expect(queue.takenCount == takenCount)
        }
    }

    @Test("a place in it is reached when as many have been taken as stood in front of it")
    func keepsPlaces() {
        var queue = SlotQueue(capacity: 16)
        for slot in 0..<10 as Range<UInt32> { queue.append(slot) }
        for _ in 0..<4 { _ = queue.popFirst() }
        let place = queue.takenCount + UInt64(queue.count)
        for slot in 10..<100 as Range<UInt32> { queue.append(slot) }
        var last: UInt32?
        while queue.takenCount < place { last = queue.popFirst() }
        #expect(last == 9)
        #expect(queue.popFirst() == 10)
    }
}
