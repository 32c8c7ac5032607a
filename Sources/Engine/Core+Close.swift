// Closing — every way a connection ends, each in the same order: leave the rooms, say so, let the
// queue leave, FIN, read on for a moment, close (RFC 6455 §7).

import Bytes
import Synchronization
import Telemetry
import Uring
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

    private mutating func sendClose(
        _ code: CloseCode?, _ reason: String, to connection: Connection
    ) {
        // The last frame, with a small reserve of its own beyond whatever is queued.
        let line = unsafe table.hot + connection.slot
        // Behind a queue that was given up it would come within another frame.
        guard connection.backlog?.isGivenUp != true else { return }
        unsafe line.pointee.flags.remove(.overflowing)
        guard !connection.wire.isStream else { return }  // a stream has no close frame
        let queued = max(Int(unsafe line.pointee.limit), queuedSize(of: connection))
        unsafe line.pointee.limit = UInt32(clamping: queued + 256)
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
            leaveHandshake(connection)
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

    /// What is queued still leaves; then comes FIN.
    @inline(never)
    mutating func finish(_ connection: Connection) {
        guard connection.phase < .finishing else { return }
        connection.phase = .finishing
        connection.dropParked()
        connection.held = nil
        connection.exchange = nil
        abandonOpening(connection)
        unsafe connection.receiver = nil
        connection.stream = nil
        if connection.mayHoldInput { countInput(connection) }
        connection.phaseDeadline = now + (isStopping ? Self.stopTime : limits.closeTime)
        setDeadline(of: connection)
        finishing.append(connection.id)
    }

    /// After a complete reap: those whose queue has left send their FIN, or are closed, some in
    /// each turn.
    mutating func finishFlushed() {
        guard !finishing.isEmpty else { return }
        let waiting = finishing
        finishing.removeAll(keepingCapacity: true)
        // In slices: thousands may leave at once, and what is left of each costs the kernel most. A
        // core that ends has nobody to serve meanwhile.
        var left = isStopping ? Int.max : Self.closeSlice
        for (place, id) in waiting.enumerated() {
            guard left > 0 else {
                finishing += waiting[place...]
                return
            }
            guard let connection = table.connection(id), connection.phase == .finishing else {
                continue
            }
            let flags = unsafe table.hot[connection.slot].flags
            if flags.contains(.blocked) { continue }  // comes again when the backlog has left
            if flags.contains(.dirty) {
                finishing.append(id)
                continue
            }
            left -= 1
            unsafe (table.hot + connection.slot).pointee.flags.remove(.open)
            if connection.isPeerFinished || isStopping {
                closeNow(connection)
                continue
            }
            connection.phase = .lingering
            connection.phaseDeadline = now + limits.lingerTime
            setDeadline(of: connection)
            if connection.isPaused {
                connection.isPaused = false
                armReceive(connection)
            }
            shutDown(connection, both: false)
        }
    }

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
        metrics.count(slow: .closed)
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
            metrics.countClose(code: 1013, side: .server, reason: reason)
            sendClose(.tryAgainLater, "slow consumer", to: connection)
        }
        finish(connection)
    }

    /// Ends at once, without a word: the peer is gone or must go.
    mutating func abort(_ connection: Connection, reason: CloseReason) {
        guard connection.phase < .ending, !departs(connection, then: .aborted(reason)) else {
            return
        }
        if connection.phase == .http { leaveHandshake(connection) }
        if connection.phase == .open {
            leaveRooms(connection)
            let side: ClosingSide = reason == .connectionLost ? .peer : .server
            metrics.countClose(code: 1006, side: side, reason: reason)
        }
        closeNow(connection)
    }

    /// Closes the socket, after what is in flight has come back.
    @inline(never)
    mutating func closeNow(_ connection: Connection) {
        guard connection.phase < .ending else { return }
        if connection.phase == .departing, departs(connection, then: .closedNow) { return }
        leaveHandshake(connection)
        connection.phase = .ending
        connection.dropParked()
        connection.held = nil
        unsafe connection.receiver = nil
        connection.stream = nil
        connection.exchange = nil
        if connection.mayHoldInput { countInput(connection) }
        abandonOpening(connection)
        unsafe (table.hot + connection.slot).pointee.flags = []
        wheel.remove(connection.slot)
        guard !connection.isQuiet else {
            release(connection)
            return
        }
        guard connection.isReceiving || connection.isSending else { return }
        // A bare close neither cancels a receive nor ends a send that waits for room. Of a peer
        // that does not read, the kernel would keep what it has not taken for minutes (an orphan in
        // FIN-WAIT-1), and a FIN would be a lie: the connection is reset, which ends both at once.
        // Cancelling them as well would have the kernel look through its armed polls for each.
        if (connection.backlog != nil || connection.isPongAwaited)
            && connection.peerAddressSize > 0
        {
            connection.shutdownCount += 1
            let token = Token(
                .shutdown, slot: connection.slot, generation: connection.id.generation)
            kernel.disconnect(connection.socket, token: token)
        } else {
            shutDown(connection, both: true)
            cancelWaiting(of: connection)
        }
    }

    /// Cancels the receive and the send that may wait for their peer.
    private mutating func cancelWaiting(of connection: Connection) {
        for operation in [Operation.receive, .patientSend] {
            let isInFlight = operation == .receive ? connection.isReceiving : connection.isSending
            guard isInFlight else { continue }
            kernel.cancel(
                Token(
                    operation, slot: connection.slot, generation: connection.id.generation),
                token: Token(.cancel))
        }
    }

    private mutating func shutDown(_ connection: Connection, both: Bool) {
        connection.shutdownCount += 1
        let token = Token(
            .shutdown, slot: connection.slot, generation: connection.id.generation)
        kernel.shutdown(connection.socket, both: both, token: token)
    }

    /// A shutdown or a disconnect has been carried out, or refused.
    mutating func shutdownEnded(_ token: Token, _ result: Int32) {
        guard let connection = table.connection(slot: token.slot, generation: token.generation)
        else {
            metrics.add(.staleCompletions)
            return
        }
        connection.shutdownCount -= 1
        if result < 0, connection.phase == .ending { cancelWaiting(of: connection) }
        closeIfQuiet(connection)
    }

    mutating func closeIfQuiet(_ connection: Connection) {
        guard connection.phase == .ending, connection.isQuiet else { return }
        release(connection)
    }

    /// Nothing is in flight: memory, descriptor and slot go back.
    private mutating func release(_ connection: Connection) {
        if let backlog = connection.backlog {
            dropBacklog(backlog, connection.slot)
            backlog.close(&store)
            connection.backlog = nil
        }
        connection.phase = .closed
        if let host = connection.host { state.leave(host) }
        returnContext(of: connection)
        kernel.close(connection.socket, token: Token(.close))
        let line = unsafe table.hot + connection.slot
        if unsafe line.pointee.firstSpill != SpillPool.none {
            spill.release(from: unsafe line.pointee.firstSpill)
            unsafe line.pointee.firstSpill = SpillPool.none
        }
        table.close(connection.slot)
        state.openCount.wrappingSubtract(1, ordering: .relaxed)
        metrics.adjust(.openConnections, by: -1)
    }
}
