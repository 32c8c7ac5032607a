// RetainedEvents — the last event of each room, for those who subscribe later (wamp.md §7.8).
//
// A room keeps one event for everybody and, beside it, the newest ones for narrower audiences; a
// later one for everybody replaces them all. Rooms stand in a list by the time of their last event,
// and the one that was quiet longest goes when the realm holds too much.
//
// Every retained event has an order, which counts up over the realm. Whoever subscribes and asks
// for retained events is entered as a subscriber first, then given what
// ``newest(for:limit:where:)`` finds, and notes ``lastOrder``: a live publication with that order
// or a lower one is in what was found, or was replaced by it, and is ignored. The engine makes the
// retaining, the posting and the noting of one realm one after the other.

package import Rooms

/// How much one realm retains.
package struct RetentionLimits: Sendable {
    /// Events, over all rooms.
    package var events = 10_000
    /// Octets, as ``RetainedEvents/retain(_:size:audience:publisher:in:)`` counts them.
    package var size = 64 << 20
    /// Events of one room that are not for everybody.
    package var narrowEventsPerRoom = 16

    package init() {}

    package static let standard = RetentionLimits()
}

/// The retained events of one realm.
package struct RetainedEvents<Event: Sendable>: ~Copyable, Sendable {
    /// An event for a subscriber.
    package struct Found: Sendable {
        package let room: Room
        package let event: Event
        package let order: UInt64
    }

    private struct Stored: Sendable {
        let event: Event
        let size: Int
        let audience: Audience
        let publisher: UInt64?
        let order: UInt64
    }

    private let limits: RetentionLimits
    private var ages = RoomAges()
    /// By the place of the room: its events, oldest first; one for everybody can only be the first.
    private var events: [[Stored]] = []

    /// The order of the last retained event, 0 before the first.
    package private(set) var lastOrder: UInt64 = 0
    package private(set) var eventCount = 0
    /// Octets of all events.
    package private(set) var size = 0
    /// Events that were given up for a limit.
    package private(set) var evictedCount: UInt64 = 0

    package init(limits: RetentionLimits = .standard) { self.limits = limits }

    package var roomCount: Int { ages.count }

    // MARK: Keeping

    /// Keeps `event`, published to `room`.
    ///
    /// An event that is larger than the realm's limit is not kept; one for everybody still takes
    /// away what the room had, which is no longer its last word.
    ///
    /// - Parameters:
    ///   - size: Octets of the event. Those of the audience's lists and of the room's name are
    ///     added.
    ///   - publisher: The session that must not be given its own event later (§7.4), if any.
    /// - Returns: The order of the event; its live delivery carries it.
    /// - Complexity: O(1), and O(events that have to go).
    package mutating func retain(
        _ event: Event, size eventSize: Int, audience: Audience, publisher: UInt64?, in room: Room
    ) -> UInt64 {
        precondition(eventSize >= 0)
        lastOrder += 1
        let stored = Stored(
            event: event, size: eventSize + audience.size + room.dottedSize, audience: audience,
            publisher: publisher, order: lastOrder)
        let known = ages.place(of: room)
        guard stored.size <= limits.size, limits.events > 0,
            audience.isEverybody || limits.narrowEventsPerRoom > 0
        else {
            if audience.isEverybody, let known { remove(at: known) }
            evictedCount += 1
            return lastOrder
        }
        let place = known ?? ages.insert(room)
        ages.touch(place)
        if place == events.count { events.append([]) }
        if audience.isEverybody { empty(place) }
        events[place].append(stored)
        eventCount += 1
        size += stored.size
        dropNarrow(at: place)
        while eventCount > limits.events || size > limits.size { evict(sparing: place) }
        return lastOrder
    }

    /// Drops the oldest narrow event beyond the limit for one room.
    private mutating func dropNarrow(at place: Int) {
        let firstNarrow = events[place][0].audience.isEverybody ? 1 : 0
        guard events[place].count - firstNarrow > limits.narrowEventsPerRoom else { return }
        drop(firstNarrow, at: place)
    }

    /// Gives up the quietest room; if that is the one just written to, the first of its events.
    private mutating func evict(sparing place: Int) {
        if ages.quietest == place {
            drop(0, at: place)
        } else {
            evictedCount += UInt64(events[ages.quietest].count)
            remove(at: ages.quietest)
        }
    }

    private mutating func drop(_ index: Int, at place: Int) {
        let dropped = events[place].remove(at: index)
        eventCount -= 1
        size -= dropped.size
        evictedCount += 1
    }

    private mutating func remove(at place: Int) {
        empty(place)
        events[place] = []
        ages.remove(at: place)
    }

    private mutating func empty(_ place: Int) {
        eventCount -= events[place].count
        size -= events[place].reduce(0) { $0 + $1.size }
        events[place].removeAll(keepingCapacity: true)
    }

    // MARK: Finding

    /// The newest event of each room in `pattern` that `admits` accepts, in the order in which they
    /// were published.
    ///
    /// - Parameters:
    ///   - limit: How many rooms are answered for; those with the newest events are.
    ///   - admits: Whether the subscriber would have got an event of that audience, published by
    ///     that session (§7.4, §7.5).
    /// - Complexity: O(1) for an exact pattern; otherwise O(rooms that retain something).
    package func newest(
        for pattern: Pattern, limit: Int = .max, where admits: (Audience, UInt64?) -> Bool
    ) -> [Found] {
        var found: [Found] = []
        for place in ages.places(in: pattern) {
            let newest = events[place].last { admits($0.audience, $0.publisher) }
            guard let newest else { continue }
            found.append(Found(room: ages[place], event: newest.event, order: newest.order))
        }
        if found.count > 1 { found.sort { $0.order < $1.order } }
        if found.count > limit { found.removeFirst(found.count - max(limit, 0)) }
        return found
    }

    package func checkInvariants() {
        var order: UInt64 = 0
        var seen = (events: 0, size: 0)
        for place in ages.checkedPlaces() {
            let stored = events[place]
            precondition(stored.last!.order > order)
            order = stored.last!.order
            precondition(stored.dropFirst().allSatisfy { !$0.audience.isEverybody })
            precondition(zip(stored, stored.dropFirst()).allSatisfy { $0.order < $1.order })
            seen.events += stored.count
            seen.size += stored.reduce(0) { $0 + $1.size }
        }
        precondition(order <= lastOrder && seen == (eventCount, size))
        precondition(events.reduce(0) { $0 + $1.count } == eventCount)
        precondition(eventCount <= limits.events && size <= limits.size)
    }
}
