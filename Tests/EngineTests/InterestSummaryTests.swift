import Rooms
import Testing

@testable import Engine

@Suite("interest summary")
struct InterestSummaryTests {
    private static func room(_ name: String) -> Room {
        let octets = Array(name.utf8)
        return try! Room(dotted: unsafe octets.span.bytes)
    }

    @Test("a core's bit is up from its first subscription to its last")
    func bits() {
        let summary = InterestSummary()
        var first = CoreInterest(summary, core: 0)
        var second = CoreInterest(summary, core: 5)
        let room = Self.room("a.b")
        #expect(summary.cores(for: room, in: .standard) == 0)
        first.add(.exact(room), in: .standard)
        first.add(.exact(room), in: .standard)
        second.add(.exact(room), in: .standard)
        #expect(summary.cores(for: room, in: .standard) == 1 | 1 << 5)
        first.remove(.exact(room), in: .standard)
        #expect(summary.cores(for: room, in: .standard) == 1 | 1 << 5)
        first.remove(.exact(room), in: .standard)
        #expect(summary.cores(for: room, in: .standard) == 1 << 5)
        second.remove(.exact(room), in: .standard)
        #expect(summary.cores(for: room, in: .standard) == 0)
    }

    @Test("every kind of pattern is seen by the rooms it matches")
    func patterns() {
        let glob = try! Glob(text: "x*")
        let patterns: [Pattern] = [
            .exact(Self.room("a.xy")), .glob(parent: Self.room("a"), glob),
            .prefix(Array("a.x".utf8)), .wildcard([nil, Array("xy".utf8)]),
            .wildcard([Array("a".utf8), nil]),
        ]
        let room = Self.room("a.xy")
        for pattern in patterns {
            #expect(pattern.matches(room))
            let summary = InterestSummary()
            var interest = CoreInterest(summary, core: 2)
            interest.add(pattern, in: .standard)
            // It errs only towards posting: what matches is never missed.
            #expect(summary.cores(for: room, in: .standard) == 1 << 2)
            interest.remove(pattern, in: .standard)
            #expect(summary.cores(for: room, in: .standard) == 0)
        }
    }

    @Test("ending what was never begun stops the process")
    func underflow() async {
        await #expect(processExitsWith: .failure) {
            var interest = CoreInterest(InterestSummary(), core: 0)
            interest.remove(.prefix([0x61]), in: .standard)
        }
    }
}
