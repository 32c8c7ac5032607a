// IndexCovering — how long covering publications keep a core that has a big family (Families.swift).
//
// The first ones of a family make its posting lists, so their time is a pause that nobody else on
// the core expects. The figures are the fastest of some rounds, each with an index of its own: the
// slowest of 64 publications that cover one room of so many, and the fastest of them, which finds
// everybody posted.

import Glibc
import Rooms

enum IndexCovering {
    /// Microseconds.
    private struct Times {
        var slowest = Double.infinity
        var fastest = Double.infinity
    }

    static func find(in suite: inout Suite) {
        let roundCount = suite.pick(small: 1, real: 3)
        for (small, real) in [(100, 1000), (200, 10_000), (300, 100_000), (400, 1_000_000)] {
            let count = suite.pick(small: small, real: real)
            // Both figures are of the same rounds, which are run when the first is asked for.
            var times: Times?
            suite.find("IndexCovering", "\(count) rooms, slowest", "µs") {
                let found = measure(count, roundCount: roundCount)
                times = found
                return found.slowest
            }
            suite.find("IndexCovering", "\(count) rooms, posted", "µs") { times?.fastest ?? 0 }
        }
    }

    private static func measure(_ roomCount: Int, roundCount: Int) -> Times {
        let rooms = (0..<roomCount).map { room("customer&target", "c\($0 % 1000)", "t\($0)") }
        var best = Times()
        for _ in 0..<roundCount {
            let times = measure(rooms)
            best.slowest = min(best.slowest, times.slowest)
            best.fastest = min(best.fastest, times.fastest)
        }
        return best
    }

    private static func measure(_ rooms: [Room]) -> Times {
        var index = RoomIndex()
        for (number, room) in rooms.enumerated() {
            index.subscribe(.exact(room), UInt32(truncatingIfNeeded: number))
        }
        let asked = room("customer&target", "*", "t7")
        let coverage: [[UInt8]?] = [Array("customer&target".utf8), nil, Array("t7".utf8)]
        var times = Times()
        times.slowest = 0
        for _ in 0..<64 {
            let start = now()
            let found = index.match(covering: coverage, asked, in: .standard).count
            let time = Double(now() - start) / 1000
            precondition(found == 1)
            times.slowest = max(times.slowest, time)
            times.fastest = min(times.fastest, time)
        }
        return times
    }
}
