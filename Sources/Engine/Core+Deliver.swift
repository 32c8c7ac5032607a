// Delivery — ranges of a lane's log to the members of lists: the loops per subscriber.
//
// Publications of a turn mostly follow one another to the same subscribers: a busy room, a burst.
// So what a publication brings is not queued at once but kept as lists and ranges, and the next one
// that goes to the same lists lengthens the ranges. The loop over the members then runs once for a
// run of publications, not once for each. It runs before anything could tell the difference: before
// a publication to others, a message of a member's own, a change of any list, and the flush.

import DialectKit
import Rooms
import Telemetry

/// What the members of a list get.
struct Delivery {
    enum Manner {
        /// The range, for each subscription.
        case perSubscription
        /// The range; connections that other lists of the publication hold as well get it once.
        case perConnection
        /// Frames that begin as those in the range and end in a tail, for each subscription.
        case tailed
        /// The same for one frame whose body is shared.
        case sharedBody
    }

    let list: MemberListID
    /// One frame, or several of consecutive publications.
    var range: LogRange
    let dialect: DialectID
    let manner: Manner

    /// Whether `next` goes to the same members, right behind it.
    func continues(with next: Delivery) -> Bool {
        list == next.list && manner == next.manner && manner != .sharedBody
            && range.end == next.range.start && range.segment == next.range.segment
    }
}

/// A run of publications that is not queued yet.
struct PostponedRun {
    var deliveries: [Delivery] = []
    /// The slot that none of them goes to.
    var excluded = UInt32.max
    var publicationCount = 0
}

extension Core where Kernel: ~Copyable {
    /// Makes what is planned a part of the run, or the beginning of the next one.
    mutating func postpone(excluding excluded: UInt32) {
        if postponed.publicationCount > 0 {
            if postponed.excluded == excluded, lengthenRun() {
                postponed.publicationCount &+= 1
                planned.removeAll(keepingCapacity: true)
                return
            }
            settleDeliveries()
        }
        swap(&postponed.deliveries, &planned)
        planned.removeAll(keepingCapacity: true)
        postponed.excluded = excluded
        postponed.publicationCount = 1
    }

    /// - Returns: `false`, and nothing is changed, when the plan goes elsewhere.
    private mutating func lengthenRun() -> Bool {
        guard postponed.deliveries.count == planned.count else { return false }
        // What members of lists with tails get is written when the run is settled, and in no log
        // until then: at most the bodies for each member, and all tails for each publication.
        var tailedSize = 0
        for place in planned.indices {
            let (run, next) = (postponed.deliveries[place], planned[place])
            guard run.continues(with: next) else { return false }
            guard run.manner == .tailed else { continue }
            let memberCount = unsafe rooms.unsafeMembers(of: run.list).count
            tailedSize += (run.range.size + next.range.size) * memberCount
        }
        if tailedSize > 0 {
            tailedSize += (postponed.publicationCount + 1) * tails.size
            guard tailedSize <= Self.tailedRunLimit else { return false }
        }
        for place in planned.indices {
            postponed.deliveries[place].range.end = planned[place].range.end
        }
        return true
    }

    /// Queues the run on its connections.
    ///
    /// - Returns: How many took it, summed over its publications.
    @discardableResult
    mutating func settleDeliveries() -> Int {
        guard postponed.publicationCount > 0 else { return 0 }
        let publicationCount = postponed.publicationCount
        pace.publicationCount &+= UInt64(publicationCount)
        postponed.publicationCount = 0
        renewStamp()
        var count = 0
        for delivery in postponed.deliveries {
            let taken = deliver(delivery, postponed.excluded)
            deliveryCounts.add(taken &* publicationCount, of: delivery.dialect)
            count &+= taken &* publicationCount
        }
        countDeliveries(count)
        return count
    }

    /// Takes a stamp that no connection has.
    @inline(__always)
    mutating func renewStamp() {
        stamp &+= 1
        if stamp == 0 { clearStamps() }
    }

    /// After 2^32 of them, which may be half a day: some connections have none, which is 0, and
    /// some may still have one of those that come again.
    @inline(never)
    private mutating func clearStamps() {
        for slot in 0..<table.capacity { unsafe (table.hot + slot).pointee.stamp = 0 }
        stamp = 1
    }

