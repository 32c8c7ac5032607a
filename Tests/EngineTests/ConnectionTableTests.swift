import Testing
import Uring

@testable import Engine

@Suite("connection table")
struct ConnectionTableTests {
    private static func socket(_ index: Int32) -> SocketHandle {
        SocketHandle(index: index, isDirect: true)
    }

    @Test("what a delivery touches is one cache line")
    func size() {
        #expect(MemoryLayout<HotConnection>.stride == 64)
        let table = ConnectionTable(core: 0, capacity: 5)
        #expect(unsafe UInt(bitPattern: table.hot) % 64 == 0)
    }

    @Test("slots are used again first in, first out, each time with a new generation")
    func reuse() {
        var table = ConnectionTable(core: 3, capacity: 3)
        let first = (0..<3).map { table.open(Self.socket($0), limit: 10, now: 0)!.id }
        #expect(first.map(\.slot) == [0, 1, 2])
        #expect(first.allSatisfy { $0.core == 3 })
        #expect(table.open(Self.socket(9), limit: 10, now: 0) == nil)
        table.close(2)
        table.close(0)
        let second = table.open(Self.socket(4), limit: 10, now: 0)!.id
        let third = table.open(Self.socket(5), limit: 10, now: 0)!.id
        #expect([second.slot, third.slot] == [2, 0])
        #expect(second.generation != first[2].generation)
        #expect(table.count == 3)
    }

    @Test("a stale id, a slot outside and another core's id find nobody")
    func stale() {
        var table = ConnectionTable(core: 0, capacity: 2)
        let old = table.open(Self.socket(0), limit: 10, now: 0)!.id
        #expect(table.connection(old) != nil)
        table.close(old.slot)
        #expect(table.connection(old) == nil)
        _ = table.open(Self.socket(1), limit: 10, now: 0)
        let fresh = table.open(Self.socket(2), limit: 10, now: 0)!.id
        #expect(fresh.slot == old.slot)
        #expect(table.connection(old) == nil)
        #expect(table.connection(fresh)?.id == fresh)
        #expect(table.connection(slot: 2, generation: 0) == nil)
        #expect(table.connection(slot: 1 << 23, generation: 1) == nil)
        let elsewhere = ConnectionID(core: 1, slot: fresh.slot, generation: fresh.generation)
        #expect(table.connection(elsewhere) == nil)
    }

    @Test("closing a free slot stops the process")
    func doubleClose() async {
        await #expect(processExitsWith: .failure) {
            var table = ConnectionTable(core: 0, capacity: 2)
            _ = table.open(SocketHandle(index: 0, isDirect: true), limit: 1, now: 0)
            table.close(0)
            table.close(0)
        }
    }

    @Test("a limit beyond 32 bits is kept as the largest there is")
    func limits() {
        var table = ConnectionTable(core: 0, capacity: 1)
        _ = table.open(Self.socket(0), limit: .max, now: 0)
        #expect(unsafe table.hot[0].limit == .max)
    }
}
