// SubscriptionSet — the subscriptions of one connection.

import DialectKit
import Rooms

/// What a connection is subscribed to, and where the index holds it.
struct SubscriptionSet {
    struct Key: Hashable {
        let pattern: Pattern
        let reading: Reading
        let tail: [UInt8]
    }

    /// Up to here a search in sequence is cheaper than hashing.
    private static let listLimit = 8

    /// One or the other, so that a set is one word.
    private enum Store {
        case list([(key: Key, entry: EntryID)])
        case table([Key: EntryID])
    }

    private var store = Store.list([])

    var count: Int {
        switch store {
        case .list(let list): list.count
        case .table(let table): table.count
        }
    }

    func contains(_ key: Key) -> Bool {
        switch store {
        case .list(let list): list.contains { $0.key == key }
        case .table(let table): table[key] != nil
        }
    }

    // Below, a store is taken out before it is changed, or it would be copied.

    mutating func insert(_ key: Key, _ entry: EntryID) {
        switch store {
        case .list(var list):
            store = .list([])
            if list.count < Self.listLimit {
                list.append((key, entry))
                store = .list(list)
            } else {
                var table: [Key: EntryID] = [key: entry]
                for (key, entry) in list { table[key] = entry }
                store = .table(table)
            }
        case .table(var table):
            store = .list([])
            table[key] = entry
            store = .table(table)
        }
    }

    mutating func remove(_ key: Key) -> EntryID? {
        switch store {
        case .list(var list):
            guard let place = list.firstIndex(where: { $0.key == key }) else { return nil }
            store = .list([])
            let entry = list.remove(at: place).entry
            store = .list(list)
            return entry
        case .table(var table):
            store = .list([])
            let entry = table.removeValue(forKey: key)
            store = .table(table)
            return entry
        }
    }

    func forEach(_ body: (Key, EntryID) -> Void) {
        switch store {
        case .list(let list): for (key, entry) in list { body(key, entry) }
        case .table(let table): for (key, entry) in table { body(key, entry) }
        }
    }
}
