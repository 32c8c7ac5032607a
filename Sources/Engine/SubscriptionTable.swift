// SubscriptionTable — more subscriptions of one connection than are searched in sequence.
//
// They stand in an array, in the order in which they came but for those that were removed in
// between, and are found by hash. Who leaves thousands takes them from the end of that array, a
// part at a time: a `Dictionary` lets go of all its keys at once or hashes again for each, and its
// order visits the index at random, where neighbours here were mostly entered one after the other.

import Rooms

/// Lookup by hash with linear probing, over an array. A class, so that a set of subscriptions is
/// one word and is never copied; its one owner is the ``SubscriptionSet``.
final class SubscriptionTable {
    struct Item {
        let key: SubscriptionSet.Key
        let entry: EntryID
        fileprivate let hash: UInt32

        init(_ key: SubscriptionSet.Key, _ entry: EntryID, hash: UInt32 = 0) {
            self.key = key
            self.entry = entry
            self.hash = hash
        }
    }

    private(set) var items: [Item] = []
    /// Places in `items` plus one; 0 where there is none. A power of two, at most three quarters
    /// in use.
    private var places = [UInt32](repeating: 0, count: 16)

    init() {}

    var count: Int { items.count }

    func contains(_ key: SubscriptionSet.Key) -> Bool { find(key) != nil }

    /// - Precondition: The key is not there.
    func insert(_ key: SubscriptionSet.Key, _ entry: EntryID) {
        assert(!contains(key))
        if (items.count + 1) * 4 > places.count * 3 { grow() }
        items.append(Item(key, entry, hash: Self.hash(key)))
        enter(items.count - 1)
    }

    func remove(_ key: SubscriptionSet.Key) -> EntryID? {
        guard let found = find(key) else { return nil }
        let place = Int(places[found]) - 1
        let entry = items[place].entry
        closeGap(at: found)
        let last = items.count - 1
        if place != last {
            // The last one takes its place.
            var position = home(of: items[last])
            while places[position] != UInt32(last + 1) { position = next(position) }
            places[position] = UInt32(place + 1)
            items.swapAt(place, last)
        }
        items.removeLast()
        return entry
    }

    /// Takes all of them out.
    func takeItems() -> [Item] {
        var taken: [Item] = []
        swap(&taken, &items)
        places = [UInt32](repeating: 0, count: 16)
        return taken
    }

    private static func hash(_ key: SubscriptionSet.Key) -> UInt32 {
        UInt32(truncatingIfNeeded: key.hashValue)
    }

    private func home(of item: Item) -> Int { Int(item.hash) & (places.count - 1) }

    private func next(_ position: Int) -> Int { (position + 1) & (places.count - 1) }

    private func find(_ key: SubscriptionSet.Key) -> Int? {
        let hash = Self.hash(key)
        var position = Int(hash) & (places.count - 1)
        while places[position] != 0 {
            let item = items[Int(places[position]) - 1]
            if item.hash == hash, item.key == key { return position }
            position = next(position)
        }
        return nil
    }

    private func enter(_ place: Int) {
        var position = home(of: items[place])
        while places[position] != 0 { position = next(position) }
        places[position] = UInt32(place + 1)
    }

    private func grow() {
        places = [UInt32](repeating: 0, count: places.count * 2)
        for place in items.indices { enter(place) }
    }

    /// Moves up those behind it that would not be found past an empty position.
    private func closeGap(at position: Int) {
        var gap = position
        var position = next(position)
        while places[position] != 0 {
            let home = home(of: items[Int(places[position]) - 1])
            let mask = places.count - 1
            if (position &- home) & mask >= (position &- gap) & mask {
                places[gap] = places[position]
                gap = position
            }
            position = next(position)
        }
        places[gap] = 0
    }
}
