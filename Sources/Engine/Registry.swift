// Registry — what must be global and exact at once: who is connected, what is
// subscribed to and by how many, over all cores.
//
// Sharded short locks, taken on subscribe, unsubscribe, open, close and `server_info`; never on
// publish. Subscriptions that share a leading room (a glob's parent) live in one shard, so that
// "does anybody subscribe under this?" asks one.

package import DialectKit
package import Hub
import Lockfree
package import Rooms
import Synchronization

package final class Registry: Directory, RouterServices, Sendable {
    private struct Group: Hashable {
        let dialect: DialectID
        let realm: Realm
        let leading: Room
    }

    /// The patterns of a group, each with how many subscribe to it, and its place in the order in
    /// which patterns came to be.
    private struct Members {
        private(set) var counts: [Pattern: (subscribers: Int, order: UInt64)] = [:]

        var isEmpty: Bool { counts.isEmpty }

        /// - Returns: Whether the pattern is new.
        mutating func enter(_ pattern: Pattern, _ order: borrowing Atomic<UInt64>) -> Bool {
            if let place = counts.index(forKey: pattern) {
                counts.values[place].subscribers += 1
                return false
            }
            let number = order.wrappingAdd(1, ordering: .relaxed).newValue
            counts[pattern] = (1, number)
            return true
        }

        /// - Returns: Whether nobody subscribes to the pattern any more.
        mutating func leave(_ pattern: Pattern) -> Bool {
            guard let place = counts.index(forKey: pattern) else { return false }
            counts.values[place].subscribers -= 1
            guard counts.values[place].subscribers == 0 else { return false }
            counts.remove(at: place)
            return true
        }
    }

    /// In a struct, for ``Guarded``.
    private struct Announcer {
        var announce: (@Sendable (Publication) -> Void)?
    }

    private final class Shard: Sendable {
        let groups = Guarded<[Group: Members]>([:])
    }

    private let shards: [Shard] = (0..<32).map { _ in Shard() }
    private let sessions = Guarded<[UInt32: Int]>([:])
    private let order = Atomic<UInt64>(0)
    /// Patterns by dialect and realm.
    private let patternCounts = Guarded<[UInt32: Int]>([:])
    private let announcer = Guarded(Announcer())
    let interest = InterestSummary()
    /// One per core that may be.
    let deliveries = (0..<InterestSummary.coreLimit).map { _ in DeliveryCounts() }
    /// One per realm, at its number.
    package let dealers: [SharedDealer]

    package init(realmCount: Int = 1, dealerLimits: DealerLimits = .standard) {
        dealers = (0..<max(realmCount, 1)).map { _ in SharedDealer(limits: dealerLimits) }
    }

    package func dealer(of realm: Realm) -> SharedDealer { dealers[Int(realm.rawValue)] }

    /// How publications of the server itself reach the cores.
    func attach(_ announcer: @escaping @Sendable (Publication) -> Void) {
        self.announcer.withLock { $0.announce = announcer }
    }

    // MARK: what the engine reports

    func opened(_ dialect: DialectID, in realm: Realm) {
        sessions.withLock { $0[Self.key(dialect, realm), default: 0] += 1 }
    }

    func closed(_ dialect: DialectID, in realm: Realm) {
        sessions.withLock { $0[Self.key(dialect, realm), default: 0] -= 1 }
    }

    func subscribed(_ pattern: Pattern, _ dialect: DialectID, in realm: Realm) {
        let group = Group(dialect: dialect, realm: realm, leading: pattern.leading)
        shard(group).groups.withLock { groups in
            guard groups[group, default: Members()].enter(pattern, order) else { return }
            patternCounts.withLock { $0[Self.key(dialect, realm), default: 0] += 1 }
        }
    }

    func unsubscribed(_ pattern: Pattern, _ dialect: DialectID, in realm: Realm) {
        let group = Group(dialect: dialect, realm: realm, leading: pattern.leading)
        shard(group).groups.withLock { groups in
            // By its place: who leaves may leave thousands, and hashing is most of the work.
            guard let place = groups.index(forKey: group), groups.values[place].leave(pattern)
            else { return }
            if groups.values[place].isEmpty { groups.remove(at: place) }
            patternCounts.withLock { $0[Self.key(dialect, realm), default: 0] -= 1 }
        }
    }

    // MARK: Directory

    package func connectionCount(of dialect: DialectID, in realm: Realm) -> Int {
        sessions.withLock { $0[Self.key(dialect, realm)] ?? 0 }
    }

    package func subscriptions(
        of dialect: DialectID, in realm: Realm
    ) -> [(pattern: Pattern, subscriberCount: Int)] {
        var found: [(order: UInt64, pattern: Pattern, count: Int)] = []
        for shard in shards {
            shard.groups.withLock { groups in
                for (group, members) in groups
                where group.dialect == dialect && group.realm == realm {
                    for (pattern, count) in members.counts {
                        found.append((count.order, pattern, count.subscribers))
                    }
                }
            }
        }
        found.sort { $0.order < $1.order }
        return found.map { ($0.pattern, $0.count) }
    }

    package func hasSubscribers(
        under parent: Room, of dialect: DialectID, in realm: Realm
    ) -> Bool {
        let group = Group(dialect: dialect, realm: realm, leading: parent)
        return shard(group).groups.withLock { $0[group] != nil }
    }

    package func subscribedPatternCount(of dialect: DialectID, in realm: Realm) -> Int {
        patternCounts.withLock { $0[Self.key(dialect, realm)] ?? 0 }
    }

    package func deliveryCount(of dialect: DialectID) -> Int {
        deliveries.reduce(0) { $0 + $1.count(of: dialect) }
    }

    package func hasInterest(in room: Room, of realm: Realm) -> Bool {
        // A summary of many thousand rooms says yes to nearly everything.
        guard interest.cores(for: room, in: realm) != 0 else { return false }
        let parent = room.prefix(max(0, room.segmentCount - 1))
        let dialects = patternCounts.withLock { counts in
            counts.filter { $0.value > 0 && UInt16(truncatingIfNeeded: $0.key) == realm.rawValue }
                .map { DialectID(rawValue: UInt8(truncatingIfNeeded: $0.key >> 16)) }
        }
        return dialects.contains { dialect in
            // Prefixes and wildcards, which all lead from nowhere, are not looked at one by one.
            [room, parent, Room()].contains { hasSubscribers(under: $0, of: dialect, in: realm) }
        }
    }

    package func announce(_ publication: Publication) {
        announcer.withLock { $0.announce }?(publication)
    }

    package func askDealer<R>(of realm: Realm, _ body: (inout Dealer) -> R) -> R {
        dealer(of: realm).query(body)
    }

    package func observeRegistrations(
        of realm: Realm, _ observer: @escaping @Sendable (RegistrationEvent) -> Void
    ) {
        dealer(of: realm).observe(observer)
    }

    private func shard(_ group: Group) -> Shard {
        shards[Int(UInt(bitPattern: group.leading.hashValue) % UInt(shards.count))]
    }

    private static func key(_ dialect: DialectID, _ realm: Realm) -> UInt32 {
        UInt32(dialect.rawValue) << 16 | UInt32(realm.rawValue)
    }
}

extension Pattern {
    /// The room that a pattern's subscriptions are grouped under.
    fileprivate var leading: Room {
        switch self {
        case .exact(let room): room
        case .glob(let parent, _): parent
        case .prefix, .wildcard: Room()
        }
    }
}

/// Messages that one core has queued for subscribers, by dialect. Written by that core only, once
/// per member list of a publication.
final class DeliveryCounts: Sendable {
    private let counts = (0..<DeliveryCounts.limit).map { _ in Cell() }

    /// Dialects counted one by one; the rest share the last place.
    private static let limit = 32

    private final class Cell: Sendable {
        let value = Atomic<Int>(0)
    }

    func add(_ count: Int, of dialect: DialectID) {
        let cell = counts[min(Int(dialect.rawValue), Self.limit - 1)]
        // One writer: no read-modify-write is needed.
        cell.value.store(cell.value.load(ordering: .relaxed) &+ count, ordering: .relaxed)
    }

    func count(of dialect: DialectID) -> Int {
        counts[min(Int(dialect.rawValue), Self.limit - 1)].value.load(ordering: .relaxed)
    }
}
