// ScriptedDriver — a kernel that brings what it was told to bring, and costs nothing else.
//
// What a core costs per connection and per message can be seen only where neither a socket nor a
// peer costs anything. Completions are laid down before a turn and handed over by its reap; sends
// are counted, closes free their places.

import Glibc
import Uring

/// Takes whole sends; completes what was laid down.
///
/// Safety: `storage` has `socketLimit` buffers of `bufferSize` octets, allocated in `init` and
/// freed in `deinit`; the buffer of a socket has its number, and both are checked.
@safe
struct ScriptedDriver: Driver, ~Copyable {
    private(set) var sendCount = 0
    private(set) var sendSize = 0
    private(set) var closeCount = 0
    /// Operations given to the kernel, as a ring would count them.
    private(set) var preparedCount = 0
    let socketLimit: Int
    private let bufferSize: Int
    private let storage: UnsafeMutableRawPointer
    /// Of the receive that is armed, by socket; 0 for none.
    private var receives: [UInt64]
    private var acceptToken: UInt64 = 0
    private var script: [Completion] = []

    init(socketLimit: Int, bufferSize: Int) {
        precondition(socketLimit > 0 && socketLimit <= 1 << 16 && bufferSize > 0)
        self.socketLimit = socketLimit
        self.bufferSize = bufferSize
        unsafe storage = .allocate(byteCount: socketLimit * bufferSize, alignment: 64)
        receives = Array(repeating: 0, count: socketLimit)
    }

    deinit { unsafe storage.deallocate() }

    // MARK: the script

    /// A client has come; its socket is `place`.
    mutating func bringClient(_ place: Int) {
        precondition(acceptToken != 0)
        script.append(Completion(token: acceptToken, result: Int32(place), flags: 2))
    }

    /// The client has sent `octets`.
    mutating func bring(_ octets: RawSpan, from place: Int) {
        let size = octets.byteCount
        precondition(place < socketLimit && size <= bufferSize && receives[place] != 0)
        unsafe octets.withUnsafeBytes {
            guard let start = $0.baseAddress else { return }
            unsafe (storage + place * bufferSize).copyMemory(from: start, byteCount: size)
        }
        script.append(
            Completion(
                token: receives[place], result: Int32(size), flags: 1 | 2 | UInt32(place) << 16))
    }

    /// The client has reset its connection.
    mutating func bringReset(from place: Int) {
        precondition(receives[place] != 0)
        script.append(Completion(token: receives[place], result: -ECONNRESET, flags: 0))
        receives[place] = 0
    }

    // MARK: Driver

    /// Stands still: no deadline comes between what is measured.
    var now: UInt64 { 1_000_000_000_000 }
    var features: Features { .all.subtracting(.peerNames) }
    var figures: DriverFigures { DriverFigures(preparedCount: preparedCount) }
    var unsubmittedCount: Int { 0 }

    mutating func random() -> UInt64 { 0 }

    mutating func accept(on listener: Int32, token: Token) { acceptToken = token.rawValue }

    func isAnyoneWaiting(at listener: Int32) -> Bool { false }

    mutating func closeListener(_ listener: Int32) {}

    func socket(accepted result: Int32) -> SocketHandle {
        SocketHandle(index: result, isDirect: true)
    }

    mutating func receive(from socket: SocketHandle, token: Token) {
        preparedCount &+= 1
        receives[Int(socket.index)] = token.rawValue
    }

    @unsafe
    mutating func send(
        _ start: UnsafeRawPointer, size: Int, to socket: SocketHandle, mode: SendMode,
        token: Token
    ) {
        preparedCount &+= 1
        sendCount &+= 1
        sendSize &+= size
    }

    @unsafe
    mutating func send(
        _ header: UnsafePointer<SendHeader>, to socket: SocketHandle, mode: SendMode,
        token: Token
    ) {
        preparedCount &+= 1
        sendCount &+= 1
        sendSize &+= unsafe header.pointee.size
    }

    mutating func shutdown(_ socket: SocketHandle, both: Bool, token: Token) { preparedCount &+= 1 }

    mutating func disconnect(_ socket: SocketHandle, token: Token) { preparedCount &+= 1 }

    mutating func cancel(_ target: Token, token: Token) { preparedCount &+= 1 }

    mutating func close(_ socket: SocketHandle, token: Token) {
        preparedCount &+= 1
        closeCount &+= 1
    }

    mutating func enter(timeout: UInt64?) -> EnterOutcome { .entered }

    mutating func reap(into completions: inout [Completion]) {
        completions.append(contentsOf: script)
        script.removeAll(keepingCapacity: true)
    }

    @unsafe
    func octets(of buffer: UInt16, size: Int) -> UnsafeMutableRawBufferPointer {
        precondition(Int(buffer) < socketLimit && size <= bufferSize)
        return unsafe UnsafeMutableRawBufferPointer(
            start: storage + Int(buffer) * bufferSize, count: size)
    }

    mutating func recycle(_ buffer: UInt16) {}

    func publishBuffers() {}

    mutating func armWakeUp() {}

    mutating func wake(_ target: WakeHandle, token: Token) {}
}
