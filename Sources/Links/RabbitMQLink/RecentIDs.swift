// RecentIDs — the message ids seen lately, so that what comes again is recognised.
//
// A broker sends a message again when our acknowledgement did not reach it, and a publisher sends
// it again when the broker's confirmation did not. The memory is bounded: the oldest id makes room
// for the newest.

struct RecentIDs: Sendable {
    private var known: Set<[UInt8]> = []
    /// In the order they came, from `oldest` around.
    private var ring: [[UInt8]] = []
    private var oldest = 0
    let limit: Int

    /// - Parameter limit: Ids remembered, at least 1. An id has at most 255 octets.
    init(limit: Int) {
        precondition(limit >= 1)
        self.limit = limit
    }

    var count: Int { known.count }

    func contains(_ id: [UInt8]) -> Bool { known.contains(id) }

    /// Remembers `id`; one that is known already stays as old as it was.
    mutating func insert(_ id: [UInt8]) {
        guard known.insert(id).inserted else { return }
        guard ring.count == limit else {
            ring.append(id)
            return
        }
        known.remove(ring[oldest])
        ring[oldest] = id
        oldest = oldest + 1 == limit ? 0 : oldest + 1
    }

    func checkInvariants() {
        precondition(known.count == ring.count)
        precondition(ring.count <= limit)
        precondition(ring.allSatisfy(known.contains))
    }
}
