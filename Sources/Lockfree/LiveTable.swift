// LiveTable — which generation of each slot is alive, readable from every core (DESIGN §5).
//
// A core's slots belong to it alone, but a directory, a dealer or a publisher elsewhere holds
// (slot, generation) pairs and wants to know whether it is worth posting. One atomic word per slot
// answers that: the generation and an open bit. The answer may be old by the time it is used; the
// owner decides again when the message arrives.

// Inlinable code shows its atomics to the modules it is inlined into.
public import Synchronization

/// One word per slot: the generation, and whether it is open.
///
/// Safety: `words` is allocated in `init`, freed in `deinit`, reached nowhere else, and every
/// access is bounded by `capacity`.
@safe
@usableFromInline
package final class LiveTable: Sendable {
    @usableFromInline package let capacity: Int
    @usableFromInline internal nonisolated(unsafe) let words: UnsafeMutablePointer<Atomic<UInt64>>

    /// Makes a table of closed slots of generation 0.
    package init(capacity: Int) {
        precondition(capacity >= 1)
        self.capacity = capacity
        let words = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: capacity)
        for slot in 0..<capacity { unsafe (words + slot).initialize(to: Atomic(0)) }
        unsafe self.words = words
    }

    deinit {
        unsafe words.deinitialize(count: capacity)
        unsafe words.deallocate()
    }

    /// Opens `slot` for a new tenant. Owner only; the slot must be closed.
    ///
    /// - Returns: The new generation: one more than the last, wrapping around.
    package func open(_ slot: UInt32) -> UInt32 {
        let old = unsafe words[place(slot)].load(ordering: .relaxed)  // only the owner writes
        precondition(old & 1 == 0, "a slot was opened twice")
        let generation = UInt32(truncatingIfNeeded: old >> 1) &+ 1
        // Pairs with the acquiring load in `isOpen`: who sees the slot open also sees what the
        // owner prepared for it before.
        unsafe words[place(slot)].store(UInt64(generation) << 1 | 1, ordering: .releasing)
        return generation
    }

    /// Closes `slot`; its generation stays readable until the next one opens. Owner only.
    package func close(_ slot: UInt32) {
        let old = unsafe words[place(slot)].load(ordering: .relaxed)  // only the owner writes
        precondition(old & 1 == 1, "a slot was closed twice")
        // Pairs with the acquiring load in `isOpen`: who sees the slot closed also sees what the
        // owner withdrew before closing it.
        unsafe words[place(slot)].store(old & ~1, ordering: .releasing)
    }

    /// Whether that generation of `slot` is open, from any thread. A slot outside the table is not.
    @inlinable
    package func isOpen(_ slot: UInt32, generation: UInt32) -> Bool {
        guard Int(slot) < capacity else { return false }
        // Pairs with the releasing stores in `open` and `close`.
        return unsafe words[place(slot)].load(ordering: .acquiring) == UInt64(generation) << 1 | 1
    }

    /// The current or last generation of `slot`, from any thread; 0 before the first.
    package func generation(of slot: UInt32) -> UInt32 {
        guard Int(slot) < capacity else { return 0 }
        // Pairs with the releasing store in `open`.
        return unsafe UInt32(truncatingIfNeeded: words[place(slot)].load(ordering: .acquiring) >> 1)
    }

    @inlinable
    internal func place(_ slot: UInt32) -> Int {
        precondition(Int(slot) < capacity)
        return Int(slot)
    }
}
