// NullDriver — a kernel that takes every send at once and counts it.
//
// What a core costs without its kernel can be seen only where the kernel costs nothing. The
// simulated ring copies what it is sent and keeps accounts of it, which is most of the work; this
// one adds two numbers. Nothing is refused or cancelled, and what peers do is said by the world:
// that they connect, and what they send.

import Uring

/// Takes whole sends, completes nothing but what it is told that peers did.
///
/// Safety: `storage` holds `bufferCount` buffers of `bufferSize` octets, allocated in `init`, freed
/// in
/// `deinit` and reached nowhere else; a buffer is filled only while fewer than all of them are
/// lent.
@safe
struct NullDriver: Driver, ~Copyable {
    /// Octets that come at once.
    static let bufferSize = 4096
    private static let bufferCount = 64

    /// Sends taken so far, and the octets in them.
    private(set) var sendCount = 0
    private(set) var sendSize = 0
    let socketLimit: Int

    /// What peers have done since the last reap.
    private var arrivals: [Completion] = []
    private let storage: UnsafeMutableRawPointer
    private var lentCount = 0
    private var nextBuffer = 0
    private var acceptToken: Token?
    private var acceptedCount: Int32 = 0
    /// What names the connection whose receive was armed last.
    private(set) var receiveToken: Token?

    init(socketLimit: Int) {
        self.socketLimit = socketLimit
        unsafe storage = .allocate(byteCount: Self.bufferCount * Self.bufferSize, alignment: 64)
    }

    deinit { unsafe storage.deallocate() }

    // MARK: what peers do

    var hasArrivals: Bool { !arrivals.isEmpty }

    /// Somebody connects to the listener that is accepted from.
    mutating func connect() {
        guard let acceptToken else { preconditionFailure("nobody accepts") }
        arrivals.append(
            Completion(token: acceptToken.rawValue, result: acceptedCount, flags: Self.hasMore))
        acceptedCount += 1
    }

    /// The peer of a connection sends octets, at most a buffer of them.
    mutating func bring(_ octets: [UInt8], to token: Token) {
        precondition(!octets.isEmpty && octets.count <= Self.bufferSize)
        precondition(lentCount < Self.bufferCount, "a turn takes what has come")
        lentCount += 1
        unsafe octets.withUnsafeBytes { octets in
            unsafe UnsafeMutableRawBufferPointer(
                start: storage + nextBuffer * Self.bufferSize, count: Self.bufferSize
            ).copyMemory(from: octets)
        }
        arrivals.append(
            Completion(
                token: token.rawValue, result: Int32(octets.count),
                flags: Self.hasMore | Self.hasBuffer | UInt32(nextBuffer) << 16))
        nextBuffer = (nextBuffer + 1) % Self.bufferCount
    }

    /// Flags of a completion (io_uring.h: IORING_CQE_F_MORE, IORING_CQE_F_BUFFER).
    private static var hasMore: UInt32 { 2 }
    private static var hasBuffer: UInt32 { 1 }

    // MARK: what the core asks for

    /// Stands still: no deadline comes between what is measured.
    var now: UInt64 { 1_000_000_000_000 }
    var features: Features { .all.subtracting(.peerNames) }
    var unsubmittedCount: Int { 0 }

    mutating func random() -> UInt64 { 0 }

    mutating func accept(on listener: Int32, token: Token) { acceptToken = token }

    func isAnyoneWaiting(at listener: Int32) -> Bool { false }

    mutating func closeListener(_ listener: Int32) {}

    func socket(accepted result: Int32) -> SocketHandle {
        SocketHandle(index: result, isDirect: true)
    }

    mutating func receive(from socket: SocketHandle, token: Token) { receiveToken = token }

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

    mutating func reap(into completions: inout [Completion]) {
        guard !arrivals.isEmpty else { return }
        completions.append(contentsOf: arrivals)
        arrivals.removeAll(keepingCapacity: true)
    }

    @unsafe
    func octets(of buffer: UInt16, size: Int) -> UnsafeMutableRawBufferPointer {
        precondition(Int(buffer) < Self.bufferCount && size <= Self.bufferSize)
        return unsafe UnsafeMutableRawBufferPointer(
            start: storage + Int(buffer) * Self.bufferSize, count: size)
    }

    mutating func recycle(_ buffer: UInt16) { lentCount -= 1 }

    func publishBuffers() {}

    mutating func armWakeUp() {}

    mutating func wake(_ target: WakeHandle, token: Token) {}
}
