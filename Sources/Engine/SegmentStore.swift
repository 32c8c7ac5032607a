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

/// Segments have memory of their own instead of an array, because appending and sending look one up
/// for every delivery: an array would ask the runtime each time whether it is shared.
///
/// Safety: every `base` is allocated in `make` with `capacity` octets and freed in `release` or
/// `deinit`; a range handed out lies below `used`, and `used` never passes `capacity`. `segments`
/// has room for `segmentCapacity` segments, of which the first `segmentCount` are initialized.
@safe
struct SegmentStore: ~Copyable {
    /// Octets of an ordinary segment; a larger frame gets one of its own size.
    static let standardCapacity = 256 * 1024
    /// No segment is larger.
    static let capacityLimit = Int(UInt32.max) / 2
    /// Segments of a backlog's small pieces.
    static let chunkCapacity = 16 * 1024
    /// Ordinary segments that are kept for later use.
    static let pooledLimit = 16

    @safe private struct Segment: BitwiseCopyable {
        var base: UnsafeMutableRawPointer?
        var capacity: UInt32
        var used: UInt32
        var pins: UInt32
    }

    private var segments: UnsafeMutablePointer<Segment>
    private var segmentCount = 0
    private var segmentCapacity = 16
    private var free: [UInt32] = []
    private var pooled: [UnsafeMutableRawPointer] = unsafe []
    /// Octets allocated, pooled ones included.
    private(set) var allocatedOctets = 0

    init() { unsafe segments = .allocate(capacity: segmentCapacity) }

    deinit {
        for index in 0..<segmentCount { unsafe segments[index].base?.deallocate() }
        for index in unsafe pooled.indices { unsafe pooled[index].deallocate() }
        unsafe segments.deallocate()
    }

    /// Segments in use.
    var liveCount: Int { segmentCount - free.count }
    /// Octets allocated, those pooled for later use left out.
    var heldOctets: Int {
        let pooledCount = unsafe pooled.count
        return allocatedOctets - pooledCount * Self.standardCapacity
    }
    /// Octets of ordinary segments in use: what logs, and backlogs that share theirs, hold.
    private(set) var sharedOctets = 0

    /// Makes a segment with one pin, its maker's.
    mutating func make(capacity: Int) -> UInt32 {
        precondition(capacity > 0 && capacity <= Self.capacityLimit)
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
            unsafe self.segment(id).pointee = segment
            return id
        }
        if segmentCount == segmentCapacity { growTable() }
        unsafe (segments + segmentCount).initialize(to: segment)
        segmentCount += 1
        return UInt32(segmentCount - 1)
    }

    private mutating func growTable() {
        segmentCapacity *= 2
        let larger = UnsafeMutablePointer<Segment>.allocate(capacity: segmentCapacity)
        unsafe larger.initialize(from: segments, count: segmentCount)
        unsafe segments.deallocate()
        unsafe segments = larger
    }

    /// The segment `id` names, until another is made.
    @unsafe
    @inline(__always)
    private func segment(_ id: UInt32) -> UnsafeMutablePointer<Segment> {
        precondition(Int(id) < segmentCount)
        return unsafe segments + Int(id)
    }

    mutating func pin(_ id: UInt32) { unsafe segment(id).pointee.pins += 1 }

    mutating func unpin(_ id: UInt32) {
        let segment = unsafe segment(id)
        precondition(unsafe segment.pointee.pins > 0)
        unsafe segment.pointee.pins -= 1
        if unsafe segment.pointee.pins == 0 { release(id) }
    }

    private mutating func release(_ id: UInt32) {
        let segment = unsafe segment(id)
        guard let base = unsafe segment.pointee.base else { return }
        let capacity = Int(unsafe segment.pointee.capacity)
        if capacity == Self.standardCapacity { sharedOctets -= capacity }
        if capacity == Self.standardCapacity, unsafe pooled.count < Self.pooledLimit {
            unsafe pooled.append(base)
        } else {
            unsafe base.deallocate()
            allocatedOctets -= capacity
        }
        unsafe segment.pointee = Segment(base: nil, capacity: 0, used: 0, pins: 0)
        free.append(id)
    }

    func pins(of id: UInt32) -> Int { Int(unsafe segment(id).pointee.pins) }
    func room(in id: UInt32) -> Int {
        let segment = unsafe segment(id)
        return Int(unsafe segment.pointee.capacity &- segment.pointee.used)
    }
    func used(of id: UInt32) -> Int { Int(unsafe segment(id).pointee.used) }

    /// Forgets what a segment holds. Only its log may ask, when nobody else pins it.
    mutating func empty(_ id: UInt32) {
        precondition(unsafe segment(id).pointee.pins == 1)
        unsafe segment(id).pointee.used = 0
    }

    /// Appends up to `room` octets that `body` writes; it returns how many it wrote.
    @inline(__always)
    mutating func append(
        to id: UInt32, atMost room: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) -> LogRange {
        let segment = unsafe segment(id)
        let start = unsafe segment.pointee.used
        precondition(unsafe room >= 0 && room <= Int(segment.pointee.capacity &- start))
        let free = unsafe UnsafeMutableRawBufferPointer(
            start: segment.pointee.base.unsafelyUnwrapped + Int(start), count: room)
        let written = unsafe body(free)
        precondition(written >= 0 && written <= room)
        let end = start &+ UInt32(truncatingIfNeeded: written)
        unsafe segment.pointee.used = end
        return LogRange(segment: id, start: start, end: end)
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
        let segment = unsafe segment(range.segment)
        precondition(unsafe range.start <= range.end && range.end <= segment.pointee.used)
        return unsafe UnsafeRawPointer(
            segment.pointee.base.unsafelyUnwrapped + Int(range.start))
    }
}
