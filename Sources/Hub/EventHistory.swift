// EventHistory — what was published lately, for those who ask (wamp.md §7.9).
//
// The configuration names rooms and patterns that have a history. Each such entry keeps the
// publications that it matches in order of arrival, bounded in number and octets, whether or not
// anybody is subscribed. Publications that name sessions are not recorded: sessions end. Those that
// name authids or authroles are, and are shown to callers whom they admit.

package import Rooms

/// A configured history.
package struct HistoryEntry: Sendable {
    package var pattern: Pattern
    /// Publications that are kept.
    package var limit: Int
    /// Octets that are kept, as ``EventHistory/record(_:size:publication:at:audience:in:)`` counts
    /// them.
    package var sizeLimit: Int

    package init(_ pattern: Pattern, limit: Int, sizeLimit: Int) {
        self.pattern = pattern
        self.limit = limit
        self.sizeLimit = sizeLimit
    }
}

/// Which records are asked for; what is set must all hold.
package struct HistoryQuery: Sendable {
    /// How many records at most, counted when everything else is done.
    package var limit: Int?
    /// Newest first.
    package var isReversed = false
    /// Only publications to this room.
    package var room: Room?
    /// Nanoseconds since 1970, in order: ≥, >, <, ≤.
    package var fromTime: UInt64?
    package var afterTime: UInt64?
    package var beforeTime: UInt64?
    package var untilTime: UInt64?
    /// Publications, located in the order of arrival: from that one on, behind it, before it, up
    /// to it.
    package var fromPublication: UInt64?
    package var afterPublication: UInt64?
    package var beforePublication: UInt64?
    package var untilPublication: UInt64?

    package init() {}
}

/// Why a question about the history has no answer.
package enum HistoryError: Error, Hashable, Sendable {
    /// No history is configured for exactly that pattern.
    case unavailable
    /// The limit is not positive.
    case invalidLimit
    /// A publication by which the answer is bounded is not there, or not for the caller. To answer
    /// as if it were would hide that something may be missing.
    case unknownPublication(UInt64)

    package var uri: String {
        switch self {
        case .unavailable: "wamp.error.history_unavailable"
        case .invalidLimit, .unknownPublication: "wamp.error.invalid_argument"
        }
    }
}

