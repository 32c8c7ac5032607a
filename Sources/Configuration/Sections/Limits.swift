// [limits] — every bound on what a peer can make the server hold or do.
//
// Reaching a limit is an ordinary event: it is counted in `ws_limit_hits_total` under the
// setting's name and has the answer that the summary names.

extension Configuration {
    package struct Limits: SectionDescription {
        // Opening and HTTP
        package var handshakeTime = Duration.seconds(10)
        package var handshakesInProgress = 4096
        package var requestLineSize = 8192
        package var headerLineSize = 8192
        package var headersSize = 16_384
        package var headerCount = 100
        package var bodySize = 1_048_576
        package var bodyStallTime = Duration.seconds(10)
        package var keepAliveIdle = Duration.seconds(60)

        // Messages
        package var messageSize = 1_048_576
        package var fragmentsPerMessage = 4096
        package var inflatedPerTurn = 262_144
        package var framesPerTurn = 128
        package var parkedReceiveSize = 262_144
        package var processReceiveQueueShare = 0.25
        package var errorsPerMinute = 100
        /// Messages per second; 0: no limit.
        package var messageRate = 0
        /// Messages; 0: one second's worth.
        package var messageBurst = 0

        // Sending
        package var sendQueueSize = 1_048_576
        package var unsentLowWater = 32_768
        package var processSendQueueShare = 0.25
        package var slowWriteTime = Duration.seconds(10)

        // Life and death
        package var pingInterval = Duration.seconds(25)
        package var pongTimeout = Duration.seconds(10)
        package var closeHandshakeTime = Duration.seconds(5)
        package var lingeringReadTime = Duration.seconds(1)

        // Rooms
        package var subscriptionsPerConnection = 10_000
        package var subscriptionRefusals = 100
        package var globsPerParent = 256

        // The whole process
        package var connectionsPerCoreShare = 0.98
        package var acceptPauseShare = 0.95
        /// 0: no limit.
        package var connectionsPerAddress = 0
        /// 0: the cgroup's limit, else 80 % of the machine's memory.
        package var memory = 0

        package init() {}

        /// The burst that goes with `messageRate`, in messages.
        package var effectiveMessageBurst: Int { messageBurst == 0 ? messageRate : messageBurst }

        package static let name = "limits"
        package static let summary =
            "Bounds on what peers can make the server hold or do. Reaching one is counted in "
            + "ws_limit_hits_total and logged at most once per second."
        package static let settings =
            openingSettings + messageSettings + sendingSettings
            + roomSettings + processSettings
    }
}

extension Configuration.Limits {
    private static let seconds = Duration.milliseconds(1)...Duration.seconds(86_400)

    private static let openingSettings: [Setting<Self>] = [
        Setting(
            "handshake_time", \.handshakeTime, .duration(seconds),
            "From accept to the 101. Then 408 if a request line was seen, else a plain close."),
        Setting(
            "handshakes_in_progress", \.handshakesInProgress, .count(1...1_000_000),
            "Connections between accept and 101. Then those end that have taken a second or "
                + "longer, the oldest first, or else the listener pauses."),
        Setting(
            "request_line_size", \.requestLineSize, .size(64...65_535),
            "Octets of a request line. Then 414 and close."),
        Setting(
            "header_line_size", \.headerLineSize, .size(64...65_535),
            "Octets of one header line. Then 431 and close."),
        Setting(
            "headers_size", \.headersSize, .size(256...1_048_576),
            "Octets of all header lines. Then 431 and close."),
        Setting(
            "header_count", \.headerCount, .count(1...10_000),
            "Header lines of a request. Then 431 and close."),
        Setting(
            "body_size", \.bodySize, .size(1...1_073_741_824),
            "Octets of a request body of the HTTP API. Then 413, before it is read, and close."),
        Setting(
            "body_stall_time", \.bodyStallTime, .duration(seconds),
            "A request body without progress. Then 408 and close."),
        Setting(
            "keep_alive_idle", \.keepAliveIdle, .duration(seconds),
            "An HTTP connection without a request. Then close."),
    ]

