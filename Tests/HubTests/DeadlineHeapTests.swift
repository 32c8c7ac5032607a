import Bytes
import Testing

@testable import Hub

@Suite("deadlines")
struct DeadlineHeapTests {
    @Test("the earliest is first, the older of two at the same time, and moved ones move")
    func order() {
        for seed: UInt64 in 1...200 {
            var random = SplitMix64(seed: seed)
            var heap = DeadlineHeap()
            var naive: [UInt32: (due: UInt64, serial: UInt64)] = [:]
            for serial: UInt64 in 0..<200 {
                let call = UInt32(random.next() % 30)
                if random.next() % 3 == 0 {
                    heap.remove(call)
                    naive[call] = nil
                } else {
                    let due = random.next() % 20
                    heap.set(call, due: due, serial: serial)
                    naive[call] = (due, serial)
                }
                let first = naive.min { $0.value < $1.value }
                let agrees =
                    heap.first == first?.key && heap.nextDue == first?.value.due
                    && heap.count == naive.count
                if !agrees {
                    Issue.record("seed \(seed), step \(serial)")
                    return
                }
                heap.checkInvariants()
            }
        }
    }

    @Test("removing what has no deadline does nothing")
    func absent() {
        var heap = DeadlineHeap()
        heap.remove(5)
        heap.set(2, due: 1, serial: 1)
        heap.remove(1)
        heap.remove(9)
        #expect(heap.first == 2)
        heap.remove(2)
        heap.remove(2)
        #expect(heap.nextDue == nil)
        heap.checkInvariants()
    }
}
