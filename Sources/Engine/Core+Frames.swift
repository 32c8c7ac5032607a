// Frames — from a receiver's events to dialects, pongs and closing handshakes.

import Bytes
import DialectKit
import Telemetry
import WebSocket

extension Core where Kernel: ~Copyable {
    mutating func consumeFrames(
        _ octets: UnsafeMutableRawBufferPointer, _ offset: inout Int, for connection: Connection
    ) {
        let limits = receiverLimits[connection.route]
        guard deliverHeld(connection) else { return }
        while connection.phase == .open || connection.phase == .closing {
            // Behind its close frame there is nothing.
            guard !connection.isLeaving else { return }
            guard mayTakeFrame(connection) else { return }
            let event: Reception
            do throws(FrameError) {
                event = try unsafe connection.receiver!.next(
                    octets, offset: &offset, limits: limits, inflaters: &inflaters)
            } catch {
                frameFailed(error, connection)
                return
            }
            switch event {
            case .needsMore:
                if connection.isHoldingMessage { connection.mayHoldInput = true }
                return
            case .yielded:
                connection.mayHoldInput = true
                metrics.count(.inflatedPerTurn)
                makeRunnable(connection)
                return
            case .message(let kind, let place):
                // After our close frame nothing is processed.
                guard connection.phase == .open else { continue }
                let payload = unsafe connection.receiver!.payload(of: place, input: octets)
                // By pattern: `==` of another module's enum is a call by witness.
                let isText = if case .text = kind { true } else { false }
                unsafe deliverInTurn(isText ? .text : .binary, payload.bytes, to: connection)
                unsafe connection.receiver?.releaseMessage()
                // A step is bounded by the receiver; a turn of many messages is bounded here.
                if self.limits.messageRate > 0, !spendAllowance(of: connection) { return }
                guard connection.wire != .plain else {
                    // Nearly always a message comes alone; then there is nothing to look for.
                    if offset == octets.count { return }
                    continue
                }
                connection.inflatedSize = UInt32(
                    clamping: Int(connection.inflatedSize) + place.size)
                if connection.inflatedSize > self.limits.inflatedPerTurn {
                    hit(.inflatedPerTurn, connection)
                    makeRunnable(connection)
                    return
                }
            case .ping(let place):
                guard connection.phase == .open else { continue }
                let payload = unsafe connection.receiver!.payload(of: place, input: octets)
                unsafe pong(payload.bytes, to: connection)
                unsafe connection.receiver?.releaseMessage()
            case .pong:
                connection.isPongAwaited = false
                unsafe connection.receiver?.releaseMessage()
            case .close(let code, _):
                closeInTurn(code, connection)
                return
            }
        }
    }

    /// Whether the connection's next frame is taken now; if so it is counted, if not its turn
    /// comes.
    @inline(__always)
    mutating func mayTakeFrame(_ connection: Connection) -> Bool {
        // A connection's share holds for the turn, however many buffers its octets came in.
        let turn = UInt32(truncatingIfNeeded: turnNumber)
        if connection.shareTurn != turn {
            connection.shareTurn = turn
            connection.frameCount = 0
            connection.inflatedSize = 0
        }
        if connection.waitsForTick || isHoldingEnough(connection) { return false }
        if connection.phase == .open, isChoked(connection) { return false }
        guard connection.frameCount < limits.framesPerTurn else {
            hit(.framesPerTurn, connection)
            makeRunnable(connection)
            return false
        }
        // A few octets of calls can ask for a lot of replies. For the first frame the clock has
        // been looked at by whoever gave this connection its turn.
        if unflushedOctets >= Self.unflushedLimit || (connection.frameCount > 0 && isTurnOver) {
            makeRunnable(connection)
            return false
        }
        connection.frameCount += 1
        return true
    }

    /// Whether the connection may send another message now; if not it waits for the clock.
    mutating func spendAllowance(of connection: Connection) -> Bool {
        switch connection.allowance.spend(
            now: now, rate: limits.messageRate, burst: limits.messageBurst)
        {
        case .granted: return true
        case .exhausted:
            hit(.messageRate, connection)
            fail(connection, .policyViolation, "too many messages", reason: .limit)
            return false
        case .wait:
            // Not read any more, so TCP pushes back; the wheel looks again at the next tick.
            hit(.messageRate, connection)
            connection.waitsForTick = true
            wheel.set(connection.slot, at: now + TimingWheel.tick)
            return false
        }
    }

    /// Hands one message to the session and carries out what it wants.
    mutating func deliver(
        _ kind: DialectKit.MessageKind, _ payload: RawSpan, to connection: Connection
    ) {
        metrics.add(.messagesReceived)
        guard connection.gated == nil else {
            deliverGated(kind, payload, to: connection)
            return
        }
        guard let session = connection.session, var commands = commands.take() else { return }
        introduce(connection, to: &commands)
        session.receive(kind, payload, &commands)
        carryOut(&commands, payload, for: connection)
        self.commands = consume commands
    }

    private mutating func pong(_ payload: RawSpan, to connection: Connection) {
        // RFC 6455 §5.5.3: only the newest ping need be answered when pongs would pile up.
        if connection.backlog != nil {
            hit(.pongsWaiting, connection)
            connection.waitingPong = payload.array
            return
        }
        sendFrame(.pong, payload, to: connection)
    }

    private mutating func frameFailed(_ error: FrameError, _ connection: Connection) {
        let reason: CloseReason
        switch error {
        case .oversizedMessage:
            hit(.messageSize, connection)
            reason = .limit
        case .tooManyFragments:
            hit(.fragmentsPerMessage, connection)
            reason = .limit
        case .brokenCompression:
            metrics.add(.inflateRefused)
            reason = .protocolViolation
        case .notText:
            metrics.add(.textRefused)
            reason = .protocolViolation
        case .outOfMemory: reason = .memoryPressure
        default: reason = .protocolViolation
        }
        fail(connection, error.closeCode, reason: reason)
    }
}
