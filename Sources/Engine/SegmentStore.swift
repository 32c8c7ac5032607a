// SegmentStore — the memory that everything leaves from.
//
// A segment is a run of octets that is only appended to. Logs write frames into segments,
// connections hold ranges of them. A segment is pinned by a log that writes to it and by each
// piece of a backlog that still needs it; an unpinned one goes back to the pool. What is sent
// within a turn pins nothing: the core frees no segment before the turn's sends are reaped.

/// A place in a segment.
struct LogRange: BitwiseCopyable, Equatable {
    var segment: UInt32
    var start: UInt32
    var end: UInt32

    var size: Int { Int(end - start) }
}

/// Safety: every `base` is allocated in `make` with `capacity` octets and freed in `release` or
/// `deinit`; a range handed out lies below `used`, and `used` never passes `capacity`.
@safe
struct SegmentStore: ~Copyable {
    /// Octets of an ordinary segment; a larger frame gets one of its own size.
    static let standardCapacity = 256 * 1024
    /// Segments of a backlog's small pieces.
    static let chunkCapacity = 16 * 1024
    private static let pooledLimit = 16

    @safe private struct Segment {
        var base: UnsafeMutableRawPointer?
        var capacity: UInt32
        var used: UInt32
        var pins: UInt32
    }

    private var segments: [Segment] = []
    private var free: [UInt32] = []
    private var pooled: [UnsafeMutableRawPointer] = unsafe []
    /// Octets allocated, pooled ones included.
    private(set) var allocatedOctets = 0

    init() {}

    deinit {
        for segment in segments { unsafe segment.base?.deallocate() }
        for index in unsafe pooled.indices { unsafe pooled[index].deallocate() }
    }

    /// Segments in use.
    var liveCount: Int { segments.count - free.count }
    /// Octets allocated, those pooled for later use left out.
    var heldOctets: Int {
        let pooledCount = unsafe pooled.count
        return allocatedOctets - pooledCount * Self.standardCapacity
    }
    /// Octets of ordinary segments in use: what logs, and backlogs that share theirs, hold.
    private(set) var sharedOctets = 0

    /// Makes a segment with one pin, its maker's.
    mutating func make(capacity: Int) -> UInt32 {
        precondition(capacity > 0 && capacity <= Int(UInt32.max) / 2)
        var base: UnsafeMutableRawPointer?
        if capacity == Self.standardCapacity, let reused = unsafe pooled.popLast() {
            unsafe base = reused
        } else {
            unsafe base = .allocate(byteCount: capacity, alignment: 64)
            allocatedOctets += capacity
        }
        let segment = unsafe Segment(base: base, capacity: UInt32(capacity), used: 0, pins: 1)
        if capacity == Self.standardCapacity { sharedOctets += capacity }
        if let id = free.popLast() {
            segments[Int(id)] = segment
            return id
        }
        segments.append(segment)
        return UInt32(segments.count - 1)
    }

    mutating func pin(_ id: UInt32) { segments[Int(id)].pins += 1 }

    mutating func unpin(_ id: UInt32) {
        let index = Int(id)
        precondition(segments[index].pins > 0)
        segments[index].pins -= 1
        if segments[index].pins == 0 { release(index) }
    }

    private mutating func release(_ index: Int) {
        guard let base = unsafe segments[index].base else { return }
        let capacity = Int(segments[index].capacity)
        if capacity == Self.standardCapacity { sharedOctets -= capacity }
        if capacity == Self.standardCapacity, unsafe pooled.count < Self.pooledLimit {
            unsafe pooled.append(base)
        } else {
            unsafe base.deallocate()
            allocatedOctets -= capacity
        }
        unsafe segments[index] = Segment(base: nil, capacity: 0, used: 0, pins: 0)
        free.append(UInt32(index))
    }

    func pins(of id: UInt32) -> Int { Int(segments[Int(id)].pins) }
    func room(in id: UInt32) -> Int {
        Int(segments[Int(id)].capacity - segments[Int(id)].used)
    }
    func used(of id: UInt32) -> Int { Int(segments[Int(id)].used) }

    /// Forgets what a segment holds. Only its log may ask, when nobody else pins it.
    mutating func empty(_ id: UInt32) {
        precondition(segments[Int(id)].pins == 1)
        segments[Int(id)].used = 0
    }

    /// Appends up to `room` octets that `body` writes; it returns how many it wrote.
    mutating func append(
        to id: UInt32, atMost room: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) -> LogRange {
        let index = Int(id)
        let start = segments[index].used
        precondition(room >= 0 && room <= Int(segments[index].capacity - start))
        let free = unsafe UnsafeMutableRawBufferPointer(
            start: segments[index].base.unsafelyUnwrapped + Int(start), count: room)
        let written = unsafe body(free)
        precondition(written >= 0 && written <= room)
        segments[index].used += UInt32(written)
        return LogRange(segment: id, start: start, end: start + UInt32(written))
    }

    /// Copies the octets of `source` over those of `target`, from its octet `offset` on.
    func copy(_ source: LogRange, to target: LogRange, at offset: Int) {
        precondition(offset >= 0 && offset + source.size <= target.size)
        let place = unsafe UnsafeMutableRawPointer(mutating: start(of: target)) + offset
        unsafe place.copyMemory(from: start(of: source), byteCount: source.size)
    }

    /// Where the octets of `range` are.
    @unsafe
    func start(of range: LogRange) -> UnsafeRawPointer {
        let segment = segments[Int(range.segment)]
        precondition(range.start <= range.end && range.end <= segment.used)
        return unsafe UnsafeRawPointer(segment.base.unsafelyUnwrapped + Int(range.start))
    }
}
