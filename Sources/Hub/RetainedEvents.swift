// RetainedEvents — the last event of each room, for those who subscribe later (wamp.md §7.8).
//
// A room keeps one event for everybody and, beside it, the newest ones for narrower audiences; a
// later one for everybody replaces them all. Rooms stand in a list by the time of their last event,
// and the one that was quiet longest goes when the realm holds too much.
//
// Every retained event has an order, which counts up over the realm. Whoever subscribes and asks
// for retained events is entered as a subscriber first, then given what ``newest(for:limit:where:)``
// finds, and notes ``lastOrder``: a live publication with that order or a lower one is in what was
// found, or was replaced by it, and is ignored. The engine makes the retaining, the posting and the
// noting of one realm one after the other.

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

    /// The events of one room, oldest first; one for everybody can only be the first.
    private struct Shelf: Sendable {
        let room: Room
        var events: [Stored] = []
        var quieter = nowhere
        var livelier = nowhere
    }

    private let limits: RetentionLimits
    private var shelves: [Shelf?] = []
    private var free: [UInt32] = []
    private var places: [Room: UInt32] = [:]
    private var quietest = nowhere
    private var liveliest = nowhere

    /// The order of the last retained event, 0 before the first.
    package private(set) var lastOrder: UInt64 = 0
    package private(set) var eventCount = 0
    /// Octets of all events.
    package private(set) var size = 0
    /// Events that were given up for a limit.
    package private(set) var evictedCount: UInt64 = 0

    package init(limits: RetentionLimits = .standard) { self.limits = limits }

    package var roomCount: Int { places.count }

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
        if audience.isEverybody { clear(room) }
        let stored = Stored(
            event: event, size: eventSize + audience.size + room.dottedSize, audience: audience,
            publisher: publisher, order: lastOrder)
        guard stored.size <= limits.size, limits.events > 0,
            audience.isEverybody || limits.narrowEventsPerRoom > 0
        else {
            evictedCount += 1
            return lastOrder
        }
        let place = places[room] ?? makeShelf(for: room)
        unlink(place)
        link(place)
        shelves[Int(place)]!.events.append(stored)
        eventCount += 1
        size += stored.size
        dropNarrow(at: place)
        while eventCount > limits.events || size > limits.size { evict(sparing: place) }
        return lastOrder
    }

    /// Forgets what is retained for `room`.
    package mutating func clear(_ room: Room) {
        guard let place = places[room] else { return }
        removeShelf(at: place)
    }

    /// Drops the oldest narrow event beyond the limit for one room.
    private mutating func dropNarrow(at place: UInt32) {
        let count = shelves[Int(place)]!.events.count
        let firstNarrow = shelves[Int(place)]!.events[0].audience.isEverybody ? 1 : 0
        guard count - firstNarrow > limits.narrowEventsPerRoom else { return }
        drop(firstNarrow, at: place)
    }

    /// Gives up the quietest room; if that is the one just written to, the first of its events.
    private mutating func evict(sparing place: UInt32) {
        if quietest == place {
            drop(0, at: place)
        } else {
            evictedCount += UInt64(shelves[Int(quietest)]!.events.count)
            removeShelf(at: quietest)
        }
    }

    private mutating func drop(_ index: Int, at place: UInt32) {
        let dropped = shelves[Int(place)]!.events.remove(at: index)
        eventCount -= 1
        size -= dropped.size
        evictedCount += 1
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
        if case .exact(let room) = pattern {
            if let place = places[room] { find(at: place, admits, &found) }
        } else {
            var place = quietest
            while place != nowhere {
                if pattern.covers(shelves[Int(place)]!.room) { find(at: place, admits, &found) }
                place = shelves[Int(place)]!.livelier
            }
            // The list goes by each room's last event, which need not be the one admitted.
            found.sort { $0.order < $1.order }
        }
        if found.count > limit { found.removeFirst(found.count - max(limit, 0)) }
        return found
    }

    private func find(
        at place: UInt32, _ admits: (Audience, UInt64?) -> Bool, _ found: inout [Found]
    ) {
        let shelf = shelves[Int(place)]!
        let newest = shelf.events.last { admits($0.audience, $0.publisher) }
        guard let newest else { return }
        found.append(Found(room: shelf.room, event: newest.event, order: newest.order))
    }

    // MARK: Shelves

    private mutating func makeShelf(for room: Room) -> UInt32 {
        let place: UInt32
        if let last = free.popLast() {
            place = last
            shelves[Int(place)] = Shelf(room: room)
        } else {
            place = UInt32(shelves.count)
            shelves.append(Shelf(room: room))
        }
        places[room] = place
        link(place)
        return place
    }

    private mutating func removeShelf(at place: UInt32) {
        unlink(place)
        let shelf = shelves[Int(place)]!
        eventCount -= shelf.events.count
        size -= shelf.events.reduce(0) { $0 + $1.size }
        places[shelf.room] = nil
        shelves[Int(place)] = nil
        free.append(place)
    }

    /// Puts a room at the lively end of the list.
    private mutating func link(_ place: UInt32) {
        shelves[Int(place)]!.quieter = liveliest
        shelves[Int(place)]!.livelier = nowhere
        if liveliest == nowhere {
            quietest = place
        } else {
            shelves[Int(liveliest)]!.livelier = place
        }
        liveliest = place
    }

    private mutating func unlink(_ place: UInt32) {
        let quieter = shelves[Int(place)]!.quieter
        let livelier = shelves[Int(place)]!.livelier
        if quieter == nowhere {
            quietest = livelier
        } else {
            shelves[Int(quieter)]!.livelier = livelier
        }
        if livelier == nowhere {
            liveliest = quieter
        } else {
            shelves[Int(livelier)]!.quieter = quieter
        }
    }

    package func checkInvariants() {
        var order: UInt64 = 0
        var seen = (rooms: 0, events: 0, size: 0)
        var place = quietest
        var previous = nowhere
        while place != nowhere {
            let shelf = shelves[Int(place)]!
            precondition(places[shelf.room] == place && shelf.quieter == previous)
            precondition(!shelf.events.isEmpty && shelf.events.last!.order > order)
            order = shelf.events.last!.order
            precondition(shelf.events.dropFirst().allSatisfy { !$0.audience.isEverybody })
            seen.rooms += 1
            seen.events += shelf.events.count
            seen.size += shelf.events.reduce(0) { $0 + $1.size }
            previous = place
            place = shelf.livelier
        }
        precondition(previous == liveliest && order <= lastOrder)
        precondition(seen == (roomCount, eventCount, size))
        precondition(shelves.count == places.count + free.count)
        precondition(eventCount <= limits.events && size <= limits.size)
    }
}

/// Where no shelf is.
private let nowhere = UInt32.max
