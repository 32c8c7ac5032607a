import Bytes
import Testing

@Suite("queues")
struct QueueTests {
    @Test("give back what was put in, in order")
    func order() {
        var queue = Queue<Int>()
        var next = 0
        for step in 0..<1000 {
            queue.append(step)
            if step % 3 != 0 {
                #expect(queue.first == next)
                #expect(queue.popFirst() == next)
                next += 1
            }
        }
        while let number = queue.popFirst() {
            #expect(number == next)
            next += 1
        }
        #expect(next == 1000)
        #expect(queue.isEmpty)
    }

    @Test("take back what is put in front")
    func front() {
        var queue = Queue<Int>()
        queue.prepend(2)
        queue.append(3)
        queue.prepend(1)
        #expect(queue.popFirst() == 1)
        // Into the place of the one that was taken.
        queue.prepend(0)
        #expect([queue.popFirst(), queue.popFirst(), queue.popFirst()] == [0, 2, 3])
        #expect(queue.popFirst() == nil)
    }

    @Test("let go of what was taken at once")
    func release() {
        final class Thing {}
        var queue = Queue<Thing>()
        for _ in 0..<8 { queue.append(Thing()) }
        weak var first: Thing?
        first = queue.first
        #expect(first != nil)
        _ = queue.popFirst()
        #expect(first == nil)
        #expect(queue.count == 7)
    }
}
