// Finishing — what is queued leaves, FIN, a moment of reading on, close: the end of a connection
// that has nothing more to say, and of one that goes at once. Not inlined, as Core+Close.swift has
// it.

import Synchronization
import Telemetry
import Uring

extension Core where Kernel: ~Copyable {
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
