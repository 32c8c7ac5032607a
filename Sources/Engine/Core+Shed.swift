// Shedding — those who do not read what they are sent are closed, after the pass that found them.

import Telemetry
import WebSocket

extension Core where Kernel: ~Copyable {
    /// Over their limit: closed after the pass that found it, at a frame boundary.
    mutating func closeOverflowing() {
        closeGivenUp()
        guard !overflowing.isEmpty else { return }
        let slots = overflowing.prefix(Self.closeSlice)
        overflowing.removeFirst(slots.count)
        for slot in slots {
            guard let connection = table.connection(at: Int(slot)),
                unsafe table.hot[Int(slot)].flags.contains(.overflowing)
            else { continue }
            shedOverflowing(connection)
        }
    }

    /// After a complete reap: those for whom one turn had too much, some in each turn. Not as
    /// above, since behind a flush nothing may be queued for a connection without a backlog before
    /// its send is settled.
    mutating func closeExcessive() {
        guard !excessive.isEmpty else { return }
        let waiting = Array(excessive.prefix(Self.closeSlice))
        excessive.removeFirst(waiting.count)
        for id in waiting {
            guard let connection = table.connection(id) else { continue }
            shedOverflowing(connection)
        }
    }

    private mutating func shedOverflowing(_ connection: Connection) {
        let line = unsafe table.hot + connection.slot
        guard unsafe line.pointee.flags.contains(.overflowing), connection.phase < .finishing else {
            return
        }
        // Counted once, though it may stand in both lists and depart first.
        unsafe line.pointee.flags.remove(.overflowing)
        hit(.sendQueueSize, connection)
        metrics.count(.dropped)
        shed(connection, reason: .slowConsumer)
    }

    /// Gives up a peer that does not read: 1013 is attempted behind what it already has.
    mutating func shed(_ connection: Connection, reason: CloseReason) {
        guard connection.phase < .finishing, !departs(connection, then: .shed(reason)) else {
            return
        }
        unsafe (table.hot + connection.slot).pointee.flags.remove(.overflowing)
        if connection.phase == .open {
            leaveRooms(connection)
            metrics.count(slow: .closed)
            metrics.countClose(code: 1013, side: .server, reason: reason)
            sendClose(.tryAgainLater, "slow consumer", to: connection)
        }
        finish(connection)
    }
}
