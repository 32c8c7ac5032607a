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

    @Test("who holds much leaves as much to the others, however many hold much")
    func accounts() {
        let memory = CallMemory(limit: 1_000)
        let greedy = (0..<4).map { _ in CallAccount(of: memory) }
        var held = [0, 0, 0, 0]
        for _ in 0..<1_000 {
            for place in 0..<4 {
                if greedy[place].add(1) { held[place] += 1 } else { greedy[place].remove(1) }
            }
        }
        #expect(held.allSatisfy { (200...201).contains($0) })
        let modest = CallAccount(of: memory)
        #expect(modest.add(150))
        modest.remove(150)
        for place in 0..<4 { greedy[place].remove(held[place]) }
        #expect(memory.size == 0)
        // One alone has half, and its largest its chance.
        #expect(modest.add(499) && modest.add(5_000) && !modest.add(1))
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
        #expect(first?.count(in: CallAccount(of: memory)) == true)
        let size = memory.size
        #expect(size == CallMemory.recordSize + 6)
        #expect(second.count(in: CallAccount(of: memory)))
        #expect(!make().count(in: CallAccount(of: memory)))
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
