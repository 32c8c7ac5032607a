// Memory — what slow readers may hold: a limit of the process, never passed.
//
// Counted are the octets of backlogs and, for each connection that has one, what the kernel may
// hold unsent. A core takes its part of the limit in steps, so that no line is written by several
// cores per delivery. When nothing is left it gives up the largest queues that it has: they are not
// counted from then on, and reset after the pass, some in each turn.

import Synchronization
import Telemetry

extension Core where Kernel: ~Copyable {
    /// Octets that a core takes of the limit at a time.
    private var shareStep: Int {
        let part = limits.processSendQueueSize / (64 * state.coreCount)
        return min(max(part, 1), 1 << 20)
    }

    /// Backlogs of this core hold so many octets more, or fewer.
    mutating func countBacklog(_ difference: Int) {
        heldOctets += difference
        metrics.adjust(.backlogOctets, by: difference)
    }

    /// Octets in the backlog of a connection.
    func queuedSize(of connection: Connection) -> Int {
        connection.backlog == nil ? 0 : Int(unsafe table.hot[connection.slot].queued)
    }

    /// Whether a backlog shares pieces of any size. Copies of one publication for ten thousand who
    /// do not read would cost more than sending it; but for a few that are slow now and then, whole
    /// segments would be kept for a hundred octets each. So not more is shared than is queued,
    /// beyond what the logs may take anyway.
    var sharesSmallPieces: Bool {
        store.sharedOctets <= heldOctets + 16 * SegmentStore.standardCapacity
    }

    /// Takes more of the process's limit, or makes room by giving up this core's largest queues.
    ///
    /// - Returns: `false` when even then so many octets more may not be held.
    @inline(never)
    mutating func makeRoom(for size: Int) -> Bool {
        let missing = heldOctets + size - heldShare
        for wanted in [max(missing, shareStep), missing] where state.takeShare(of: wanted) {
            heldShare += wanted
            return true
        }
        giveUpLargest(atLeast: max(size, limits.processSendQueueSize / 64))
        return heldOctets + size <= heldShare
    }

    /// Gives back what this core has taken and does not need.
    mutating func returnShare() {
        let spare = heldShare - heldOctets
        let kept = heldOctets == 0 ? 0 : 2 * shareStep
        guard spare > kept else { return }
        heldShare -= spare - kept
        state.returnShare(of: spare - kept)
    }

    private mutating func giveUpLargest(atLeast size: Int) {
        var queues: [(size: UInt32, slot: UInt32)] = []
        for slot in 0..<table.capacity {
            let line = unsafe table.hot + slot
            let flags = unsafe line.pointee.flags
            guard flags.contains(.blocked), !flags.contains(.overflowing) else { continue }
            queues.append((unsafe line.pointee.queued, UInt32(slot)))
        }
        queues.sort { $0.size > $1.size }
        var freed = 0
        for queue in queues {
            guard freed < size else { return }
            freed += Int(queue.size) + Int(limits.kernelUnsentSize)
            giveUp(queue.slot)
        }
    }

    /// Frees the queue of a connection and has it reset after the pass.
    mutating func giveUp(_ slot: UInt32) {
        guard let backlog = table.connection(at: Int(slot))?.backlog, !backlog.isGivenUp else {
            return
        }
        let line = unsafe table.hot + Int(slot)
        dropBacklog(backlog, Int(slot))
        backlog.giveUp(&store)
        unsafe line.pointee.queued = 0
        unsafe line.pointee.flags.insert(.overflowing)
        givenUp.append(slot)
    }

    /// Takes a backlog, whole, out of the account.
    mutating func dropBacklog(_ backlog: Backlog, _ slot: Int) {
        guard !backlog.isGivenUp else { return }
        backlog.settle(unsafe table.hot[slot].last)
        countBacklog(-backlog.size)
        heldOctets -= Int(limits.kernelUnsentSize)
    }

    /// Resets those whose queues were given up: what they were sent ends within a frame, so there
    /// is no place for a close frame.
    mutating func closeGivenUp() {
        guard !givenUp.isEmpty else { return }
        let slots = givenUp.prefix(Self.closeSlice)
        givenUp.removeFirst(slots.count)
        for slot in slots {
            guard let connection = table.connection(at: Int(slot)),
                connection.backlog?.isGivenUp == true, connection.phase < .ending
            else { continue }
            hit(.processSendQueueShare, connection)
            resetGivenUp(connection)
        }
    }

    mutating func resetGivenUp(_ connection: Connection) {
        guard !departs(connection, then: .givenUp) else { return }
        if connection.phase == .open {
            leaveRooms(connection)
            metrics.count(slow: .reset)
            metrics.countClose(code: 1013, side: .server, reason: .memoryPressure)
        }
        closeNow(connection)
    }
}

extension EngineState {
    /// Takes a part of what backlogs may hold.
    ///
    /// - Returns: `false`, and nothing is taken, when the limit would be passed.
    fileprivate func takeShare(of size: Int) -> Bool {
        // Relaxed: only the number itself is shared, and it is added to in one step.
        let before = heldOctets.add(size, ordering: .relaxed).oldValue
        guard before + size > settings.limits.processSendQueueSize else { return true }
        heldOctets.wrappingSubtract(size, ordering: .relaxed)
        return false
    }

    fileprivate func returnShare(of size: Int) {
        heldOctets.wrappingSubtract(size, ordering: .relaxed)
    }
}
