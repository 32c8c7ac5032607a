// GatherArena — headers and pieces of a turn's gathered sends; the kernel reads them at submission.

import Uring

/// Safety: both arrays are allocated in `init` for `count` sends of `pieceLimit` pieces, freed in
/// `deinit`, and used again only after the kernel has consumed the entries that point into them.
@safe
struct GatherArena: ~Copyable {
    /// Above this many pieces copying them together is cheaper (findings: twice from 64 on).
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

    /// Writes one header with the pieces that `body` fills in; it returns how many.
    @unsafe
    mutating func add(
        _ body: (UnsafeMutablePointer<SendPiece>) -> Int
    ) -> UnsafePointer<SendHeader> {
        precondition(used < count)
        let start = unsafe pieces + used * Self.pieceLimit
        let pieceCount = unsafe body(start)
        precondition(pieceCount <= Self.pieceLimit)
        let header = unsafe headers + used
        unsafe header.initialize(to: SendHeader(pieces: start, count: pieceCount))
        used += 1
        return unsafe UnsafePointer(header)
    }
}
