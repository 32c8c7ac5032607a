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
        case table(SubscriptionTable)
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
        case .table(let table): table.contains(key)
        }
    }

    // Below, a list is taken out before it is changed, or it would be copied.

    /// - Precondition: The key is not there.
    mutating func insert(_ key: Key, _ entry: EntryID) {
        switch store {
        case .list(var list):
            store = .list([])
            if list.count < Self.listLimit {
                list.append((key, entry))
                store = .list(list)
            } else {
                let table = SubscriptionTable()
                for (key, entry) in list { table.insert(key, entry) }
                table.insert(key, entry)
                store = .table(table)
            }
        case .table(let table): table.insert(key, entry)
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
        case .table(let table): return table.remove(key)
        }
    }

    func forEach(_ body: (Key, EntryID) -> Void) {
        switch store {
        case .list(let list): for (key, entry) in list { body(key, entry) }
        case .table(let table): for item in table.items { body(item.key, item.entry) }
        }
    }

    /// All of them, for whoever takes them apart: nothing must be looked for afterwards.
    func takeItems() -> [SubscriptionTable.Item] {
        switch store {
        case .list(let list): list.map { SubscriptionTable.Item($0.key, $0.entry) }
        case .table(let table): table.takeItems()
        }
    }
}
