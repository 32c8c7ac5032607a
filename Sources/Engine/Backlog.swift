// Backlog — what a connection has yet to be sent after the kernel refused to take more.
//
// Large pieces stay in their segment, pinned; small ones are copied into chunks of the backlog's
// own, so that one slow reader does not pin a quarter megabyte for a hundred octets. Where many are
// slow, small ones are shared as well (``Core/sharesSmallPieces``). Exists only while its
// connection is slow.
//
// The newest piece also stands in the connection's hot line, where what follows it in its segment
// only moves the end: a busy room with ten thousand readers that do not read costs it a cache line
// each. So before anything is asked of a backlog it is told how far that has come (``settle(_:)``).

final class Backlog {
    /// Pieces from here up are shared, smaller ones copied; octets.
    static let sharedPieceSize = 4096
    /// Octets of one patient send, so that progress is visible.
    static let sendLimit = 64 * 1024
    /// Octets that the close frame, the last one, may have beyond a queue's limit.
    static let closeReserve = 256

    private var pieces: [LogRange] = []
    private var first = 0
    private var chunk: UInt32?
    /// Octets not yet taken by the kernel.
    private(set) var size = 0
    /// The connection is about to be reset.
    private(set) var isGivenUp = false
    /// When octets were last taken (core time, ns): a slow write is measured from here.
    var lastProgress: UInt64

    init(now: UInt64) { lastProgress = now }

    var isEmpty: Bool { size == 0 }

    /// The piece that the hot line has; `nil` when there is none.
    var newest: LogRange? { first < pieces.count ? pieces.last : nil }

    /// Makes what has lengthened the newest piece in the hot line a part of it.
    func settle(_ newest: LogRange) {
        guard !isGivenUp, first < pieces.count, let last = pieces.indices.last,
            pieces[last].segment == newest.segment, pieces[last].end < newest.end
        else { return }
        size += Int(newest.end - pieces[last].end)
        pieces[last].end = newest.end
    }

    func append(
        _ range: LogRange, _ store: inout SegmentStore, sharesSmallPieces: Bool = false
    ) {
        guard range.size > 0 else { return }
        size += range.size
        if sharesSmallPieces || range.size >= Self.sharedPieceSize {
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

    /// Counts nothing as queued any more, and lets go of all but the piece that may be in flight,
    /// which stays until `close(_:)`. Nothing may be appended or sent afterwards.
    func giveUp(_ store: inout SegmentStore) {
        isGivenUp = true
        size = 0
        guard first < pieces.count else { return }
        for piece in pieces[(first + 1)...] { store.unpin(piece.segment) }
        pieces.removeSubrange((first + 1)...)
        if let chunk { store.unpin(chunk) }
        chunk = nil
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
