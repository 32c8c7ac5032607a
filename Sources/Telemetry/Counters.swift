// Counters and gauges — the plain numbers a core keeps about itself.
//
// Each case carries the name and the help text it has on the metrics page. Names follow
// Prometheus' conventions: `_total` for what only grows, base units (seconds, octets as "bytes") in
// the name.

/// What only grows.
@frozen
@usableFromInline
package enum Counter: Int, CaseIterable, MetricKey {
    case connectionsAccepted
    case connectionsRefused
    case requests
    case receivedOctets
    case sentOctets
    case messagesReceived
    case inflateRefused
    case textRefused
    case publications
    case deliveries
    case compressions
    case compressionsSkipped
    case loopTurns
    case loopStalls
    case mailsPosted
    case mailWakeUps
    case submissions
    case completions
    case submissionQueueFull
    case completionQueueOverflows
    case buffersExhausted
    case staleCompletions
    case shortSends

    package var name: String {
        switch self {
        case .connectionsAccepted: "connections_accepted_total"
        case .connectionsRefused: "connections_refused_total"
        case .requests: "http_requests_total"
        case .receivedOctets: "received_bytes_total"
        case .sentOctets: "sent_bytes_total"
        case .messagesReceived: "ws_messages_received_total"
        case .inflateRefused: "ws_inflate_refused_total"
        case .textRefused: "ws_utf8_refused_total"
        case .publications: "publications_total"
        case .deliveries: "deliveries_total"
        case .compressions: "compressions_total"
        case .compressionsSkipped: "compressions_skipped_total"
        case .loopTurns: "loop_turns_total"
        case .loopStalls: "loop_stall_total"
        case .mailsPosted: "mail_posts_total"
        case .mailWakeUps: "mail_wakeups_total"
        case .submissions: "uring_submissions_total"
        case .completions: "uring_completions_total"
        case .submissionQueueFull: "uring_sq_full_total"
        case .completionQueueOverflows: "uring_cq_overflow_total"
        case .buffersExhausted: "uring_enobufs_total"
        case .staleCompletions: "uring_stale_completions_total"
        case .shortSends: "uring_short_sends_total"
        }
    }

    package var help: String {
        switch self {
        case .connectionsAccepted: "TCP connections accepted."
        case .connectionsRefused: "TCP connections answered 503 or 429 and closed at a limit."
        case .requests: "HTTP requests read, upgrades included."
        case .receivedOctets: "Octets received from peers."
        case .sentOctets: "Octets taken by the kernel for peers."
        case .messagesReceived: "WebSocket data messages received whole."
        case .inflateRefused: "Messages refused for broken or oversized compressed data."
        case .textRefused: "Text messages refused for octets that are not UTF-8."
        case .publications: "Publications entered, from any dialect or the HTTP API."
        case .deliveries: "Publications queued on a subscriber."
        case .compressions: "Publications deflated, once for all their subscribers."
        case .compressionsSkipped: "Publications sent plain because deflate gained nothing."
        case .loopTurns: "Turns of the core's loop."
        case .loopStalls: "Turns that took longer than the stall limit."
        case .mailsPosted: "Messages posted to other cores."
        case .mailWakeUps: "Posts that had to wake a sleeping core."
        case .submissions: "Operations handed to the kernel."
        case .completions: "Completions reaped."
        case .submissionQueueFull: "Times the submission queue was full."
        case .completionQueueOverflows: "Times completions waited in the kernel's overflow list."
        case .buffersExhausted: "Receives that ended because the buffer group was empty."
        case .staleCompletions: "Completions of connections already gone."
        case .shortSends: "Sends of which the kernel took only a part."
        }
    }

    /// Whether the page shows the counter for each core rather than the sum.
    package var isShownPerCore: Bool {
        switch self {
        case .loopStalls, .loopTurns: true
        default: false  // A sum says as much and costs one line.
        }
    }
}

/// What goes up and down. Signed, so that a sum over cores may pass through zero.
@frozen
@usableFromInline
package enum Gauge: Int, CaseIterable, MetricKey {
    case openConnections
    case openWebSockets
    case subscriptions
    case rooms
    case backlogOctets
    case backlogPeakOctets
    case inputOctets
    case handshakesInProgress
    case connectionsToDrain
    case starvedConnections
    case listenerPaused

    package var name: String {
        switch self {
        case .openConnections: "connections_open"
        case .openWebSockets: "ws_open"
        case .subscriptions: "subscriptions"
        case .rooms: "rooms"
        case .backlogOctets, .backlogPeakOctets: "ws_send_queue_bytes"
        case .inputOctets: "receive_queue_bytes"
        case .handshakesInProgress: "handshakes_in_progress"
        case .connectionsToDrain: "drain_remaining"
        case .starvedConnections: "connections_starved"
        case .listenerPaused: "accept_paused"
        }
    }

    package var help: String {
        switch self {
        case .openConnections: "TCP connections open."
        case .openWebSockets: "WebSocket connections open."
        case .subscriptions: "Subscriptions held by connections."
        case .rooms: "Rooms and patterns somebody subscribes to, counted on each core."
        case .backlogOctets, .backlogPeakOctets:
            "Octets queued for peers: over all connections, and of the fullest one."
        case .inputOctets:
            "Octets of memory for what came and cannot be used yet: unfinished or waiting."
        case .handshakesInProgress: "Connections between accept and 101."
        case .connectionsToDrain: "Connections still open while the server drains."
        case .starvedConnections: "Connections that wait for a receive buffer."
        case .listenerPaused: "Listeners that accept nothing at the moment."
        }
    }

    /// Whether the page shows the largest core's value instead of the sum.
    package var isMaximum: Bool { self == .backlogPeakOctets }

    /// What tells apart two gauges that share a name.
    package var label: (name: String, value: String)? {
        switch self {
        case .backlogOctets: ("stat", "sum")
        case .backlogPeakOctets: ("stat", "max")
        default: nil
        }
    }
}
