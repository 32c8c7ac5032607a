// InterestSummary — which cores may have subscribers of a room.
//
// One word of core bits per hash bucket. A core raises its bit before the reply to a subscribe is
// queued and clears it when its last subscription of the bucket is gone, so the summary errs only
// towards posting. Written on subscribe and unsubscribe, read on publish, never per delivery.

import Rooms
import Synchronization

/// The words all cores share.
final class InterestSummary: Sendable {
    /// Cores that fit a word.
    static let coreLimit = 64
    static let bucketCount = 1 << 14

    /// A class cannot hold an array of atomics, so each bucket is an object made at start.
    private final class Bucket: Sendable {
        let cores = Atomic<UInt64>(0)
    }
    private let buckets: [Bucket] = (0..<bucketCount).map { _ in Bucket() }

    static func bucket(of key: InterestKey) -> Int {
        Int(truncatingIfNeeded: key.rawValue % UInt64(bucketCount))
    }

    /// Cores that a publication to `room` has to be posted to, as bits.
    func cores(for room: Room, in realm: Realm) -> UInt64 {
        var cores: UInt64 = 0
        room.forEachInterestKey(in: realm) { key in
            // Pairs with the releasing store of `raise`: who saw the subscribe's reply and then
            // publishes, sees the bit.
            cores |= buckets[Self.bucket(of: key)].cores.load(ordering: .acquiring)
        }
        return cores
    }

    fileprivate func raise(_ bucket: Int, core: Int) {
        buckets[bucket].cores.bitwiseOr(1 << UInt64(core), ordering: .acquiringAndReleasing)
    }

    fileprivate func lower(_ bucket: Int, core: Int) {
        buckets[bucket].cores.bitwiseAnd(~(1 << UInt64(core)), ordering: .acquiringAndReleasing)
    }
}

/// One core's share: how many of its subscriptions lie in each bucket.
struct CoreInterest: ~Copyable {
    private let summary: InterestSummary
    private let core: Int
    private var counts: [UInt32]

    init(_ summary: InterestSummary, core: Int) {
        precondition(core < InterestSummary.coreLimit)
        self.summary = summary
        self.core = core
        counts = Array(repeating: 0, count: InterestSummary.bucketCount)
    }

    mutating func add(_ pattern: Pattern, in realm: Realm) {
        let bucket = InterestSummary.bucket(of: pattern.interestKey(in: realm))
        counts[bucket] += 1
        if counts[bucket] == 1 { summary.raise(bucket, core: core) }
    }

    mutating func remove(_ pattern: Pattern, in realm: Realm) {
        let bucket = InterestSummary.bucket(of: pattern.interestKey(in: realm))
        precondition(counts[bucket] > 0)
        counts[bucket] -= 1
        if counts[bucket] == 0 { summary.lower(bucket, core: core) }
    }
}