/// The histories of one realm.
package struct EventHistory<Event: Sendable>: ~Copyable, Sendable {
    /// One publication.
    package struct Record: Sendable {
        /// When it was recorded, in nanoseconds since 1970.
        package let timestamp: UInt64
        package let publication: UInt64
        package let room: Room
        package let audience: Audience
        package let event: Event
    }

    private struct Shelf: Sendable {
        let entry: HistoryEntry
        var records = HistoryRing<(record: Record, size: Int)>()
        /// Octets of all records.
        var size = 0
    }

    private var shelves: [Shelf] = []
    private var places: [Pattern: Int] = [:]
    /// The entry of a single room, found by a probe; the others are tried one by one.
    private var exact: [Room: Int] = [:]
    private var patterns: [Int] = []

    /// - Parameter entries: Of two with one pattern the later one counts.
    package init(entries: [HistoryEntry]) {
        isEmpty = entries.isEmpty
        for entry in entries {
            if let place = places[entry.pattern] {
                shelves[place] = Shelf(entry: entry)
                continue
            }
            let place = shelves.count
            places[entry.pattern] = place
            shelves.append(Shelf(entry: entry))
            if case .exact(let room) = entry.pattern {
                exact[room] = place
            } else {
                patterns.append(place)
            }
        }
    }

    /// Whether nothing is ever recorded; publications need not be shown then.
    package let isEmpty: Bool

    /// The patterns that have a history, in the order of their configuration. The router keeps a
    /// subscription for each of them, with or without subscribers.
    package var configured: [Pattern] { shelves.map(\.entry.pattern) }

    /// How many records that pattern has.
    package func count(of pattern: Pattern) -> Int {
        places[pattern].map { shelves[$0].records.count } ?? 0
    }

    // MARK: Recording

    /// Records a publication in every history whose pattern matches; the oldest records make room.
    /// Nothing is recorded that names sessions, or is larger than a history's limit.
    ///
    /// - Parameters:
    ///   - size: Octets of the event. Those of the audience's lists and of the room's name are
    ///     added.
    ///   - timestamp: Nanoseconds since 1970. It may go back, as such clocks do.
    /// - Complexity: One hash probe and one match per configured pattern; nothing if none is.
    package mutating func record(
        _ event: Event, size: Int, publication: UInt64, at timestamp: UInt64, audience: Audience,
        in room: Room
    ) {
        precondition(size >= 0)
        if isEmpty || audience.namesSessions { return }
        let record = Record(
            timestamp: timestamp, publication: publication, room: room, audience: audience,
            event: event)
        let size = size + audience.size + room.dottedSize
        if !exact.isEmpty, let place = exact[room] { append(record, size, at: place) }
        for place in patterns where shelves[place].entry.pattern.covers(room) {
            append(record, size, at: place)
        }
    }

    private mutating func append(_ record: Record, _ size: Int, at place: Int) {
        let entry = shelves[place].entry
        guard entry.limit > 0, size <= entry.sizeLimit else { return }
        while shelves[place].records.count >= entry.limit
            || shelves[place].size > entry.sizeLimit - size
        {
            shelves[place].size -= shelves[place].records.removeFirst().size
        }
        shelves[place].records.append((record, size))
        shelves[place].size += size
    }

    // MARK: Asking

    /// The records of a pattern's history that `query` asks for and `admits` lets the caller see.
    ///
    /// - Parameters:
    ///   - pattern: As it was configured; a room inside it is no pattern with a history.
    ///   - admits: Whether the caller passes the authids and authroles of an audience.
    /// - Throws: ``HistoryError``.
    /// - Complexity: O(records of that history).
    package func records(
        of pattern: Pattern, _ query: HistoryQuery, where admits: (Audience) -> Bool
    ) throws(HistoryError) -> [Record] {
        guard let place = places[pattern] else { throw .unavailable }
        let limit = query.limit ?? .max
        guard limit > 0 else { throw .invalidLimit }
        let range = try range(of: query, at: place, where: admits)
        var found: [Record] = []
        for step in 0..<range.count {
            let index = query.isReversed ? range.upperBound - 1 - step : range.lowerBound + step
            let record = shelves[place].records[index].record
            guard query.takes(record.timestamp, record.room), admits(record.audience) else {
                continue
            }
            found.append(record)
            if found.count == limit { break }
        }
        return found
    }

    /// Where the records stand that the publications in `query` leave.
    private func range(
        of query: HistoryQuery, at place: Int, where admits: (Audience) -> Bool
    ) throws(HistoryError) -> Range<Int> {
        var low = 0
        var high = shelves[place].records.count
        if let from = query.fromPublication {
            low = max(low, try index(of: from, at: place, where: admits))
        }
        if let after = query.afterPublication {
            low = max(low, try index(of: after, at: place, where: admits) + 1)
        }
        if let before = query.beforePublication {
            high = min(high, try index(of: before, at: place, where: admits))
        }
        if let until = query.untilPublication {
            high = min(high, try index(of: until, at: place, where: admits) + 1)
        }
        return low..<max(low, high)
    }

    /// Found from the end: who follows a history asks for what came after a late one.
    private func index(
        of publication: UInt64, at place: Int, where admits: (Audience) -> Bool
    ) throws(HistoryError) -> Int {
        var index = shelves[place].records.count
        while index > 0 {
            index -= 1
            let record = shelves[place].records[index].record
            if record.publication == publication && admits(record.audience) { return index }
        }
        throw .unknownPublication(publication)
    }

    package func checkInvariants() {
        precondition(places.count == shelves.count)
        precondition(exact.count + patterns.count == shelves.count)
        for shelf in shelves {
            precondition(shelf.records.count <= max(0, shelf.entry.limit))
            precondition(shelf.size <= max(0, shelf.entry.sizeLimit))
            let size = (0..<shelf.records.count).reduce(0) { $0 + shelf.records[$1].size }
            precondition(size == shelf.size)
        }
    }
}

extension HistoryQuery {
    /// Whether a record of that time and room is asked for.
    fileprivate func takes(_ timestamp: UInt64, _ other: Room) -> Bool {
        if let fromTime, timestamp < fromTime { return false }
        if let afterTime, timestamp <= afterTime { return false }
        if let beforeTime, timestamp >= beforeTime { return false }
        if let untilTime, timestamp > untilTime { return false }
        if let room, room != other { return false }
        return true
    }
}
