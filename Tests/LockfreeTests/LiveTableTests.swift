import Testing

@testable import Lockfree

@Suite("live table")
struct LiveTableTests {
    @Test("knows exactly the open generation of each slot")
    func generations() {
        let table = LiveTable(capacity: 4)
        #expect(!table.isOpen(1, generation: 0))
        #expect(table.generation(of: 1) == 0)
        let first = table.open(1)
        #expect(table.isOpen(1, generation: first))
        #expect(!table.isOpen(2, generation: first))
        #expect(!table.isOpen(1, generation: first &+ 1))
        table.close(1)
        #expect(!table.isOpen(1, generation: first))
        #expect(table.generation(of: 1) == first)
        let second = table.open(1)
        #expect(second == first + 1)
        #expect(!table.isOpen(1, generation: first))
        #expect(table.isOpen(1, generation: second))
    }

    @Test("takes a slot outside the table for closed")
    func outside() {
        let table = LiveTable(capacity: 4)
        #expect(!table.isOpen(4, generation: 0))
        #expect(!table.isOpen(.max, generation: .max))
        #expect(table.generation(of: .max) == 0)
    }

    @Test("stops when a slot is opened or closed twice")
    func twice() async {
        await #expect(processExitsWith: .failure) {
            let table = LiveTable(capacity: 1)
            _ = table.open(0)
            _ = table.open(0)
        }
        await #expect(processExitsWith: .failure) { LiveTable(capacity: 1).close(0) }
    }
}
