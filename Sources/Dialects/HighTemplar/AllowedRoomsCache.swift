// AllowedRoomsCache — one object for all clients with the same list of rooms.
//
// It holds the lists weakly: what nobody uses is gone. The entries of those that are gone are
// cleared away when there are twice as many as were alive the last time, so the cost is constant
// per list and the memory stays in proportion to what is in use.

import Lockfree

internal final class AllowedRoomsCache: Sendable {
    private struct Entry {
        weak var rooms: AllowedRooms?
    }

    private struct State {
        var entries: [[UInt8]: Entry] = [:]
        /// Entries at which the next clearing is due.
        var limit = AllowedRoomsCache.smallest
    }

    /// Below this many entries nothing is cleared away.
    private static let smallest = 64

    private let state = Guarded(State())

    /// The rooms of that list, made if nobody has them. Called from any thread.
    ///
    /// - Parameter list: What ``AllowedRooms/distinct(_:)`` returned.
    func rooms(_ list: [UInt8]) -> AllowedRooms {
        if let rooms = state.withLock({ $0.entries[list]?.rooms }) { return rooms }
        let made = AllowedRooms(distinct: list)
        return state.withLock { state in
            // Somebody else may have made them meanwhile.
            if let rooms = state.entries[list]?.rooms { return rooms }
            if state.entries.count >= state.limit {
                state.entries = state.entries.filter { $0.value.rooms != nil }
                state.limit = max(Self.smallest, state.entries.count * 2)
            }
            // The key shares the octets of the object.
            state.entries[made.list] = Entry(rooms: made)
            return made
        }
    }

    /// Entries, those that are gone included. For tests.
    internal var entryCount: Int { state.withLock { $0.entries.count } }
}
