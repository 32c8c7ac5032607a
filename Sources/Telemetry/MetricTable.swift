// MetricTable — one number per key, written by one core and read by everybody.
//
// A counter that every core increments in one place costs a cache line that travels. So each
// core has tables of its own, and whoever asks for `/metrics` adds them up. The owner's increment
// is a plain load, add and store; readers load each word by itself, so a number is never torn,
// but two numbers of one page may be a few increments apart. Prometheus lives with that.

// Public only because what is inlined into other modules mentions its atomics.
public import Synchronization

/// What tells the numbers of one table apart: an enum, or a small product of enums.
@usableFromInline
package protocol MetricKey: Sendable {
    /// How many keys there are.
    static var keyCount: Int { get }
    /// This key's place, in `0..<keyCount`.
    var index: Int { get }
}

extension MetricKey where Self: CaseIterable & RawRepresentable, RawValue == Int {
    @inlinable
    package static var keyCount: Int { allCases.count }

    @inlinable
    package var index: Int { rawValue }
}

/// One 64-bit number per key.
///
/// Safety: `base` points to `Key.keyCount` words of the ``MetricBlock`` that made the table, which
/// outlives it (both are fields of one ``CoreMetrics``). A key's index is below `keyCount`. Every
/// access is atomic; only the owning thread stores, so its load and store need no lock between.
@safe
@frozen
@usableFromInline
package struct MetricTable<Key: MetricKey>: Sendable {
    @usableFromInline internal nonisolated(unsafe) let base: UnsafeMutablePointer<Atomic<UInt64>>

    @inlinable
    internal init(base: UnsafeMutablePointer<Atomic<UInt64>>) {
        unsafe self.base = unsafe base
    }

    /// Adds `amount`. By the owner only.
    @inlinable
    @inline(__always)
    package func add(_ amount: UInt64, to key: Key) {
        let index = key.index
        let sum = unsafe base[index].load(ordering: .relaxed) &+ amount
        unsafe base[index].store(sum, ordering: .relaxed)
    }

    /// Replaces the number. By the owner only.
    @inlinable
    @inline(__always)
    package func set(_ key: Key, to value: UInt64) {
        unsafe base[key.index].store(value, ordering: .relaxed)
    }

    /// The number as it is now. From any thread; no order is promised between two numbers.
    @inlinable
    package subscript(key: Key) -> UInt64 {
        unsafe base[key.index].load(ordering: .relaxed)
    }
}

/// The memory behind the tables of one core: whole cache lines, shared with nothing else.
///
/// Safety: `base` is allocated in `init`, zeroed, and freed in `deinit`; tables take disjoint
/// parts of it, from the front, before the block is shared.
@safe
internal struct MetricBlock: ~Copyable, Sendable {
    /// Two 64-octet lines: the adjacent-line prefetcher makes neighbours of pairs.
    private static let alignment = 128

    private nonisolated(unsafe) let base: UnsafeMutablePointer<Atomic<UInt64>>
    private let wordCount: Int
    private var usedCount = 0

    init(wordCount: Int) {
        precondition(wordCount > 0)
        let wordsPerLine = Self.alignment / MemoryLayout<UInt64>.stride
        let rounded = (wordCount + wordsPerLine - 1) / wordsPerLine * wordsPerLine
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: rounded * MemoryLayout<UInt64>.stride, alignment: Self.alignment)
        let words = unsafe memory.bindMemory(to: Atomic<UInt64>.self, capacity: rounded)
        for index in 0..<rounded { unsafe (words + index).initialize(to: Atomic(0)) }
        unsafe base = unsafe words
        self.wordCount = rounded
    }

    deinit { unsafe base.deallocate() }

    /// Hands out the next words of the block as a table.
    mutating func table<Key: MetricKey>(of key: Key.Type = Key.self) -> MetricTable<Key> {
        precondition(Key.keyCount <= wordCount - usedCount)
        defer { usedCount += Key.keyCount }
        return unsafe MetricTable(base: base + usedCount)
    }
}
