import Testing

@testable import Engine

@Suite("backlog")
struct BacklogTests {
    /// Sends everything, `limit` octets at a time at most.
    private func drain(_ backlog: Backlog, _ store: inout SegmentStore, by limit: Int) -> [UInt8] {
        var octets: [UInt8] = []
        while let piece = backlog.next {
            #expect(piece.size > 0 && piece.size <= Backlog.sendLimit)
            let taken = min(piece.size, limit)
            octets += store.read(piece).prefix(taken)
            backlog.advance(taken, &store)
        }
        return octets
    }

    @Test("small pieces are copied, large ones shared, and all leave in order")
    func order() {
        for step in [1, 3, 1_000, 100_000] {
            var store = SegmentStore()
            let log = store.make(capacity: SegmentStore.standardCapacity)
            let backlog = Backlog(now: 0)
            var expected: [UInt8] = []
            for (number, size) in [10, 5_000, 20, 30, 4_096, 4_095, 9_000, 1].enumerated() {
                let octets = [UInt8](repeating: UInt8(number), count: size)
                expected += octets
                backlog.append(store.write(octets, to: log), &store)
            }
            #expect(backlog.size == expected.count)
            #expect(drain(backlog, &store, by: step) == expected)
            #expect(backlog.isEmpty)
            backlog.close(&store)
            store.unpin(log)
            #expect(store.liveCount == 0)
        }
    }

    @Test("only large pieces pin the log they came from")
    func pinning() {
        var store = SegmentStore()
        let log = store.make(capacity: SegmentStore.standardCapacity)
        let backlog = Backlog(now: 0)
        let small = store.write([UInt8](repeating: 1, count: 4_095), to: log)
        backlog.append(small, &store)
        #expect(store.pins(of: log) == 1)
        let large = store.write([UInt8](repeating: 2, count: 4_096), to: log)
        backlog.append(large, &store)
        #expect(store.pins(of: log) == 2)
        // What the log writes over afterwards does not change the copy.
        backlog.advance(4_095, &store)
        backlog.advance(4_096, &store)
        #expect(store.pins(of: log) == 1)
    }

    @Test("neighbouring ranges are one piece, sent at most 64 KiB at a time")
    func joining() {
        var store = SegmentStore()
        let log = store.make(capacity: SegmentStore.standardCapacity)
        let backlog = Backlog(now: 0)
        for number in 0..<20 as Range<UInt8> {
            let octets = [UInt8](repeating: number, count: 5_000)
            backlog.append(store.write(octets, to: log), &store)
        }
        #expect(store.pins(of: log) == 2)
        #expect(backlog.next?.size == Backlog.sendLimit)
        backlog.advance(Backlog.sendLimit, &store)
        #expect(backlog.next?.size == 100_000 - Backlog.sendLimit)
        backlog.close(&store)
        #expect(store.pins(of: log) == 1)
    }

    @Test("shared small pieces are pinned, and what follows them is learned from the hot line")
    func lengthening() {
        var store = SegmentStore()
        let log = store.make(capacity: SegmentStore.standardCapacity)
        let backlog = Backlog(now: 0)
        backlog.append(store.write([1, 2], to: log), &store, sharesSmallPieces: true)
        #expect(store.pins(of: log) == 2)
        var newest = backlog.newest
        #expect(newest == LogRange(segment: log, start: 0, end: 2))
        newest?.end = store.write([3, 4, 5], to: log).end
        if let newest {
            backlog.settle(newest)
            backlog.settle(newest)
        }
        #expect(backlog.size == 5)
        #expect(drain(backlog, &store, by: 2) == [1, 2, 3, 4, 5])
        #expect(backlog.newest == nil && store.pins(of: log) == 1)
    }

    @Test("given up, it counts nothing and keeps only the piece that may be in flight")
    func givingUp() {
        var store = SegmentStore()
        let logs = (0..<3).map { _ in store.make(capacity: SegmentStore.standardCapacity) }
        let backlog = Backlog(now: 0)
        for log in logs {
            backlog.append(store.write([1, 2], to: log), &store, sharesSmallPieces: true)
        }
        backlog.giveUp(&store)
        #expect(backlog.isGivenUp && backlog.isEmpty)
        #expect(logs.map { store.pins(of: $0) } == [2, 1, 1])
        backlog.settle(LogRange(segment: logs[0], start: 0, end: 9))
        #expect(backlog.size == 0)
        backlog.close(&store)
        for log in logs { store.unpin(log) }
        #expect(store.liveCount == 0)
    }

    @Test("an empty range changes nothing")
    func empty() {
        var store = SegmentStore()
        let log = store.make(capacity: 100)
        let backlog = Backlog(now: 0)
        backlog.append(LogRange(segment: log, start: 0, end: 0), &store)
        #expect(backlog.isEmpty && backlog.next == nil)
    }

    @Test("given up in the midst, it holds nothing any more")
    func givenUp() {
        var store = SegmentStore()
        let log = store.make(capacity: SegmentStore.standardCapacity)
        let backlog = Backlog(now: 0)
        for size in [1, 10_000, 3_000, 4_000, 4_000, 4_000, 4_000, 20_000] {
            let octets = [UInt8](repeating: 1, count: size)
            backlog.append(store.write(octets, to: log), &store)
        }
        backlog.advance(1, &store)
        backlog.advance(4_000, &store)
        backlog.close(&store)
        #expect(backlog.size == 0)
        store.unpin(log)
        #expect(store.liveCount == 0)
    }

    @Test("any mix of appends and sends keeps the stream and the account, through every seed")
    func againstModel() {
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var store = SegmentStore()
            var log = PublicationLog()
            let backlog = Backlog(now: 0)
            var model: [UInt8] = []
            for _ in 0..<300 {
                if random.chance(450) {
                    let size = 1 + random.below(random.chance(300) ? 9_000 : 300)
                    let octets = (0..<size).map { _ in UInt8(random.below(256)) }
                    let range = unsafe log.append(&store, atMost: size) { room in
                        unsafe room.copyBytes(from: octets)
                        return size
                    }
                    backlog.append(range, &store)
                    model += octets
                } else if let piece = backlog.next {
                    let taken = 1 + random.below(piece.size)
                    #expect(store.read(piece).prefix(taken) == model.prefix(taken), "seed \(seed)")
                    backlog.advance(taken, &store)
                    model.removeFirst(taken)
                }
                // A turn is over: the log begins again wherever nobody holds it.
                if random.chance(300) { log.recycle(&store) }
                #expect(backlog.size == model.count)
            }
            backlog.close(&store)
            log.close(&store)
            #expect(store.liveCount == 0, "seed \(seed)")
        }
    }
}
