// SlotQueue — connections in the order in which they are to be sent to, first in, first out.
//
// Own memory instead of an array, because appending is a part of every delivery: an array would ask
// the runtime each time whether it is shared.

/// Safety: `base` has room for `capacity` slots and is this value's alone; those from `first` up to
/// `end` are initialized.
@safe
struct SlotQueue: ~Copyable {
    private var base: UnsafeMutablePointer<UInt32>
    private var capacity: Int
    private var first = 0
    private var end = 0
    /// Slots ever taken out at the front, modulo 2^64: with ``count`` a place in the queue that
    /// stays what it is while others come and go.
    private(set) var takenCount: UInt64 = 0

    /// - Parameter capacity: Slots that it has room for before it grows.
    init(capacity: Int) {
        self.capacity = max(16, capacity)
        unsafe base = .allocate(capacity: self.capacity)
    }

    deinit { unsafe base.deallocate() }

    var isEmpty: Bool { first == end }

    var count: Int { end &- first }

    @inline(__always)
    mutating func append(_ slot: UInt32) {
        if end == capacity { makeRoom() }
        unsafe (base + end).initialize(to: slot)
        end &+= 1
    }

    @inline(__always)
    mutating func popFirst() -> UInt32? {
        guard first < end else { return nil }
        let slot = unsafe base[first]
        first &+= 1
        takenCount &+= 1
        if first == end {
            first = 0
            end = 0
        }
        return slot
    }

    /// Takes back what was appended last.
    mutating func removeLast() {
        precondition(first < end)
        end &-= 1
    }

    /// Uses the room of those taken again, or doubles it when they are fewer than half.
    @inline(never)
    private mutating func makeRoom() {
        let count = end - first
        if first >= capacity / 2 {
            unsafe base.update(from: base + first, count: count)
        } else {
            capacity *= 2
            let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
            unsafe larger.initialize(from: base + first, count: count)
            unsafe base.deallocate()
            unsafe base = larger
        }
        first = 0
        end = count
    }
}
