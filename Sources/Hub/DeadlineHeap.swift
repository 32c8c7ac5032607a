// DeadlineHeap — which pending call times out next.
//
// A binary heap that knows where each call stands, so that an answered call takes its deadline
// along. Deadlines of one timeout length arrive in order and stay where they are put: adding is a
// comparison, and only removing from the middle moves entries.

/// Deadlines of calls, each named by its place in the call table.
struct DeadlineHeap {
    private struct Entry {
        let due: UInt64
        /// Of two deadlines at the same instant the older call's comes first.
        let serial: UInt64
        let call: UInt32

        static func < (left: Entry, right: Entry) -> Bool {
            left.due != right.due ? left.due < right.due : left.serial < right.serial
        }
    }

    private var entries: [Entry] = []
    /// Position + 1 of each call's entry; 0 is none.
    private var positions: [UInt32] = []

    var count: Int { entries.count }

    /// The earliest deadline, in nanoseconds.
    var nextDue: UInt64? { entries.first?.due }

    /// The call that is due first.
    var first: UInt32? { entries.first?.call }

    /// Sets the deadline of `call`, in place of one it may have.
    ///
    /// - Complexity: O(log deadlines); O(1) for a deadline later than those before it.
    mutating func set(_ call: UInt32, due: UInt64, serial: UInt64) {
        remove(call)
        while positions.count <= Int(call) { positions.append(0) }
        entries.append(Entry(due: due, serial: serial, call: call))
        positions[Int(call)] = UInt32(entries.count)
        rise(from: entries.count - 1)
    }

    /// Forgets the deadline of `call`, if it has one.
    mutating func remove(_ call: UInt32) {
        guard Int(call) < positions.count, positions[Int(call)] > 0 else { return }
        let position = Int(positions[Int(call)]) - 1
        positions[Int(call)] = 0
        let last = entries.removeLast()
        if position == entries.count { return }
        place(last, at: position)
        sink(from: position)
        rise(from: position)
    }

    private mutating func place(_ entry: Entry, at position: Int) {
        entries[position] = entry
        positions[Int(entry.call)] = UInt32(position + 1)
    }

    private mutating func rise(from start: Int) {
        var position = start
        let entry = entries[position]
        while position > 0, entry < entries[(position - 1) / 2] {
            place(entries[(position - 1) / 2], at: position)
            position = (position - 1) / 2
        }
        place(entry, at: position)
    }

    private mutating func sink(from start: Int) {
        var position = start
        let entry = entries[position]
        while true {
            var child = 2 * position + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
            guard entries[child] < entry else { break }
            place(entries[child], at: position)
            position = child
        }
        place(entry, at: position)
    }

    func checkInvariants() {
        for position in entries.indices.dropFirst() {
            precondition(!(entries[position] < entries[(position - 1) / 2]))
        }
        for (position, entry) in entries.enumerated() {
            precondition(Int(positions[Int(entry.call)]) == position + 1)
        }
        precondition(positions.count { $0 > 0 } == entries.count)
    }
}
