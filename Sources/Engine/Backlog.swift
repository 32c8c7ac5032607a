// Backlog — what a connection has yet to be sent after the kernel refused to take more.
//
// Large pieces stay in their segment, pinned; small ones are copied into chunks of the backlog's
// own, so that one slow reader does not pin a quarter megabyte for a hundred octets. Exists only
// while its connection is slow.

final class Backlog {
    /// Pieces from here up are shared, smaller ones copied; octets.
    static let sharedPieceSize = 4096
    /// Octets of one patient send, so that progress is visible.
    static let sendLimit = 64 * 1024

    private var pieces: [LogRange] = []
    private var first = 0
    private var chunk: UInt32?
    /// Octets not yet taken by the kernel.
    private(set) var size = 0
    /// When octets were last taken (core time, ns): a slow write is measured from here.
    var lastProgress: UInt64

    init(now: UInt64) { lastProgress = now }

    var isEmpty: Bool { size == 0 }

    func append(_ range: LogRange, _ store: inout SegmentStore) {
        guard range.size > 0 else { return }
        size += range.size
        if range.size >= Self.sharedPieceSize {
            if let last = pieces.indices.last, last >= first,
                pieces[last].segment == range.segment, pieces[last].end == range.start
            {
                pieces[last].end = range.end
            } else {
                store.pin(range.segment)
                pieces.append(range)
            }
            return
        }
        if let chunk, store.room(in: chunk) < range.size {
            store.unpin(chunk)
            self.chunk = nil
        }
        let target = chunk ?? store.make(capacity: SegmentStore.chunkCapacity)
        chunk = target
        let source = unsafe store.start(of: range)
        let copy = unsafe store.append(to: target, atMost: range.size) { room in
            unsafe room.baseAddress!.copyMemory(from: source, byteCount: range.size)
            return range.size
        }
        if let last = pieces.indices.last, last >= first, pieces[last].segment == target,
            pieces[last].end == copy.start
        {
            pieces[last].end = copy.end
        } else {
            store.pin(target)
            pieces.append(copy)
        }
    }

    /// What to send next: at most `sendLimit` octets in one piece.
    var next: LogRange? {
        guard first < pieces.count else { return nil }
        var piece = pieces[first]
        piece.end = min(piece.end, piece.start + UInt32(Self.sendLimit))
        return piece
    }

    /// The kernel took `count` octets of `next`.
    func advance(_ count: Int, _ store: inout SegmentStore) {
        guard count > 0 else { return }
        precondition(first < pieces.count && count <= pieces[first].size)
        size -= count
        pieces[first].start += UInt32(count)
        guard pieces[first].size == 0 else { return }
        store.unpin(pieces[first].segment)
        first += 1
        if first == pieces.count || first > 64 {
            pieces.removeFirst(first)
            first = 0
        }
    }

    /// Lets go of everything; nothing may be in flight.
    func close(_ store: inout SegmentStore) {
        for piece in pieces[first...] { store.unpin(piece.segment) }
        if let chunk { store.unpin(chunk) }
        pieces = []
        first = 0
        chunk = nil
        size = 0
    }
}
