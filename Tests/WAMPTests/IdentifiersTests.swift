import Testing

@testable import WAMP

@Suite struct IdentifiersTests {
    @Test("a random word gives an id from 1 to 2^53, each as often as any other")
    func random() {
        #expect(Identifier.random(0) == 1)
        #expect(Identifier.random(2047) == 1)
        #expect(Identifier.random(2048) == 2)
        #expect(Identifier.random(.max) == 1 << 53)
    }

    @Test("a counter counts from 1 and begins again behind 2^53")
    func counter() {
        var counter = RequestCounter()
        #expect([counter.next(), counter.next(), counter.next()] == [1, 2, 3])
        var late = RequestCounter(after: (1 << 53) - 1)
        #expect([late.next(), late.next()] == [1 << 53, 1])
    }
}
