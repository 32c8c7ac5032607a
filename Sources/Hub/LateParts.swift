// LateParts — calls of one party that have ended while parts of them were still on their way.
//
// Such a part must neither be answered a second time nor begin a new call, so its request id is
// remembered for a grace time, or until the last part has come (wamp.md §8.10).

internal import Bytes

struct LateParts {
    private var ends: [UInt64: UInt64] = [:]
    /// What was noted; entries whose part came stay until it is their turn.
    private var order = Queue<(request: UInt64, end: UInt64)>()

    var count: Int { ends.count }

    /// Expects parts of `request` until `end`, in nanoseconds. The oldest request is forgotten
    /// when there are more than `limit`.
    mutating func expect(_ request: UInt64, until end: UInt64, now: UInt64, limit: Int) {
        ends[request] = end
        order.append((request, end))
        while let oldest = order.first, oldest.end <= now || order.count > limit {
            // A request that was noted again has a later entry.
            if ends[oldest.request] == oldest.end { ends[oldest.request] = nil }
            _ = order.popFirst()
        }
    }

    /// Whether parts of `request` may still come.
    func expects(_ request: UInt64, now: UInt64) -> Bool {
        ends[request].map { $0 > now } ?? false
    }

    /// Whether a call with the id `request` is a part that comes too late.
    mutating func takes(_ request: UInt64, isLast: Bool, now: UInt64) -> Bool {
        if ends.isEmpty { return false }
        guard let end = ends[request] else { return false }
        if isLast || end <= now { ends[request] = nil }
        return end > now
    }
}