    private static let messageSettings: [Setting<Self>] = [
        Setting(
            "message_size", \.messageSize, .size(125...1_073_741_824),
            "Octets of a message, put together and inflated. Then 1009, before the payload is "
                + "read where the announced size says so."),
        Setting(
            "fragments_per_message", \.fragmentsPerMessage, .count(1...10_000_000),
            "Frames of one message. Then 1008."),
        Setting(
            "inflated_per_turn", \.inflatedPerTurn, .size(1024...1_073_741_824),
            "Octets inflated for one connection before the others have their turn."),
        Setting(
            "frames_per_turn", \.framesPerTurn, .count(1...65_536),
            "Frames read from one connection before the others have their turn."),
        Setting(
            "parked_receive_size", \.parkedReceiveSize, .size(4096...16_777_216),
            "Octets kept of a connection whose reading was stopped. They are what was already on "
                + "its way; more is a fault of ours, and the connection is closed."),
        Setting(
            "process_receive_queue_share", \.processReceiveQueueShare, .share(0.01...0.9),
            "Share of the memory limit that all input may hold which cannot be used yet: "
                + "unfinished messages, heads and bodies, and what waits for an answer. Then 1013, "
                + "or 503, for those that have held theirs for the longest. A quarter as much "
                + "more is for calls until they are answered; then further calls are refused."),
        Setting(
            "errors_per_minute", \.errorsPerMinute, .count(1...1_000_000),
            "Error replies for messages that are no JSON or no envelope. Then 1008."),
        Setting(
            "message_rate", \.messageRate, .count(0...10_000_000),
            "Messages per second from one connection; 0 is no limit. Then its reading stops, and "
                + "TCP holds the peer back."),
        Setting(
            "message_burst", \.messageBurst, .count(0...10_000_000),
            "Messages a connection may send at once; 0 is one second's worth."),
    ]

    private static let sendingSettings: [Setting<Self>] = [
        Setting(
            "send_queue_size", \.sendQueueSize, .size(4096...1_073_741_824),
            "Octets that wait for one connection, but never under two messages of full size. Then "
                + "1013: a slow consumer."),
        Setting(
            "unsent_low_water", \.unsentLowWater, .size(4096...16_777_216),
            "Octets the kernel takes beyond what is on its way (TCP_NOTSENT_LOWAT). Then the "
                + "send queue grows."),
        Setting(
            "process_send_queue_share", \.processSendQueueShare, .share(0.01...0.9),
            "Share of the memory limit that all send queues may hold, with unsent_low_water for each. "
                + "Then the connections of the largest ones are reset."),
        Setting(
            "slow_write_time", \.slowWriteTime, .duration(seconds),
            "A backlog of which the peer takes no octet. Then 1013 is tried, and the peer dropped."
        ),
        Setting(
            "ping_interval", \.pingInterval, .duration(.zero...Duration.seconds(86_400)),
            "Silence before a ping is sent; 0 sends none."),
        Setting(
            "pong_timeout", \.pongTimeout, .duration(seconds),
            "Silence after a ping. Then the peer is dropped: nobody is there."),
        Setting(
            "close_handshake_time", \.closeHandshakeTime, .duration(seconds),
            "Wait for the peer's close frame after ours. Then it is dropped."),
        Setting(
            "lingering_read_time", \.lingeringReadTime, .duration(seconds),
            "Reading on after our FIN, so that unread octets do not reset the connection and "
                + "erase what we said last."),
    ]

    private static let roomSettings: [Setting<Self>] = [
        Setting(
            "subscriptions_per_connection", \.subscriptionsPerConnection, .count(1...1_000_000),
            "Subscriptions of one connection. Then an error reply."),
        Setting(
            "subscription_refusals", \.subscriptionRefusals, .count(1...1_000_000),
            "Refused subscriptions of one connection. Then 1008."),
        Setting(
            "globs_per_parent", \.globsPerParent, .count(1...65_536),
            "Different patterns on the last segment, below one parent. Then an error reply."),
    ]

    private static let processSettings: [Setting<Self>] = [
        Setting(
            "connections_per_core_share", \.connectionsPerCoreShare, .share(0.01...1),
            "Share of a core's descriptor table that connections may fill. Then 503 and close."),
        Setting(
            "accept_pause_share", \.acceptPauseShare, .share(0.01...1),
            "Share of a core's descriptor table above which its listeners pause and clients wait."),
        Setting(
            "connections_per_address", \.connectionsPerAddress, .count(0...10_000_000),
            "Connections of one address; 0 is no limit. Then 429 and close."),
        Setting(
            "memory", \.memory, .size(0...(1 << 50)),
            "Memory the server plans with, for process_send_queue_share, "
                + "process_receive_queue_share and tables of sockets. 0 takes the cgroup's limit, "
                + "else 80 % of the machine's."),
    ]
}
