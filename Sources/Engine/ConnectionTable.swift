// ConnectionTable — a core's slots: what a fan-out touches is one cache line each.
//
// `hot` holds what a delivery reads and writes; everything else of a connection is its
// `Connection` object. Slots are used again first in, first out, and each use has a generation of
// its own.

import Uring

/// What a delivery touches: 64 octets.
struct HotConnection: BitwiseCopyable {
    struct Flags: OptionSet, BitwiseCopyable {
        let rawValue: UInt8
        /// Takes deliveries and replies.
        static let open = Flags(rawValue: 1)
        /// Has queued octets and waits in the dirty list.
        static let dirty = Flags(rawValue: 2)
        /// The kernel refused octets; what comes goes to the backlog.
        static let blocked = Flags(rawValue: 4)
        /// Went over its limit and is closed after the pass.
        static let overflowing = Flags(rawValue: 8)
        /// Leaves its subscriptions, and takes nothing meanwhile.
        static let departing = Flags(rawValue: 16)
    }

    var generation: UInt32 = 0
    var flags: Flags = []
    var isDirect = false
    /// The last range queued; earlier ones of the turn hang in the spill list.
    var last = LogRange(segment: 0, start: 0, end: 0)
    /// First and last spilled range, places in the core's spill pool.
    var firstSpill = UInt32.max
    var lastSpill = UInt32.max
    /// Octets queued, backlog included.
    var queued: UInt32 = 0
    /// Octets that may be queued.
    var limit: UInt32 = 0
    var socketIndex: Int32 = -1
    /// The publication this connection was last counted for.
    var stamp: UInt32 = 0
    /// Octets of the largest message its peer takes; only a stream's peer says one.
    var messageLimit = UInt32.max
    // No delivery looks at these: there is room, and whoever looks for those that hold much reads
    // lines in sequence.
    /// Octets of memory counted for input that cannot be used yet.
    var inputSize: UInt32 = 0
    /// Since when nothing of that was of use: the low half of the core's clock in milliseconds.
    var inputSince: UInt32 = 0
    /// Octets counted for the compression context that its client may keep.
    var contextSize: UInt32 = 0
    /// Keeps the line whole.
    private var padding: UInt32 = 0

    init() {}

    /// Ends this use of the slot: what still names it is stale.
    mutating func retire() {
        flags = []
        generation &+= 1
    }

    var socket: SocketHandle { SocketHandle(index: socketIndex, isDirect: isDirect) }
}

/// Safety: `hot` and `cold` have `capacity` elements, allocated and initialized in `init`,
/// freed in `deinit`; slots are checked at the edge (`contains`), once per completion.
@safe
struct ConnectionTable: ~Copyable {
    let capacity: Int
    /// Changed in place by `(hot + slot).pointee`: on `hot[slot]` Swift 6.3 does not compile under
    /// the thread sanitizer ("Invalid bitcast") when the table is a field of something noncopyable.
    let hot: UnsafeMutablePointer<HotConnection>
    private let cold: UnsafeMutablePointer<Connection?>
    /// Free slots, oldest first: a ring of `capacity` places.
    private let free: UnsafeMutablePointer<UInt32>
    private var firstFree = 0
    private(set) var freeCount: Int
    let core: Int

    init(core: Int, capacity: Int) {
        precondition(capacity > 0 && capacity < 1 << 24)
        precondition(MemoryLayout<HotConnection>.stride == 64)
        self.core = core
        self.capacity = capacity
        // Whole cache lines: `allocate(capacity:)` would align to 16.
        unsafe hot = UnsafeMutableRawPointer.allocate(byteCount: capacity * 64, alignment: 64)
            .bindMemory(to: HotConnection.self, capacity: capacity)
        unsafe hot.initialize(repeating: HotConnection(), count: capacity)
        unsafe cold = .allocate(capacity: capacity)
        unsafe cold.initialize(repeating: nil, count: capacity)
        unsafe free = .allocate(capacity: capacity)
        for slot in 0..<capacity { unsafe free[slot] = UInt32(slot) }
        freeCount = capacity
    }

    deinit {
        unsafe hot.deallocate()
        unsafe cold.deinitialize(count: capacity)
        unsafe cold.deallocate()
        unsafe free.deallocate()
    }

    var count: Int { capacity - freeCount }

    /// Takes the longest-free slot for `socket`; `nil` when all are in use.
    mutating func open(_ socket: SocketHandle, limit: Int, now: UInt64) -> Connection? {
        guard freeCount > 0 else { return nil }
        let slot = Int(unsafe free[firstFree])
        firstFree = (firstFree + 1) % capacity
        freeCount -= 1
        var fresh = HotConnection()
        fresh.generation = unsafe hot[slot].generation &+ 1
        fresh.flags = .open
        fresh.isDirect = socket.isDirect
        fresh.socketIndex = socket.index
        fresh.limit = UInt32(clamping: limit)
        unsafe hot[slot] = fresh
        let id = ConnectionID(core: core, slot: slot, generation: fresh.generation)
        let connection = Connection(id: id, socket: socket, now: now)
        unsafe cold[slot] = connection
        return connection
    }

    /// Gives a slot back. Nothing of it may be in flight.
    mutating func close(_ slot: Int) {
        precondition(unsafe cold[slot] != nil)
        unsafe cold[slot] = nil
        unsafe (hot + slot).pointee.retire()
        unsafe free[(firstFree + freeCount) % capacity] = UInt32(slot)
        freeCount += 1
    }

    /// The connection a token speaks of; `nil` when the slot has a newer one or none.
    func connection(slot: Int, generation: UInt32) -> Connection? {
        guard slot < capacity, unsafe hot[slot].generation == generation else { return nil }
        return unsafe cold[slot]
    }

    func connection(_ id: ConnectionID) -> Connection? {
        guard id.core == core else { return nil }
        return connection(slot: id.slot, generation: id.generation)
    }

    func connection(at slot: Int) -> Connection? {
        precondition(slot >= 0 && slot < capacity)
        return unsafe cold[slot]
    }
}
