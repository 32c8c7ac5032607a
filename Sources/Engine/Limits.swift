// Limits — every bound of the data plane, with its unit and its default.

/// What a core keeps to. Sizes are octets, times nanoseconds.
package struct Limits: Sendable {
    // Handshake and HTTP.
    package var handshakeTime: UInt64 = 10 * second
    package var requestLineSize = 8192
    package var headerLineSize = 8192
    package var headersSize = 16_384
    package var headerCount = 100
    package var bodySize = 1_048_576
    package var bodyTime: UInt64 = 10 * second
    package var keepAliveTime: UInt64 = 60 * second
    package var connectionsPerCore = 0.98
    /// Share of a core's sockets in use above which its listeners pause.
    package var acceptPauseShare = 0.95
    /// Connections of one peer address; 0: any number.
    package var connectionsPerAddress = 0
    package var handshakesInProgress = 4096

    // Messages.
    package var messageSize = 1_048_576
    package var fragmentCount = 4096
    package var inflatedPerTurn = 262_144
    package var framesPerTurn = 128
    /// Octets parked for a connection that waits for its turn, before it stops being read.
    package var parkedSize = 262_144
    /// Octets of memory that the input of all connections may take while it cannot be used yet:
    /// unfinished messages, heads and bodies, and what waits for an answer (`Core+Input.swift`).
    /// Half of it is divided among the cores. Passed by a step of input at most.
    package var processReceiveQueueSize = 4 << 30
    /// Octets of memory beside those that calls may hold until they are answered
    /// (``CallMemory``); then further ones are refused.
    package var processCallSize: Int { processReceiveQueueSize / 4 }
    /// Octets of memory beside those that clients' compression contexts may take
    /// (`Core+Context.swift`); further clients are told to keep none.
    package var processContextSize: Int { processReceiveQueueSize / 4 }

    // Leaving (`Core+Depart.swift`).
    /// Subscriptions that a connection leaves in one go, however many connections do.
    package var promptLeaveCount = 16
    /// Subscriptions that those who have more leave in one turn of a core, together; one that is in
    /// its session's books as well is left twice.
    package var leaveSlice = 256

    // Sending.
    package var sendQueueSize = 1_048_576
    package var kernelUnsentSize: UInt32 = 32_768
    package var processSendQueueSize = 4 << 30
    package var slowWriteTime: UInt64 = 10 * second
    /// Octets of the messages that a core writes for one publication, however many patterns and
    /// dialects it is written for; passed by one message. Who would get a further one is closed.
    package var fanOutSize = 256 << 20
    /// Octets between cores, of publications, calls and answers, before those who send them stop
    /// being read.
    package var mailSize = 64 << 20

    // Life and death.
    package var pingInterval: UInt64 = 25 * second
    package var pongTime: UInt64 = 10 * second
    package var closeTime: UInt64 = 5 * second
    package var lingerTime: UInt64 = 1 * second

    // Conduct.
    package var messageRate = 0
    package var messageBurst = 0
    package var errorsPerMinute = 100

    // Drain.
    package var drainDelay: UInt64 = 2 * second
    package var drainSpread: UInt64 = 30 * second
    package var drainDeadline: UInt64 = 60 * second

    package static let second: UInt64 = 1_000_000_000

    package init() {}
}
