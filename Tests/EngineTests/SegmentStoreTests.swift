import Testing

@testable import Engine

/// Writes octets to a segment, and reads a range back.
extension SegmentStore {
    mutating func write(_ octets: [UInt8], to id: UInt32) -> LogRange {
        unsafe append(to: id, atMost: octets.count) { room in
            unsafe room.copyBytes(from: octets)
            return octets.count
        }
    }

    func read(_ range: LogRange) -> [UInt8] {
        unsafe Array(UnsafeRawBufferPointer(start: start(of: range), count: range.size))
    }
}

@Suite("segment store")
struct SegmentStoreTests {
    @Test("a segment keeps what was appended, range by range")
    func appending() {
        var store = SegmentStore()
        let id = store.make(capacity: 100)
        let first = store.write([1, 2, 3], to: id)
        let second = store.write([4, 5], to: id)
        #expect(first == LogRange(segment: id, start: 0, end: 3))
        #expect(second == LogRange(segment: id, start: 3, end: 5))
        #expect(store.read(first) == [1, 2, 3])
        #expect(store.read(second) == [4, 5])
        #expect(store.room(in: id) == 95 && store.used(of: id) == 5)
    }

    @Test("less may be written than there was room for")
    func lessThanRoom() {
        var store = SegmentStore()
        let id = store.make(capacity: 10)
        let range = unsafe store.append(to: id, atMost: 10) { _ in 4 }
        #expect(range.size == 4 && store.room(in: id) == 6)
    }

    @Test("a segment lives until its last pin is gone, and its place is used again")
    func pins() {
        var store = SegmentStore()
        let id = store.make(capacity: 64)
        store.pin(id)
        store.unpin(id)
        #expect(store.liveCount == 1 && store.pins(of: id) == 1)
        store.unpin(id)
        #expect(store.liveCount == 0 && store.allocatedOctets == 0)
        #expect(store.make(capacity: 64) == id)
    }

    @Test("standard segments are pooled, others are not")
    func pool() {
        var store = SegmentStore()
        let standard = SegmentStore.standardCapacity
        let many = (0..<40).map { _ in store.make(capacity: standard) }
        let large = store.make(capacity: standard + 1)
        #expect(store.liveCount == 41)
        for id in many { store.unpin(id) }
        store.unpin(large)
        #expect(store.liveCount == 0)
        // A bounded number of them is kept.
        #expect(store.allocatedOctets == 16 * standard)
        for _ in 0..<16 { _ = store.make(capacity: standard) }
        #expect(store.allocatedOctets == 16 * standard)
    }

    @Test("an emptied segment is written from its start")
    func emptying() {
        var store = SegmentStore()
        let id = store.make(capacity: 8)
        _ = store.write([1, 2, 3], to: id)
        store.empty(id)
        #expect(store.write([9], to: id) == LogRange(segment: id, start: 0, end: 1))
    }

    @Test("a range beyond what was written stops the process")
    func beyond() async {
        await #expect(processExitsWith: .failure) {
            var store = SegmentStore()
            let id = store.make(capacity: 8)
            _ = store.read(LogRange(segment: id, start: 0, end: 1))
        }
    }
}
