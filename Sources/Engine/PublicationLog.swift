// PublicationLog — the frames of one lane, one behind the other.
//
// A lane is what makes subscribers get the same octets on one core: dialect and wire form. Frames
// are written once; consecutive ones are one contiguous range whatever their number, so a
// subscriber's queue only moves the end of its last range.

struct PublicationLog {
    private var current: UInt32?
    /// Earlier segments of this flush, full ones and oversized ones.
    private var full: [UInt32] = []
    /// Those of them that nothing is written to since ``retire()``.
    private var retired: [UInt32] = []

    init() {}

    /// Appends up to `room` octets that `body` writes.
    @inline(__always)
    mutating func append(
        _ store: inout SegmentStore, atMost room: Int,
        _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) -> LogRange {
        let segment: UInt32
        if let current, room <= Self.joinedLimit, store.room(in: current) >= room {
            segment = current
        } else {
            segment = makeSegment(for: room, &store)
        }
        return unsafe store.append(to: segment, atMost: room, body)
    }

    /// What asks for more room gets a segment of its own; octets.
    private static let joinedLimit = SegmentStore.standardCapacity / 2

    @inline(never)
    private mutating func makeSegment(for room: Int, _ store: inout SegmentStore) -> UInt32 {
        if room > Self.joinedLimit {
            let own = store.make(capacity: room)
            full.append(own)
            return own
        }
        if let current { full.append(current) }
        let fresh = store.make(capacity: SegmentStore.standardCapacity)
        current = fresh
        return fresh
    }

    /// Remembers the segments that are full: they can go when everybody who waits now has been
    /// sent to. The current one goes on.
    mutating func retire() {
        retired.append(contentsOf: full)
        full.removeAll(keepingCapacity: true)
    }

    /// Lets go of what was full at ``retire()``.
    mutating func recycleRetired(_ store: inout SegmentStore) {
        Self.unpin(&retired, &store)
    }

    /// After most turns there are none, and emptying an array that is empty takes 50 instructions.
    private static func unpin(_ segments: inout [UInt32], _ store: inout SegmentStore) {
        guard !segments.isEmpty else { return }
        for segment in segments { store.unpin(segment) }
        segments.removeAll(keepingCapacity: true)
    }

    /// Lets go of what has been sent to everybody; backlogs keep what they pinned. The current
    /// segment is written again from its start, while it is warm, unless somebody slow holds it:
    /// then the log goes on behind that, and who is slow has its next frames contiguous as well.
    mutating func recycle(_ store: inout SegmentStore) {
        recycleRetired(&store)
        Self.unpin(&full, &store)
        guard let segment = current else { return }
        if store.pins(of: segment) == 1 { store.empty(segment) }
    }

    /// Gives everything back. The log is empty afterwards.
    mutating func close(_ store: inout SegmentStore) {
        recycleRetired(&store)
        for segment in full { store.unpin(segment) }
        full = []
        if let segment = current { store.unpin(segment) }
        current = nil
    }
}
