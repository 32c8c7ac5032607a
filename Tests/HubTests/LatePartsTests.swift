import Testing

@testable import Hub

/// Late parts that an expectation can ask: `#expect` cannot hold what it would change.
private final class Subject {
    private var parts = LateParts()

    var count: Int { parts.count }

    func takes(_ request: UInt64, isLast: Bool, now: UInt64) -> Bool {
        parts.takes(request, isLast: isLast, now: now)
    }

    func expect(_ request: UInt64, until end: UInt64, now: UInt64, limit: Int) {
        parts.expect(request, until: end, now: now, limit: limit)
    }
}

@Suite("late parts")
struct LatePartsTests {
    @Test("parts are taken until the last one")
    func untilLast() {
        let parts = Subject()
        #expect(!parts.takes(1, isLast: false, now: 0))
        parts.expect(1, until: 10, now: 0, limit: 4)
        #expect(parts.takes(1, isLast: false, now: 1))
        #expect(!parts.takes(2, isLast: false, now: 1))
        #expect(parts.takes(1, isLast: true, now: 1))
        #expect(!parts.takes(1, isLast: false, now: 1))
        #expect(parts.count == 0)
    }

    @Test("parts are taken until the grace is over, to the nanosecond")
    func untilEnd() {
        let parts = Subject()
        parts.expect(1, until: 10, now: 0, limit: 4)
        #expect(parts.takes(1, isLast: false, now: 9))
        #expect(!parts.takes(1, isLast: false, now: 10))
        #expect(parts.count == 0)
    }

    @Test("a request noted again is remembered from then on")
    func again() {
        let parts = Subject()
        parts.expect(1, until: 10, now: 0, limit: 4)
        parts.expect(1, until: 20, now: 5, limit: 4)
        parts.expect(2, until: 30, now: 15, limit: 4)
        #expect(parts.takes(1, isLast: false, now: 16))
    }

    @Test("a flood keeps no more than the limit, the youngest ones")
    func flood() {
        let parts = Subject()
        for request: UInt64 in 1...10_000 {
            parts.expect(request, until: .max, now: request, limit: 8)
        }
        #expect(parts.count == 8)
        #expect(!parts.takes(9992, isLast: false, now: 10_000))
        #expect(parts.takes(9993, isLast: false, now: 10_000))
    }
}
