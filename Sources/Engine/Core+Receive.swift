// Receiving — octets from the ring to whoever reads them, within a turn's share.
//
// A buffer goes back in the same turn: what is not consumed is copied into the connection's own
// small buffer. A connection that waits (for an answer, for its next turn, because it does not
// read what it is sent) has its octets parked up to a limit, then its receive is cancelled.

import Bytes
import Glibc
import Telemetry
import Uring

extension Core where Kernel: ~Copyable {
    mutating func armReceive(_ connection: Connection) {
        guard !connection.isReceiving, !connection.isPaused, !connection.isPeerFinished,
            connection.phase < .ending
        else { return }
        connection.isReceiving = true
        connection.isStarved = false
        kernel.receive(from: connection.socket, token: Self.receiveToken(connection))
    }

    private static func receiveToken(_ connection: Connection) -> Token {
        Token(.receive, slot: connection.slot, generation: connection.id.generation)
    }

    mutating func received(_ token: Token, _ completion: Completion) {
        let buffer = completion.buffer
        defer {
            if let buffer {
                kernel.recycle(buffer)
                recycledCount += 1
            }
        }
        guard let connection = table.connection(slot: token.slot, generation: token.generation)
        else {
            metrics.add(.staleCompletions)
            return
        }
        if !completion.hasMore { connection.isReceiving = false }
        if completion.result > 0, let buffer {
            let size = Int(completion.result)
            metrics.add(.receivedOctets, size)
            connection.lastReceived = now
            unsafe take(kernel.octets(of: buffer, size: size), for: connection)
        } else if completion.result == 0 {
            peerFinished(connection)
        } else {
            receiveFailed(connection, -completion.result)
        }
        guard !connection.isReceiving else { return }
        if connection.phase == .ending {
            closeIfQuiet(connection)
        } else if !connection.isStarved {
            metrics.count(rearmed: .receive)
            armReceive(connection)
        }
    }

    private mutating func receiveFailed(_ connection: Connection, _ errno: Int32) {
        switch errno {
        case ENOBUFS:  // arming again before buffers are back would spin
            metrics.add(.buffersExhausted)
            connection.isStarved = true
            starved.append(connection.id)
        case ECANCELED: break  // paused or ending
        case EINTR, EAGAIN: break
        default:
            connection.isPeerFinished = true
            abort(connection, reason: .connectionLost)
        }
    }

    /// Buffers are back: arm those that went without, oldest first.
    mutating func resumeStarved() {
        guard !starved.isEmpty, recycledCount > 0 || firstCompletion == completions.count else {
            recycledCount = 0
            return
        }
        // No more than there can be buffers for; the others would only be told so again.
        let count = min(starved.count, max(recycledCount, 64))
        recycledCount = 0
        let waiting = starved[..<count]
        starved.removeFirst(count)
        for id in waiting {
            guard let connection = table.connection(id), connection.isStarved else { continue }
            connection.isStarved = false
            metrics.count(rearmed: .receive)
            armReceive(connection)
        }
    }

