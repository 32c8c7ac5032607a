// Families — counters with labels, as fixed tables by enum case.
//
// A label whose values come from peers is an unbounded queue in disguise. Here every label is an
// enum, so a family has as many numbers as its enums have combinations, allocated at start.

/// What becomes of a connection that asked for a WebSocket.
@frozen
@usableFromInline
package enum HandshakeResult: Int, CaseIterable, MetricKey {
    case accepted
    case malformed
    case unauthorized
    case forbidden
    case notFound
    case wrongMethod
    case timeout
    case tooLarge
    case upgradeRequired
    case tooMany
    case unsupported
    case unavailable
    case peerGone

    package var label: String {
        switch self {
        case .accepted: "accepted"
        case .malformed: "malformed"
        case .unauthorized: "unauthorized"
        case .forbidden: "forbidden"
        case .notFound: "not_found"
        case .wrongMethod: "wrong_method"
        case .timeout: "timeout"
        case .tooLarge: "too_large"
        case .upgradeRequired: "upgrade_required"
        case .tooMany: "too_many"
        case .unsupported: "unsupported"
        case .unavailable: "unavailable"
        case .peerGone: "peer_gone"
        }
    }

    /// The result that an answer with this HTTP status is counted as.
    package init(status: Int) {
        switch status {
        case 101: self = .accepted
        case 401: self = .unauthorized
        case 403: self = .forbidden
        case 404: self = .notFound
        case 405: self = .wrongMethod
        case 408: self = .timeout
        case 413, 414, 431: self = .tooLarge
        case 426: self = .upgradeRequired
        case 429: self = .tooMany
        case 501, 505: self = .unsupported
        case 500, 502, 503, 504: self = .unavailable
        default: self = .malformed
        }
    }
}

/// A limit that was reached; the label is the setting's name.
@frozen
@usableFromInline
package enum LimitName: Int, CaseIterable, MetricKey {
    case handshakeTime, requestLineSize, headerLineSize, headersSize, headerCount, bodySize
    case bodyStallTime, keepAliveIdle, messageSize
    case fragmentsPerMessage, inflatedPerTurn, framesPerTurn, pongsWaiting, sendQueueSize
    case processSendQueueShare, processReceiveQueueShare
    case slowWriteTime, pongTimeout, closeHandshakeTime
    case lingeringReadTime, subscriptionsPerConnection, wildcardsPerPattern
    case messageRate, connectionsPerCore, connectionsPerAddress
    case handshakesInProgress, parkedReceiveSize, mailSize, memory, errorsPerMinute

    package var label: String {
        switch self {
        case .handshakeTime: "handshake_timeout"
        case .requestLineSize: "request_line_size"
        case .headerLineSize: "header_line_size"
        case .headersSize: "headers_size"
        case .headerCount: "header_count"
        case .bodySize: "body_size"
        case .bodyStallTime: "body_stall_time"
        case .keepAliveIdle: "keep_alive_idle"
        case .messageSize: "message_size"
        case .fragmentsPerMessage: "fragments_per_message"
        case .inflatedPerTurn: "inflated_per_turn"
        case .framesPerTurn: "frames_per_turn"
        case .pongsWaiting: "pongs_waiting"
        case .sendQueueSize: "send_queue_size"
        case .processSendQueueShare: "process_send_queue_share"
        case .processReceiveQueueShare: "process_receive_queue_share"
        case .slowWriteTime: "slow_write_time"
        case .pongTimeout: "pong_timeout"
        case .closeHandshakeTime: "close_handshake_time"
        case .lingeringReadTime: "lingering_read_time"
        case .subscriptionsPerConnection: "subscriptions_per_connection"
        case .wildcardsPerPattern: "wildcards_per_pattern"
        case .messageRate: "message_rate"
        case .connectionsPerCore: "connections_per_core_share"
        case .connectionsPerAddress: "connections_per_address"
        case .handshakesInProgress: "handshakes_in_progress"
        case .parkedReceiveSize: "parked_receive_size"
        case .mailSize: "mail_size"
        case .memory: "memory"
        case .errorsPerMinute: "errors_per_minute"
        }
    }
}

/// Where a message of a room went.
@frozen
@usableFromInline
package enum RoomFlow: Int, CaseIterable, MetricKey {
    case entered, left, dropped

    package var label: String {
        switch self {
        case .entered: "in"
        case .left: "out"
        case .dropped: "dropped"
        }
    }
}

/// What was done about a subscriber that reads too slowly. The rooms of the engine are live ones:
/// what a subscriber did not take is gone with its connection.
@frozen
@usableFromInline
package enum SlowConsumer: Int, CaseIterable, MetricKey {
    /// A close frame was attempted behind what it already had.
    case closed
    /// Its queue was given up for the memory of the process, in the middle of a frame.
    case reset

    package var labels: (roomKind: String, action: String) {
        switch self {
        case .closed: ("live", "close")
        case .reset: ("live", "reset")
        }
    }
}

/// A multishot operation that ended and was armed again.
@frozen
@usableFromInline
package enum RearmedOperation: Int, CaseIterable, MetricKey {
    case accept, receive, wakeUp

    package var label: String {
        switch self {
        case .accept: "accept"
        case .receive: "receive"
        case .wakeUp: "wakeup"
        }
    }
}

/// Why a listener paused. The table holds nanoseconds.
@frozen
@usableFromInline
package enum AcceptPause: Int, CaseIterable, MetricKey {
    case descriptors, connections, handshakes, memory

    package var label: String {
        switch self {
        case .descriptors: "descriptors"
        case .connections: "connections"
        case .handshakes: "handshakes"
        case .memory: "memory"
        }
    }
}
