// Deadlines — who is due first. A binary heap from which nothing is taken but the first.
//
// Nearly every request is answered long before it is due, and most have the same time limit, so
// the deadlines arrive in order and adding one costs a comparison. Those of requests that have been
// answered stay until they come up, or until they are the majority.

struct Deadlines {
    private struct Entry {
        let due: UInt64
        let serial: UInt64

        static func < (left: Entry, right: Entry) -> Bool {
            left.due != right.due ? left.due < right.due : left.serial < right.serial
        }
    }

    private var entries: [Entry] = []

    var count: Int { entries.count }
    /// The earliest deadline, in nanoseconds; perhaps one of a serial that is of no interest now.
    var nextDue: UInt64? { entries.first?.due }

    mutating func add(_ serial: UInt64, due: UInt64) {
        entries.append(Entry(due: due, serial: serial))
        var position = entries.count - 1
        while position > 0, entries[position] < entries[(position - 1) / 2] {
            entries.swapAt(position, (position - 1) / 2)
            position = (position - 1) / 2
        }
    }

    /// Takes the first one that is due, of equal ones the oldest.
    mutating func popDue(now: UInt64) -> UInt64? {
        guard let first = entries.first, first.due <= now else { return nil }
        removeFirst()
        return first.serial
    }

    /// Forgets serials without interest: at the front always, elsewhere when they are the majority.
    mutating func prune(liveCount: Int, isLive: (UInt64) -> Bool) {
        while let first = entries.first, !isLive(first.serial) { removeFirst() }
        guard entries.count > 2 * liveCount + 64 else { return }
        let rest = entries.filter { isLive($0.serial) }
        entries.removeAll(keepingCapacity: true)
        for entry in rest { add(entry.serial, due: entry.due) }
    }

    private mutating func removeFirst() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var position = 0
        while true {
            var child = 2 * position + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
            guard entries[child] < entries[position] else { break }
            entries.swapAt(child, position)
            position = child
        }
    }
}