    @inline(__always)
    private mutating func deliver(_ delivery: Delivery, _ excluded: UInt32) -> Int {
        switch delivery.manner {
        case .perSubscription: deliver(delivery.range, to: delivery.list, excluded)
        case .perConnection: deliverOnce(delivery.range, to: delivery.list, excluded)
        case .tailed, .sharedBody: deliverTailed(delivery, excluded)
        }
    }

    /// Queues the run before a publication that is queued without one. Those who have got the run
    /// have not got that publication: its stamp is another.
    mutating func settleRunBefore() {
        guard postponed.publicationCount > 0 else { return }
        settleDeliveries()
        renewStamp()
    }

    /// Queues what is planned of a publication at once, not as a run.
    ///
    /// - Returns: How many took it.
    mutating func deliverPlanned(excluding excluded: UInt32) -> Int {
        guard !planned.isEmpty else { return 0 }
        settleRunBefore()
        var count = 0
        for place in planned.indices {
            let delivery = planned[place]
            let taken = deliver(delivery, excluded)
            deliveryCounts.add(taken, of: delivery.dialect)
            count += taken
        }
        planned.removeAll(keepingCapacity: true)
        return count
    }

    /// Queues the run if it may reach `connection`, which is about to get something else.
    @inline(__always)
    mutating func settleDeliveries(before connection: Connection) {
        if postponed.publicationCount > 0 { settlePostponed(before: connection) }
    }

    // Never inlined, and the connection's field read nowhere else: the runtime's check of that
    // access would be hoisted in front of every loop that answers (100 instructions).
    @inline(never)
    private mutating func settlePostponed(before connection: Connection) {
        if connection.subscriptions != nil { settleDeliveries() }
    }

    func countDeliveries(_ count: Int) {
        guard count > 0 else { return }
        metrics.add(.deliveries, count)
        metrics.count(.left, count)
    }

    /// Asks every subscriber's session: for publications that not all of them get.
    mutating func deliver(
        _ delivery: Delivery, of publication: Publication, _ reading: Reading, _ excluded: UInt32
    ) -> Int {
        let isOnce: Bool
        switch delivery.manner {
        case .perSubscription: isOnce = false
        case .perConnection: isOnce = true
        case .tailed, .sharedBody: return deliverTailed(delivery, excluded, of: publication)
        }
        let members = unsafe rooms.unsafeMembers(of: delivery.list)
        var count = 0
        for place in 0..<members.count {
            let slot = unsafe members[place].connection
            guard slot != excluded,
                let session = table.connection(at: Int(slot))?.session,
                session.admits(publication, reading)
            else { continue }
            let line = unsafe table.hot + Int(slot)
            if isOnce, unsafe line.pointee.stamp == stamp { continue }
            unsafe line.pointee.stamp = stamp
            if enqueue(delivery.range, at: slot) { count &+= 1 }
        }
        return count
    }

    /// Per subscriber: 8 octets read in sequence, one cache line written. Kept apart from its
    /// caller, whose variables would take the loop's registers.
    @inline(never)
    private mutating func deliver(
        _ range: LogRange, to list: MemberListID, _ excluded: UInt32
    ) -> Int {
        let members = unsafe rooms.unsafeMembers(of: list)
        var count = 0
        for place in 0..<members.count {
            let slot = unsafe members[place].connection
            if slot == excluded { continue }
            if enqueue(range, at: slot) { count &+= 1 }
        }
        return count
    }

    /// The same for connections that other lists of the publication may hold as well.
    @inline(never)
    private mutating func deliverOnce(
        _ range: LogRange, to list: MemberListID, _ excluded: UInt32
    ) -> Int {
        let members = unsafe rooms.unsafeMembers(of: list)
        var count = 0
        for place in 0..<members.count {
            let slot = unsafe members[place].connection
            if slot == excluded { continue }
            let line = unsafe table.hot + Int(slot)
            if unsafe line.pointee.stamp == stamp { continue }
            unsafe line.pointee.stamp = stamp
            if enqueue(range, at: slot) { count &+= 1 }
        }
        return count
    }
}
