// Accepting — from the listener to a connection that is read.

import Bytes
import Glibc
import Synchronization
import Telemetry
import Uring

extension Core where Kernel: ~Copyable {
    mutating func accepted(_ token: Token, _ completion: Completion) {
        let place = token.slot
        guard place < listeners.count else { return }
        if !completion.hasMore { listeners[place].isArmed = false }
        defer { goOnListening(place) }
        guard completion.result >= 0 else {
            acceptFailed(place, -completion.result)
            return
        }
        let socket = kernel.socket(accepted: completion.result)
        metrics.add(.connectionsAccepted)
        guard listeners[place].letsIn,
            let connection = table.open(
                socket, limit: limits.sendQueueSize, now: now)
        else {
            metrics.add(.connectionsRefused)
            kernel.close(socket, token: Token(.close))
            return
        }
        connection.listener = listeners[place].role
        connection.peerAddressSize = UInt8(listeners[place].peerAddressSize)
        state.openCount.wrappingAdd(1, ordering: .relaxed)
        metrics.adjust(.openConnections, by: 1)
        let isClient = connection.listener.isForClients
        handshakeCount += 1
        metrics.adjust(.handshakesInProgress, by: 1)
        if isClient { beginHandshake(connection) }
        connection.phaseDeadline = now + limits.handshakeTime
        setDeadline(of: connection)
        if limits.connectionsPerAddress > 0, isClient, connection.peerAddressSize > 0 {
            // Asked before the receive is armed, so the answer comes before the request.
            askPeer(of: connection, for: .admission(connection.id))
        }
        armReceive(connection)
        // Control connections are the way to find out, so they are let in while others are not.
        if isClient, table.count > share(limits.acceptPauseShare) {
            metrics.count(pause: .connections, nanoseconds: 100_000_000)
            pauseAccept(for: 100_000_000)
        }
        if isClient, isFull {
            hit(.connectionsPerCore, connection)
            refuse(connection, status: 503, retryAfter: 1)
            return
        }
        if isClient, handshakeCount > limits.handshakesInProgress, !makeHandshakeRoom() {
            hit(.handshakesInProgress, connection)
            pauseAccept(for: 100_000_000)
        }
    }

    /// The share of the table that clients may fill is used up.
    private var isFull: Bool { table.count > share(limits.connectionsPerCore) }

    private func share(_ share: Double) -> Int { max(1, Int(Double(table.capacity) * share)) }

    /// The peer of a fresh connection is known, and counted.
    mutating func admit(_ connection: Connection, host: String) {
        guard connection.phase == .http else { return }
        guard state.admit(host, limit: limits.connectionsPerAddress) else {
            hit(.connectionsPerAddress, connection)
            refuse(connection, status: 429)
            return
        }
        connection.host = host
    }

    /// Out of descriptors or memory: wait, since asking again at once would only burn the core.
    private mutating func acceptFailed(_ place: Int, _ errno: Int32) {
        switch errno {
        case ECONNABORTED, EINTR, EAGAIN: break  // the next one, please
        case ECANCELED: break  // we stop accepting
        case _ where listeners[place].state != .open: listeners[place].state = .closed
        case EMFILE, ENFILE, ENOMEM, ENOBUFS:
            metrics.count(pause: .descriptors, nanoseconds: 100_000_000)
            pauseAccept(for: 100_000_000)
        case EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP:
            // This listener is no more; an endless re-arm helps nobody.
            listeners[place].state = .closed
        default:
            // A network error or a security module: accept(2) says to try again.
            pauseAccept(for: 100_000_000)
        }
    }

    mutating func pauseAccept(for duration: UInt64) {
        guard !isAcceptPaused else { return }
        isAcceptPaused = true
        acceptPausedUntil = now + duration
        metrics.set(.listenerPaused, to: 1)
        for place in listeners.indices where listeners[place].isArmed && isPaused(place) {
            kernel.cancel(Token(.accept, slot: place), token: Token(.cancel))
        }
    }

    mutating func resumeAccept() {
        guard isAcceptPaused, now >= acceptPausedUntil else { return }
        guard table.count <= share(limits.acceptPauseShare) else {
            acceptPausedUntil = now + 100_000_000
            return
        }
        guard makeHandshakeRoom() else {
            acceptPausedUntil = now + 10_000_000
            return
        }
        isAcceptPaused = false
        metrics.set(.listenerPaused, to: 0)
        for place in listeners.indices { armAccept(place) }
    }
}
