// GatherArena — headers and pieces of a turn's gathered sends; the kernel reads them at submission.

import Uring

/// Safety: both arrays are allocated in `init` for `count` sends of `pieceLimit` pieces, freed in
/// `deinit`, and used again only after the kernel has consumed the entries that point into them.
@safe
struct GatherArena: ~Copyable {
    /// Above this many pieces are copied together: from 64 on gathering costs twice as much (the
    /// table "How a turn is sent" in Engine.md).
    static let pieceLimit = 8

    private let count: Int
    private let headers: UnsafeMutablePointer<SendHeader>
    private let pieces: UnsafeMutablePointer<SendPiece>
    private var used = 0

    init(count: Int) {
        self.count = count
        unsafe headers = .allocate(capacity: count)
        unsafe pieces = .allocate(capacity: count * Self.pieceLimit)
    }

    deinit {
        unsafe headers.deallocate()
        unsafe pieces.deallocate()
    }

    var isFull: Bool { used == count }

    mutating func removeAll() { used = 0 }

    /// Where the pieces of the next send go, ``pieceLimit`` of them at most.
    @unsafe
    var nextPieces: UnsafeMutablePointer<SendPiece> {
        precondition(used < count)
        return unsafe pieces + used * Self.pieceLimit
    }

    /// Writes the header of a send whose first `pieceCount` pieces stand at ``nextPieces``.
    @unsafe
    mutating func add(pieceCount: Int) -> UnsafePointer<SendHeader> {
        precondition(pieceCount > 0 && pieceCount <= Self.pieceLimit)
        let header = unsafe headers + used
        unsafe header.initialize(to: SendHeader(pieces: nextPieces, count: pieceCount))
        used += 1
        return unsafe UnsafePointer(header)
    }
}
