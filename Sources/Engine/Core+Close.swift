// Closing — every way a connection ends, each in the same order: leave the rooms, say so, let the
// queue leave (RFC 6455 §7); what follows that is in `Core+Finish.swift`.

import Bytes
import Telemetry
import WebSocket

// Never inlined, what ends a connection: the runtime's checks of accesses in it would be hoisted
// out of the loops that may get here, and be paid for by every message.

extension Core where Kernel: ~Copyable {
    /// Starts the closing handshake from our side; the peer's close frame is awaited.
    @inline(never)
    mutating func close(
        _ connection: Connection, _ code: CloseCode, _ reason: String = "",
        because cause: CloseReason
    ) {
        guard !departs(connection, then: .closed(code, reason, cause)),
            connection.phase == .open
        else { return }
        leaveRooms(connection)
        metrics.countClose(code: code.rawValue, side: .server, reason: cause)
        guard !connection.wire.isStream else {
            finish(connection)  // a stream closes without a word
            return
        }
        sendClose(code, reason, to: connection)
        connection.phase = .closing
        connection.phaseDeadline = now + (isStopping ? Self.stopTime : limits.closeTime)
        setDeadline(of: connection)
        // Nothing waits for an answer any more; among what was held may be the peer's close.
        if connection.holdsInput {
            connection.awaitsAnswer = false
            connection.awaitedCalls = []
            connection.awaitsGate = false
            connection.held = nil
            connection.waitsForTick = false
            resumeHeldInput(connection)
        }
        if connection.mayHoldInput { countInput(connection) }
        if connection.isPeerFinished { finish(connection) }
    }

    /// Fails the connection: a close frame, and nothing more is awaited (RFC 6455 §7.1.7).
    @inline(never)
    mutating func fail(
        _ connection: Connection, _ code: CloseCode, _ reason: String = "",
        reason cause: CloseReason
    ) {
        guard !departs(connection, then: .failed(code, reason, cause)),
            connection.phase == .open || connection.phase == .closing
        else { return }
        if connection.phase == .open {
            leaveRooms(connection)
            metrics.countClose(code: code.rawValue, side: .server, reason: cause)
            sendClose(code, reason, to: connection)
        }
        finish(connection)
    }

    /// The peer's close frame has come.
    @inline(never)
    mutating func peerClosed(_ connection: Connection, _ code: CloseCode?) {
        guard !departs(connection, then: .peerClosed(code)) else { return }
        if connection.phase == .open {
            leaveRooms(connection)
            metrics.countClose(
                code: (code ?? .noStatus).rawValue, side: .peer, reason: .asked)
            // The code is echoed (§5.5.1); one that was not given cannot be.
            sendClose(code, "", to: connection)
        }
        finish(connection)
    }

    mutating func sendClose(
        _ code: CloseCode?, _ reason: String, to connection: Connection
    ) {
        // The last frame, with a small reserve of its own beyond whatever is queued.
        let line = unsafe table.hot + connection.slot
        // Behind a queue that was given up it would come within another frame.
        guard connection.backlog?.isGivenUp != true else { return }
        unsafe line.pointee.flags.remove(.overflowing)
        guard !connection.wire.isStream else { return }  // a stream has no close frame
        let queued = max(Int(unsafe line.pointee.limit), queuedSize(of: connection))
        unsafe line.pointee.limit = UInt32(clamping: queued + Backlog.closeReserve)
        message.removeAll()
        FrameWriter.writeClosePayload(code, reason: reason, into: &message)
        var taken = OctetBuffer(capacity: 0)
        swap(&taken, &message)
        sendFrame(.close, taken.octets, to: connection)
        swap(&taken, &message)
    }

    /// Their FIN has come; nothing can be read any more. What was read before and waits for an
    /// answer or for its turn is answered first; then this is called again.
    mutating func peerFinished(_ connection: Connection) {
        connection.isPeerFinished = true
        // Who has left an opening wants nothing of what it sent behind it.
        let hasLeftOpening = connection.opening != nil
        abandonOpening(connection)
        // What came before the FIN is answered first.
        if connection.phase <= .open, !hasLeftOpening,
            connection.holdsInput || connection.isRunnable || connection.isPaused
        {
            return
        }
        guard !departs(connection, then: .peerFinished) else { return }
        switch connection.phase {
        case .http:
            loseHandshake(connection)
            finish(connection)
        case .open:
            leaveRooms(connection)
            if let stream = connection.stream, !stream.isWithinFrame {
                metrics.countClose(code: 1000, side: .peer, reason: .asked)  // it has no other way
            } else {
                metrics.countClose(code: 1006, side: .peer, reason: .connectionLost)
            }
            sendClose(.normal, "", to: connection)
            finish(connection)
        case .closing: finish(connection)
        case .departing, .finishing: break
        case .lingering: closeNow(connection)
        case .ending: closeIfQuiet(connection)
        case .closed: break
        }
    }

    /// Ends at once, without a word: the peer is gone or must go.
    mutating func abort(_ connection: Connection, reason: CloseReason) {
        guard connection.phase < .ending, !departs(connection, then: .aborted(reason)) else {
            return
        }
        if reason == .connectionLost { loseHandshake(connection) }
        if connection.phase == .open {
            leaveRooms(connection)
            let side: ClosingSide = reason == .connectionLost ? .peer : .server
            metrics.countClose(code: 1006, side: side, reason: reason)
        }
        closeNow(connection)
    }
}
