// What calls hold, counted: how the limit is kept, and when arguments leave the account.

import DialectKit
import Hub
import Testing

@Suite("memory of calls") struct CallMemoryTests {
    @Test("there is room until the limit is reached, so the largest has its chance")
    func limit() {
        let memory = CallMemory(limit: 1_000)
        #expect(memory.add(999))
        #expect(memory.add(5_000))
        #expect(!memory.add(1))
        memory.remove(5_000)
        #expect(!memory.add(1))
        memory.remove(2)
        #expect(memory.add(1))
        memory.remove(1_000)
        #expect(memory.size == 0)
    }

    @Test("arguments are counted as long as anybody has them")
    func arguments() {
        let memory = CallMemory(limit: 1_000)
        func make() -> CallArguments {
            CallArguments(Arguments(keywords: Array("{}".utf8)), context: [0x7B, 0x7D])
        }
        var first: CallArguments? = make()
        let second = make()
        #expect(memory.size == 0)
        #expect(first?.count(in: memory) == true)
        let size = memory.size
        #expect(size == CallMemory.recordSize + 6)
        #expect(second.count(in: memory))
        #expect(!make().count(in: memory))
        #expect(memory.size == 2 * size)
        var other = first
        first = nil
        #expect(memory.size == 2 * size)
        #expect(other != nil)
        other = nil
        #expect(memory.size == size)
        withExtendedLifetime(second) {}
    }
}
