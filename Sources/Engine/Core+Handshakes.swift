// Handshakes — connections between accept and their first whole request: the oldest make room.
//
// Only so many are served at a time. Of a crowd that comes at once, who is too many waits in front
// of the listener for a moment. But who has not got through its handshake in a second is hardly one
// of that crowd, and if its deadline had to be waited for, a few thousand sockets that say nothing
// would keep out everybody else.

import Bytes
import Telemetry

extension Core where Kernel: ~Copyable {
    /// How long a handshake may take while others wait, ns: what a segment needs that was lost and
    /// is sent again (RFC 6298 §2).
    private static var handshakePatience: UInt64 { 1_000_000_000 }

    /// Notes a client that was accepted just now.
    mutating func beginHandshake(_ connection: Connection) {
        handshakes.append(connection.id)
        // Who is done is forgotten when most are: about two looks for each who comes.
        guard handshakes.count > 2 * handshakeCount + 64 else { return }
        var left = Queue<ConnectionID>()
        while let id = handshakes.popFirst() { if isShakingHands(id) { left.append(id) } }
        handshakes = left
    }

    /// Ends handshakes that others need not wait for, some at a time.
    ///
    /// - Returns: Whether there are no more now than may be.
    mutating func makeHandshakeRoom() -> Bool {
        var share = Self.closeSlice
        while handshakeCount > limits.handshakesInProgress {
            guard share > 0, let oldest = oldestHandshake(),
                now + limits.handshakeTime >= oldest.phaseDeadline + Self.handshakePatience
            else { return false }
            share -= 1
            _ = handshakes.popFirst()
            hit(.handshakesInProgress, oldest)
            if oldest.phase == .http, oldest.hasParked {
                refuse(oldest, status: 503, retryAfter: 1)
            } else {
                // Who has said nothing is told nothing, and keeps no slot in order to hear it.
                if oldest.phase == .http { metrics.count(handshake: .unavailable) }
                closeNow(oldest)
            }
        }
        return true
    }

    private mutating func oldestHandshake() -> Connection? {
        while let id = handshakes.first {
            if isShakingHands(id) { return table.connection(id) }
            _ = handshakes.popFirst()
        }
        return nil
    }

    // Mutating though it changes nothing: see Core+Receive.swift.
    private mutating func isShakingHands(_ id: ConnectionID) -> Bool {
        table.connection(id)?.isShakingHands == true
    }

    /// The peer has gone before its handshake was done.
    mutating func loseHandshake(_ connection: Connection) {
        guard connection.isShakingHands else { return }
        metrics.count(handshake: .peerGone)
        leaveHandshake(connection)
    }

    /// The handshake is over, one way or the other.
    mutating func leaveHandshake(_ connection: Connection) {
        guard connection.isShakingHands else { return }
        connection.isShakingHands = false
        handshakeCount -= 1
        metrics.adjust(.handshakesInProgress, by: -1)
    }
}
