// NullDriver — a kernel that takes every send at once and counts it.
//
// What a core costs without its kernel can be seen only where the kernel costs nothing. The
// simulated ring copies what it is sent and keeps accounts of it, which is most of the work; this
// one adds two numbers. It has no peers, so nothing is ever received, refused or cancelled.

import Uring

/// Takes whole sends, completes nothing.
struct NullDriver: Driver, ~Copyable {
    /// Sends taken so far, and the octets in them.
    private(set) var sendCount = 0
    private(set) var sendSize = 0
    let socketLimit: Int

    init(socketLimit: Int) { self.socketLimit = socketLimit }

    /// Stands still: no deadline comes between what is measured.
    var now: UInt64 { 1_000_000_000_000 }
    var features: Features { .all.subtracting(.peerNames) }
    var unsubmittedCount: Int { 0 }

    mutating func random() -> UInt64 { 0 }

    mutating func accept(on listener: Int32, token: Token) {}

    mutating func closeListener(_ listener: Int32) {}

    func socket(accepted result: Int32) -> SocketHandle {
        SocketHandle(index: result, isDirect: true)
    }

    mutating func receive(from socket: SocketHandle, token: Token) {}

    @unsafe
    mutating func send(
        _ start: UnsafeRawPointer, size: Int, to socket: SocketHandle, mode: SendMode,
        token: Token
    ) {
        sendCount &+= 1
        sendSize &+= size
    }

    @unsafe
    mutating func send(
        _ header: UnsafePointer<SendHeader>, to socket: SocketHandle, mode: SendMode,
        token: Token
    ) {
        sendCount &+= 1
        sendSize &+= unsafe header.pointee.size
    }

    mutating func shutdown(_ socket: SocketHandle, both: Bool, token: Token) {}

    mutating func disconnect(_ socket: SocketHandle, token: Token) {}

    mutating func cancel(_ target: Token, token: Token) {}

    mutating func close(_ socket: SocketHandle, token: Token) {}

    mutating func enter(timeout: UInt64?) -> EnterOutcome { .entered }

    mutating func reap(into completions: inout [Completion]) {}

    @unsafe
    func octets(of buffer: UInt16, size: Int) -> UnsafeMutableRawBufferPointer {
        preconditionFailure("nothing is received here")
    }

    mutating func recycle(_ buffer: UInt16) {}

    func publishBuffers() {}

    mutating func armWakeUp() {}

    mutating func wake(_ target: WakeHandle, token: Token) {}
}