    /// Consumes fresh octets, behind those parked earlier.
    private mutating func take(
        _ octets: UnsafeMutableRawBufferPointer, for connection: Connection
    ) {
        guard connection.phase < .finishing else { return }  // read and discarded
        let before = connection.mayHoldInput ? usedCount : .max
        if connection.mayHoldInput, connection.hasParked {
            unsafe connection.park(octets.bytes)
            if !connection.isRunnable && !mustWait(connection) { consumeParked(connection) }
        } else if mustWait(connection) || connection.isRunnable {
            if isHeard(connection) { unsafe connection.park(octets.bytes) }
        } else {
            var offset = 0
            unsafe consume(octets, &offset, for: connection)
            if offset < octets.count, isHeard(connection) {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: octets[offset...])
                unsafe connection.park(rest.bytes)
            }
        }
        if connection.mayHoldInput { settleInput(connection, usedBefore: before) }
        pauseIfNeeded(connection)
    }

    /// Consumes what is parked; the rest stays parked.
    mutating func consumeParked(_ connection: Connection) {
        let before = usedCount
        takeParked(of: connection)
        settleInput(connection, usedBefore: before)
    }

    private mutating func takeParked(of connection: Connection) {
        guard var parked = connection.takeParked() else {
            // A step of inflation may be due without further input.
            if connection.phase == .open, connection.isReadingFrames || connection.held != nil {
                var none = 0
                unsafe consume(
                    UnsafeMutableRawBufferPointer(start: nil, count: 0), &none, for: connection)
            }
            return
        }
        var offset = 0
        let octets = unsafe parked.withMutableOctets { unsafe $0 }
        unsafe consume(octets, &offset, for: connection)
        guard offset < parked.count, isHeard(connection) else { return }
        parked.removeFirst(offset)
        connection.park(consume parked)
    }

    private mutating func consume(
        _ octets: UnsafeMutableRawBufferPointer, _ offset: inout Int, for connection: Connection
    ) {
        if connection.phase == .http {
            if case .stream(let place) = connection.listener {
                let octets = unsafe UnsafeRawBufferPointer(octets).bytes
                consumeHandshake(octets, &offset, framings[place], place, for: connection)
            } else {
                unsafe consumeRequests(octets, &offset, for: connection)
            }
        }
        guard connection.phase == .open || connection.phase == .closing else { return }
        if let stream = connection.stream {
            let octets = unsafe UnsafeRawBufferPointer(octets).bytes
            consumeStream(octets, &offset, stream, for: connection)
        } else {
            unsafe consumeFrames(octets, &offset, for: connection)
        }
    }

    /// Gives the connection another turn for what it has parked.
    mutating func makeRunnable(_ connection: Connection) {
        guard !connection.isRunnable else { return }
        connection.isRunnable = true
        runnable.append(connection.id)
    }

    mutating func resumeRunnable() {
        guard !runnable.isEmpty else { return }
        let waiting = runnable
        runnable.removeAll(keepingCapacity: true)
        for (place, id) in waiting.enumerated() {
            // Half of a turn's share, so that completions are handled too; who was not served goes
            // first the next time.
            guard unflushedOctets < Self.unflushedLimit / 2, !isTurnOver else {
                runnable.insert(contentsOf: waiting[place...], at: 0)
                return
            }
            guard let connection = table.connection(id) else { continue }
            connection.isRunnable = false
            guard !mustWait(connection) else {
                pauseIfNeeded(connection)
                continue
            }
            consumeParked(connection)
            guard connection.phase < .finishing else { continue }
            if connection.isPaused { readAgain(connection) } else { pauseIfNeeded(connection) }
            if connection.isPeerFinished { peerFinished(connection) }
        }
    }

    /// What a connection sends may still be of use.
    mutating func isHeard(_ connection: Connection) -> Bool {
        connection.phase < .finishing && connection.departure?.isDeaf != true
    }

    // MARK: pausing

    /// Stops reading a connection with too much parked, or that does not read its answers.
    private mutating func pauseIfNeeded(_ connection: Connection) {
        guard !connection.isPaused, connection.phase < .finishing, mayNotRead(connection) else {
            return
        }
        hit(.parkedReceiveSize, connection)
        connection.isPaused = true
        if connection.isReceiving {
            kernel.cancel(Self.receiveToken(connection), token: Token(.cancel))
        }
    }

    private mutating func mayNotRead(_ connection: Connection) -> Bool {
        // Who holds no input has nothing parked.
        connection.mayHoldInput
            && connection.parkedSize + (connection.held?.size ?? 0) > limits.parkedSize
            || isChoked(connection)
    }

    // Mutating though they change nothing: to one that is not, and that is not inlined, the whole
    // core is copied first (Swift 6.3.1, a borrowed `self` inside a mutating method; 180
    // instructions).

    /// Its queue is half full: what it asks is not answered before it has read on.
    mutating func isChoked(_ connection: Connection) -> Bool {
        guard connection.backlog != nil else { return false }
        return queuedSize(of: connection) > Int(unsafe table.hot[connection.slot].limit) / 2
    }

    /// What it has sent stays parked for now.
    private mutating func mustWait(_ connection: Connection) -> Bool {
        let isHeld =
            connection.phase == .open
            ? connection.waitsForTick || isHoldingEnough(connection)
            : connection.holdsInput || connection.phase == .departing
        return isHeld || (connection.phase <= .open && isChoked(connection))
    }

    /// As many messages wait for their turn as may.
    mutating func isHoldingEnough(_ connection: Connection) -> Bool {
        guard let held = connection.held, connection.awaitsReply else { return false }
        return held.size > limits.parkedSize
    }

    /// The reason for a pause may be gone: what is parked comes first, then it is read again.
    mutating func resumeInput(_ connection: Connection) {
        guard connection.isPaused, !isChoked(connection) else { return }
        if connection.holdsInput {
            readAgain(connection)
        } else {
            makeRunnable(connection)
        }
    }

    private mutating func readAgain(_ connection: Connection) {
        guard !mayNotRead(connection) else { return }
        connection.isPaused = false
        // With the cancel still under way, its completion arms again.
        armReceive(connection)
    }

    /// An answer has come: the messages behind it go on.
    mutating func releaseInput(_ connection: Connection) {
        guard connection.awaitsAnswer else { return }
        connection.awaitsAnswer = false
        resumeHeldInput(connection)
        if connection.mayHoldInput { countInput(connection) }
    }

    /// One reason to hold the input is gone; with none left, what is parked goes on.
    mutating func resumeHeldInput(_ connection: Connection) {
        guard !connection.holdsInput else { return }
        if connection.hasParked || connection.held != nil { makeRunnable(connection) }
        if connection.isPaused { resumeInput(connection) }
        if connection.isPeerFinished { peerFinished(connection) }
    }
}
