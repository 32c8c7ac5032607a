import Testing

@testable import Engine

extension PublicationLog {
    fileprivate mutating func write(_ octets: [UInt8], _ store: inout SegmentStore) -> LogRange {
        unsafe append(&store, atMost: octets.count) { room in
            unsafe room.copyBytes(from: octets)
            return octets.count
        }
    }
}

@Suite("publication log")
struct PublicationLogTests {
    @Test("consecutive frames are one contiguous range")
    func contiguous() {
        var store = SegmentStore()
        var log = PublicationLog()
        var previous = log.write([1, 2], &store)
        for number in 0..<100 as Range<UInt8> {
            let next = log.write([number], &store)
            #expect(next.segment == previous.segment && next.start == previous.end)
            previous = next
        }
        #expect(store.liveCount == 1)
    }

    @Test("a full segment is followed by another, and both stay until recycled")
    func growth() {
        var store = SegmentStore()
        var log = PublicationLog()
        let frame = [UInt8](repeating: 7, count: 100_000)
        let ranges = (0..<5).map { _ in log.write(frame, &store) }
        #expect(Set(ranges.map(\.segment)).count == 3)
        for range in ranges { #expect(store.read(range) == frame) }
        log.recycle(&store)
        #expect(store.liveCount == 1)
    }

    @Test("a frame beyond half a segment gets one of its own size")
    func oversized() {
        var store = SegmentStore()
        var log = PublicationLog()
        let small = log.write([1], &store)
        let large = log.write(
            [UInt8](repeating: 2, count: SegmentStore.standardCapacity * 3), &store)
        let next = log.write([3], &store)
        #expect(large.segment != small.segment && next.segment == small.segment)
        log.recycle(&store)
        #expect(store.liveCount == 1)
    }

    @Test("the current segment is written again from its start unless somebody holds it")
    func recycling() {
        var store = SegmentStore()
        var log = PublicationLog()
        let first = log.write([1, 2, 3], &store)
        log.recycle(&store)
        let second = log.write([4], &store)
        #expect(second.segment == first.segment && second.start == 0)
        store.pin(second.segment)
        log.recycle(&store)
        // Held, it is gone on with: who is slow in a busy room has one piece, however many frames.
        let third = log.write([5], &store)
        #expect(third.segment == second.segment && third.start == second.end)
        log.recycle(&store)
        let fourth = log.write([6], &store)
        #expect(fourth.segment == second.segment && fourth.start == third.end)
        #expect(store.read(second) == [4])
        store.unpin(second.segment)
        log.recycle(&store)
        #expect(log.write([7], &store).start == 0)
        log.close(&store)
        #expect(store.liveCount == 0)
    }
}
