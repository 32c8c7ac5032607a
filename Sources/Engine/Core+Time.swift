// Time — one deadline per connection, and the few things a core does by the clock.

import Bytes
import DialectKit
import Synchronization
import Telemetry
import WebSocket

extension Core where Kernel: ~Copyable {
    /// When the core must be awake next; `nil` when nothing is due.
    mutating func nextDeadline() -> UInt64? {
        var next = wheel.nextDeadline()
        if isAcceptPaused { next = min(next ?? .max, acceptPausedUntil) }
        if let drain { next = min(next ?? .max, drainTime(drain)) }
        if firstExpired < expired.count { return now }
        if dealerAlarm != .max { next = min(next ?? .max, dealerAlarm) }
        return next
    }

    mutating func advanceTime() {
        if isAcceptPaused { resumeAccept() }
        if drain != nil { advanceDrain() }
        expireCalls()
        if firstExpired == expired.count {
            expired.removeAll(keepingCapacity: true)
            firstExpired = 0
            wheel.advance(to: now, expired: &expired)
        }
        // In slices: ten thousand who stopped reading at once are given up at once.
        let end = min(expired.count, firstExpired + Self.closeSlice)
        while firstExpired < end {
            let slot = Int(expired[firstExpired])
            firstExpired += 1
            // A slot that has another connection by now is only looked at.
            guard let connection = table.connection(at: slot) else { continue }
            deadlinePassed(connection)
        }
        returnShare()
        returnInputShare()
    }

    /// A little after `time`, where others are due as well: an idle core wakes twice a second for
    /// its pings, and not at every tick. At most half a second, nor more than a part of the
    /// interval.
    private static func together(_ time: UInt64, _ interval: UInt64) -> UInt64 {
        let grain = max(TimingWheel.tick, min(500_000_000, interval / 32))
        return (time / grain + 1) * grain
    }

    /// Hangs a connection up at the next time something may be due for it.
    mutating func setDeadline(of connection: Connection) {
        var deadline: UInt64
        switch connection.phase {
        case .open:
            let silence = connection.isPongAwaited ? now : connection.lastReceived
            deadline = Self.together(silence + limits.pingInterval, limits.pingInterval)
            // An answer leaves this where it is, though the next ping may be due before.
            if connection.isPongAwaited { deadline = min(deadline, connection.phaseDeadline) }
        case .http, .closing, .finishing, .lingering: deadline = connection.phaseDeadline
        // Nothing is due for who departs until it has.
        case .departing, .ending, .closed: return
        }
        if let backlog = connection.backlog {
            deadline = min(deadline, backlog.lastProgress + limits.slowWriteTime)
        }
        if connection.waitsForTick { deadline = min(deadline, now + TimingWheel.tick) }
        if connection.sessionDeadline != 0, connection.phase == .open {
            deadline = min(deadline, connection.sessionDeadline)
        }
        if let drainTime = connection.drainTime { deadline = min(deadline, drainTime) }
        // Another deadline set meanwhile must not let it sleep until then.
        if connection.waitsForTick { deadline = min(deadline, now + TimingWheel.tick) }
        wheel.set(connection.slot, at: deadline)
    }

    private mutating func deadlinePassed(_ connection: Connection) {
        guard connection.phase != .departing else { return }
        if let backlog = connection.backlog, connection.phase < .lingering,
            now >= backlog.lastProgress + limits.slowWriteTime
        {
            hit(.slowWriteTime, connection)
            // 1013 is attempted, but who takes nothing for so long will not take that either.
            shed(connection, reason: .slowWrite)
            closeNow(connection)
            return
        }
        if connection.waitsForTick {
            connection.waitsForTick = false
            resumeHeldInput(connection)
        }
        if let drainTime = connection.drainTime, now >= drainTime {
            connection.drainTime = nil
            closeForDrain(connection)
        }
        switch connection.phase {
        case .http: requestTimedOut(connection)
        case .open:
            if connection.sessionDeadline != 0, now >= connection.sessionDeadline {
                connection.sessionDeadline = 0
                callSession(connection.id) { $0.timePassed(&$1) }
            }
            if connection.phase == .open { checkLife(of: connection) }
        case .closing:
            guard now >= connection.phaseDeadline else { break }
            hit(.closeHandshakeTime, connection)
            finish(connection)
        case .finishing:
            // A queue that is being taken may take its time; the slow-write limit watches it.
            let progress = connection.backlog.map { $0.lastProgress + limits.closeTime } ?? 0
            guard now >= connection.phaseDeadline else { break }
            if now < progress, !isStopping {
                connection.phaseDeadline = progress
                break
            }
            closeNow(connection)
        case .lingering:
            guard now >= connection.phaseDeadline else { break }
            metrics.count(.lingeringReadTime)
            closeNow(connection)
        case .departing, .ending, .closed: return
        }
        setDeadline(of: connection)
    }

    private mutating func closeForDrain(_ connection: Connection) {
        if connection.phase == .open {
            sayGoodbye(to: connection)
        } else if connection.opening != nil {
            refuse(connection, status: 503)
        } else if connection.phase == .http, connection.exchange == nil {
            leaveHandshake(connection)
            finish(connection)
        }
    }

    private mutating func requestTimedOut(_ connection: Connection) {
        guard now >= connection.phaseDeadline else { return }
        if connection.holdsInput {
            connection.phaseDeadline = now + limits.keepAliveTime
            return
        }
        if connection.exchange?.decoder != nil {
            hit(.bodyStallTime, connection)
            refuse(connection, status: 408)
        } else if connection.isShakingHands || connection.hasParked {
            hit(.handshakeTime, connection)
            if connection.hasParkedLine, !connection.listener.isStream {
                refuse(connection, status: 408)
            } else {
                metrics.count(handshake: .timeout)
                finish(connection)
            }
        } else {
            hit(.keepAliveIdle, connection)
            finish(connection)
        }
    }

    /// Text, and more than an octet: some clients read the payload of a ping as they read messages.
    private static var pingText: RawSpan {
        @_lifetime(immortal) get {
            let text: StaticString = "carillon"
            let span = unsafe RawSpan(
                _unsafeStart: text.utf8Start, byteCount: text.utf8CodeUnitCount)
            return unsafe _overrideLifetime(span, copying: ())
        }
    }

    /// Pings who has been silent; drops who does not answer.
    private mutating func checkLife(of connection: Connection) {
        // Whom we do not read cannot answer, and a ping behind a backlog says nothing new: there
        // the time without progress tells who is gone.
        if connection.isPaused || connection.backlog != nil { connection.lastReceived = now }
        // A stream's client that has shown no ping may not know any; TCP looks after it.
        if connection.stream?.knowsPings == false { connection.lastReceived = now }
        // Whatever has come since the ping was sent answers it.
        if connection.isPongAwaited,
            connection.lastReceived + limits.pongTime > connection.phaseDeadline
        {
            connection.isPongAwaited = false
        }
        if now < connection.lastReceived + limits.pingInterval { return }
        if connection.isPongAwaited {
            guard now >= connection.phaseDeadline else { return }
            hit(.pongTimeout, connection)
            abort(connection, reason: .pongTimeout)
            return
        }
        connection.isPongAwaited = true
        connection.phaseDeadline = now + limits.pongTime
        if let framing = connection.wire.framing {
            sendStreamFrame(.ping, Self.pingText, framings[framing], to: connection)
        } else {
            sendFrame(.ping, Self.pingText, to: connection)
        }
    }
}
