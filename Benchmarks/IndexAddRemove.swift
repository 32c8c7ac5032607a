// IndexAddRemove — a subscription comes and goes (RoomIndex).
//
// One item is one subscription added and removed again. `shared` ones join others at their
// pattern, `own` ones bring a pattern and take it away.

import Rooms

struct IndexAddRemove: Work, ~Copyable {
    private var index = RoomIndex()
    private let patterns: [Pattern]
    private var entries: [EntryID] = []
    private let roundCount: Int

    /// - Parameters:
    ///   - others: Connections that hold every pattern all the time.
    init(_ patterns: [Pattern], others: Int, roundCount: Int) {
        self.patterns = patterns
        self.roundCount = roundCount
        for other in 0..<others {
            for pattern in patterns {
                index.subscribe(pattern, UInt32(truncatingIfNeeded: other))
            }
        }
        entries.reserveCapacity(patterns.count)
    }

    var itemCount: Int { patterns.count * roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        for _ in 0..<roundCount {
            for pattern in patterns { entries.append(index.subscribe(pattern, 0xFFFF)) }
            sum.add(index.subscriptionCount)
            for entry in entries { index.remove(entry) }
            entries.removeAll(keepingCapacity: true)
            sum.add(index.patternCount)
        }
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let count = suite.pick(small: 100, real: 10_000)
        let exact = (0..<count).map { Pattern.exact(room("market", "eu", "s\($0)")) }
        suite.measure("IndexAddRemove", "exact, own") {
            IndexAddRemove(exact, others: 0, roundCount: 1)
        }
        suite.measure("IndexAddRemove", "exact, shared by 8") {
            IndexAddRemove(exact, others: 8, roundCount: 1)
        }
        suite.measure("IndexAddRemove", "glob, own") {
            guard let glob = try? Glob(text: "t*") else { preconditionFailure("a valid glob") }
            let globs = (0..<count).map {
                Pattern.glob(parent: room("market", "eu", "s\($0)"), glob)
            }
            return IndexAddRemove(globs, others: 0, roundCount: 1)
        }
        suite.measure("IndexAddRemove", "wildcard, own") {
            let wildcards = (0..<count).map {
                Pattern.wildcard([Array("market".utf8), nil, Array("s\($0)".utf8)])
            }
            return IndexAddRemove(wildcards, others: 0, roundCount: 1)
        }
    }
}
