// SnapshotCell — something all cores read all the time and somebody replaces now and then.
//
// Procedure registrations, routes, keys: an immutable object, swapped whole. Reading a reference
// and retaining it are two steps, and between them a writer may drop the last one; so a lock-free
// read needs hazard pointers or epochs. We do without: the cell holds the reference under a very
// short lock and counts its changes in an atomic, and each core keeps a reader that remembers
// (count, reference). As long as nothing changed, reading costs one load of a line that nobody
// writes: no lock, no reference counting. After a change each reader takes the lock once.

// Inlinable code shows its atomics to the modules it is inlined into.
public import Synchronization

/// The current snapshot.
///
/// Safety: `current` is read and written only under `lock`.
@safe
@usableFromInline
package final class SnapshotCell<Value: AnyObject & Sendable>: Sendable {
    @usableFromInline internal nonisolated(unsafe) var current: Value
    @usableFromInline internal let lock = Lock()
    /// Changes so far. Written under `lock`.
    @usableFromInline internal let changes = Atomic<UInt64>(0)
    /// Held while an update computes, so that readers never wait for that.
    @usableFromInline internal let updating = Lock()

    @inlinable
    package init(_ value: Value) { unsafe current = value }

    /// The snapshot, from any thread. Takes the short lock; hot readers keep a ``SnapshotReader``.
    @inlinable
    package func load() -> Value { lock.withLock { unsafe current } }

    /// Replaces the snapshot by what `body` makes of it. One update at a time, so none is lost;
    /// an error leaves things as they are. When this returns, whoever is told about the change
    /// afterwards reads it. `body` must not update the same cell.
    @inlinable
    package func update<E>(_ body: (Value) throws(E) -> Value) throws(E) {
        // What the last reference destroys is destroyed outside the locks.
        var old: Value?
        try updating.withLock { () throws(E) in
            let value = try body(load())
            lock.withLock {
                old = unsafe current
                unsafe current = value
                // Pairs with the acquiring load in `SnapshotReader.read`: a reader that sees the
                // new count and locks gets this value or a newer one.
                changes.wrappingAdd(1, ordering: .releasing)
            }
        }
        _ = consume old
    }

    /// Replaces the snapshot.
    @inlinable
    package func store(_ value: Value) { update { _ in value } }

    @inlinable
    internal func changeCount() -> UInt64 { changes.load(ordering: .acquiring) }

    @inlinable
    internal func loadCounted() -> (Value, UInt64) {
        // Under the lock the count cannot move, so the two belong together.
        lock.withLock { unsafe (current, changes.load(ordering: .relaxed)) }
    }
}

/// One thread's view of a cell.
@frozen
@usableFromInline
package struct SnapshotReader<Value: AnyObject & Sendable>: ~Copyable {
    @usableFromInline internal let cell: SnapshotCell<Value>
    @usableFromInline internal var value: Value
    @usableFromInline internal var count: UInt64

    @inlinable
    package init(_ cell: SnapshotCell<Value>) {
        self.cell = cell
        (value, count) = cell.loadCounted()
    }

    /// Lends the newest snapshot. Keeps the one it lent last alive until the next call.
    @inlinable
    package mutating func read<R, E>(_ body: (borrowing Value) throws(E) -> R) throws(E) -> R {
        // Pairs with the releasing increment in `update`.
        if cell.changeCount() != count { (value, count) = cell.loadCounted() }
        return try body(value)
    }
}
