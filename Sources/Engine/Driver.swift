// Driver — the kernel as a core sees it.
//
// The ring in production, a seeded simulation with virtual time in tests. A core is generic over
// it and specialised for both inside this module, so the code under test is the code that ships.

import Uring

/// What a driver has done so far, for the metrics.
struct DriverFigures {
    var preparedCount = 0
    var fullCount = 0
    var overflowCount = 0
}

/// Carries out a core's operations and brings their completions. Used by one thread.
protocol Driver: ~Copyable {
    /// Monotonic nanoseconds; constant within a turn in the simulation.
    var now: UInt64 { get }

    /// Random numbers: the system's, or those of a seed.
    mutating func random() -> UInt64

    var features: Features { get }

    var figures: DriverFigures { get }

    /// How many sockets may be open at once.
    var socketLimit: Int { get }

    mutating func accept(on listener: Int32, token: Token)

    /// Whether connections wait at `listener` to be accepted.
    func isAnyoneWaiting(at listener: Int32) -> Bool

    /// Stops listening for good; connections that wait are accepted first by the caller.
    mutating func closeListener(_ listener: Int32)

    func socket(accepted result: Int32) -> SocketHandle

    mutating func receive(from socket: SocketHandle, token: Token)

    /// The octets must stay until the send is known to be done: for an immediate one until the
    /// next complete reap, for a patient one until its completion.
    @unsafe
    mutating func send(
        _ start: UnsafeRawPointer, size: Int, to socket: SocketHandle, mode: SendMode,
        token: Token)

    @unsafe
    mutating func send(
        _ header: UnsafePointer<SendHeader>, to socket: SocketHandle, mode: SendMode,
        token: Token)

    mutating func shutdown(_ socket: SocketHandle, both: Bool, token: Token)

    /// Ends a TCP connection at once and frees what the kernel holds for it.
    mutating func disconnect(_ socket: SocketHandle, token: Token)

    mutating func cancel(_ target: Token, token: Token)

    mutating func close(_ socket: SocketHandle, token: Token)

    /// Submits everything prepared and waits at most `timeout` ns for a completion or a wake-up.
    mutating func enter(timeout: UInt64?) -> EnterOutcome

    /// Entries the kernel has not consumed yet: their memory is not free.
    var unsubmittedCount: Int { get }

    /// Appends every completion there is.
    mutating func reap(into completions: inout [Completion])

    /// Octets of a receive buffer, ours until `recycle`.
    @unsafe
    func octets(of buffer: UInt16, size: Int) -> UnsafeMutableRawBufferPointer

    mutating func recycle(_ buffer: UInt16)

    /// Shows recycled buffers to the kernel.
    func publishBuffers()

    /// Makes posts from other threads end an `enter`; call again after a `wakeUp` completion.
    mutating func armWakeUp()

    /// Asks for the peer address of a direct descriptor (where `features` has `peerNames`).
    @unsafe
    mutating func peerName(
        of socket: SocketHandle, into address: UnsafeMutableRawPointer, size: Int, token: Token)

    /// Ends the `enter` of another core, from this core's thread. Should that fail, a completion
    /// with `token` and a negative result says so.
    mutating func wake(_ target: WakeHandle, token: Token)
}

/// How one core's sleep is ended from elsewhere: by ring message from a thread that has a ring,
/// by eventfd from one that has none.
struct WakeHandle: Sendable, Equatable {
    let ring: Int32
    let event: Int32
}

extension Driver where Self: ~Copyable {
    var figures: DriverFigures { DriverFigures() }

    /// Drivers without `peerNames` are never asked.
    @unsafe
    mutating func peerName(
        of socket: SocketHandle, into address: UnsafeMutableRawPointer, size: Int, token: Token
    ) {
        preconditionFailure("this driver has no peer names")
    }
}
