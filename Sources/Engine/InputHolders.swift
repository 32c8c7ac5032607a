// InputHolders — who goes first when input has no room (`Core+Input.swift`), found for many at a
// time.
//
// Whoever has held its input for the longest, of those that hold much. To find out, all connections
// are looked at, which takes milliseconds where there are a hundred thousand; so one look finds a
// thousand, and they are used up before the next. Who comes later is younger than all of them, and
// whoever got on meanwhile, or has gone, is passed over.

/// A connection that held input when it was looked at.
struct InputHolder {
    let slot: UInt32
    let generation: UInt32
    /// As ``HotConnection/inputSince`` was.
    let since: UInt32
    /// Milliseconds that was ago.
    let age: UInt32

    /// Of two of one age the first in the table.
    func isOlder(than other: InputHolder) -> Bool {
        age != other.age ? age > other.age : slot < other.slot
    }
}

/// The oldest of those that are offered, at most so many: a heap with the youngest of them on top.
struct OldestHolders {
    private var heap: [InputHolder] = []
    private let limit: Int

    init(limit: Int) {
        precondition(limit > 0)
        self.limit = limit
    }

    /// - Complexity: O(log limit); O(1) for one that is younger than all when there are enough.
    mutating func offer(_ holder: InputHolder) {
        guard heap.count == limit else {
            heap.append(holder)
            var place = heap.count - 1
            while place > 0, heap[(place - 1) / 2].isOlder(than: heap[place]) {
                heap.swapAt(place, (place - 1) / 2)
                place = (place - 1) / 2
            }
            return
        }
        guard holder.isOlder(than: heap[0]) else { return }
        heap[0] = holder
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child].isOlder(than: heap[child + 1]) { child += 1 }
            guard heap[place].isOlder(than: heap[child]) else { return }
            heap.swapAt(child, place)
            place = child
        }
    }

    /// Those that were kept, the oldest last.
    var sorted: [InputHolder] { heap.sorted { $1.isOlder(than: $0) } }
}

extension Core where Kernel: ~Copyable {
    /// Holders that one look finds.
    private static var holderLimit: Int { 1024 }

    /// Takes out the next that is to go; `nil` when nobody holds anything.
    mutating func nextHolder() -> Connection? {
        while true {
            while let holder = inputHolders.popLast() {
                let line = unsafe table.hot + Int(holder.slot)
                guard unsafe line.pointee.generation == holder.generation,
                    unsafe line.pointee.inputSize > 0,
                    unsafe line.pointee.inputSince == holder.since,
                    let connection = table.connection(at: Int(holder.slot)), isHeard(connection)
                else { continue }
                return connection
            }
            inputHolders = oldestHolders()
            if inputHolders.isEmpty { return nil }
        }
    }

    @inline(never)
    private mutating func oldestHolders() -> [InputHolder] {
        inputLookCount += 1
        var holders: [UInt32] = []
        for slot in 0..<table.capacity where unsafe table.hot[slot].inputSize > 0 {
            guard let connection = table.connection(at: slot), isHeard(connection) else { continue }
            holders.append(UInt32(slot))
        }
        let small = inputOctets / max(1, 2 * holders.count)
        let current = inputTime
        var oldest = OldestHolders(limit: Self.holderLimit)
        for slot in holders {
            let line = unsafe table.hot + Int(slot)
            guard unsafe Int(line.pointee.inputSize) >= small else { continue }
            let since = unsafe line.pointee.inputSince
            oldest.offer(
                InputHolder(
                    slot: slot, generation: unsafe line.pointee.generation, since: since,
                    age: current &- since))
        }
        return oldest.sorted
    }
}
