// Gathering — a connection's ranges of one turn in one send: few are pieces for the kernel, many
// are copied together.
//
// What was copied is needed until its send has been reaped, and no longer: a part that the kernel
// did not take is pinned by the backlog. So it has a log of its own, which is emptied after every
// reap, however long the flush still goes on for others (``Core/concludeFlush()``).

import Uring

extension Core where Kernel: ~Copyable {
    /// Joins the ranges of one connection: few in the kernel, many by copying them together.
    mutating func sendGathered(_ slot: Int, _ token: Token) {
        let line = unsafe table.hot + slot
        var count = 1
        var place = unsafe line.pointee.firstSpill
        while place != SpillPool.none {
            count += 1
            place = spill.next(after: place)
        }
        if count > GatherArena.pieceLimit || gather.isFull {
            let joined = join(slot)
            unsafe kernel.send(
                store.start(of: joined), size: joined.size, to: line.pointee.socket,
                mode: .immediate, token: token)
            return
        }
        let pieces = unsafe gather.nextPieces
        var index = 0
        forEachRange(of: slot) { range in
            let piece = unsafe SendPiece(start: store.start(of: range), size: range.size)
            unsafe (pieces + index).initialize(to: piece)
            index += 1
        }
        unsafe kernel.send(
            gather.add(pieceCount: count), to: line.pointee.socket, mode: .immediate, token: token)
    }

    /// Copies a connection's ranges together; afterwards it has one.
    private mutating func join(_ slot: Int) -> LogRange {
        let line = unsafe table.hot + slot
        // What is queued counts every range, and a connection with a backlog is not flushed.
        let total = Int(unsafe line.pointee.queued)
        let joined = unsafe joinedLog.append(&store, atMost: total) { _ in total }
        hasJoined = true
        var offset = 0
        forEachRange(of: slot) { range in
            store.copy(range, to: joined, at: offset)
            offset += range.size
        }
        precondition(offset == total)
        spill.release(from: unsafe line.pointee.firstSpill)
        unsafe line.pointee.firstSpill = SpillPool.none
        unsafe line.pointee.lastSpill = SpillPool.none
        unsafe line.pointee.last = joined
        return joined
    }

    /// What a connection was last sent or has queued, in order.
    func forEachRange(of slot: Int, _ body: (LogRange) -> Void) {
        let line = unsafe table.hot + slot
        var place = unsafe line.pointee.firstSpill
        while place != SpillPool.none {
            body(spill.range(at: place))
            place = spill.next(after: place)
        }
        body(unsafe line.pointee.last)
    }
}
