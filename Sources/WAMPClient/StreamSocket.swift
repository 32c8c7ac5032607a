// StreamSocket — one TCP or Unix connection that never blocks.
//
// Who has nothing to do waits with `Wait.until`, on as many descriptors as there are; here octets
// move as far as they can, and every call says how far that was.

internal import Bytes
internal import Glibc

/// What a read came to.
enum ReadOutcome {
    case some
    /// Nothing is there yet.
    case none
    /// The peer has ended the connection, or it broke.
    case end
}

/// A connected stream socket.
struct StreamSocket: ~Copyable {
    let descriptor: CInt

    /// Owns `descriptor` from now on, and makes it non-blocking.
    init(adopting descriptor: CInt) {
        self.descriptor = descriptor
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
    }

    deinit { close(descriptor) }

    /// Appends what has come to `buffer`, at most `room` octets.
    func read(into buffer: inout OctetBuffer, room: Int) throws(ClientError) -> ReadOutcome {
        while true {
            var received = 0
            unsafe buffer.append(atMost: room) { free in
                received = unsafe recv(descriptor, free.baseAddress, free.count, 0)
                return max(0, received)
            }
            if received > 0 { return .some }
            if received == 0 { return .end }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .none
            case ECONNRESET, EPIPE, ETIMEDOUT: return .end
            case let code: throw .system(operation: "recv", code: code)
            }
        }
    }

    /// Sends the beginning of `octets`.
    ///
    /// - Returns: How many were taken, 0 when the socket is full; `nil` when it is over.
    func write(_ octets: RawSpan) throws(ClientError) -> Int? {
        while true {
            let sent = unsafe octets.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if sent >= 0 { return sent }
            switch errno {
            case EINTR: continue
            case EAGAIN: return 0
            case ECONNRESET, EPIPE: return nil
            case let code: throw .system(operation: "send", code: code)
            }
        }
    }

    /// Ends our half of the connection.
    func shutdown() { _ = Glibc.shutdown(descriptor, CInt(SHUT_WR)) }
}

// MARK: - Connecting

extension StreamSocket {
    /// Connects, with every address of a name in turn: `localhost` may be `::1` first, and the
    /// router on `127.0.0.1`.
    static func connect(to place: RouterAddress.Place, _ wait: Wait) throws(ClientError) -> Self {
        switch place {
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let octets = Array(path.utf8)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
                precondition(octets.count < room.count, "RouterAddress limits it")
                unsafe room.copyBytes(from: octets)
            }
            return try unsafe withUnsafeBytes(of: &address) { (octets) throws(ClientError) in
                try unsafe connect(AF_UNIX, octets, wait)
            }
        case .tcp(let host, let port): return try connect(host, port, wait)
        }
    }

    private static func connect(
        _ host: String, _ port: UInt16, _ wait: Wait
    ) throws(ClientError) -> Self {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, "\(port)", &hints, &list)
        guard status == 0 else {
            let reason = unsafe gai_strerror(status).map { unsafe String(cString: $0) }
            throw .hostNotFound(host, reason: reason ?? "error \(status)")
        }
        defer { unsafe freeaddrinfo(list) }
        var failure = ClientError.hostNotFound(host, reason: "it has no address")
        var entry = unsafe list
        while let one = unsafe entry {
            let octets = unsafe UnsafeRawBufferPointer(
                start: one.pointee.ai_addr, count: Int(one.pointee.ai_addrlen))
            do throws(ClientError) {
                return try unsafe connect(one.pointee.ai_family, octets, wait)
            } catch {
                // Only a refusal is a reason to try the next one.
                guard case .system = error else { throw error }
                failure = error
            }
            unsafe entry = unsafe one.pointee.ai_next
        }
        throw failure
    }

    /// - Parameter address: The octets of a sockaddr.
    private static func connect(
        _ family: CInt, _ address: UnsafeRawBufferPointer, _ wait: Wait
    ) throws(ClientError) -> Self {
        let descriptor = socket(family, CInt(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw .system(operation: "socket", code: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let socket = StreamSocket(adopting: descriptor)
        if family != AF_UNIX {
            var one: CInt = 1
            let size = socklen_t(MemoryLayout<CInt>.size)
            unsafe setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, size)
        }
        guard let start = address.baseAddress else {
            throw .system(operation: "connect", code: EINVAL)
        }
        let status = unsafe Glibc.connect(
            descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count))
        if status == 0 { return socket }
        guard errno == EINPROGRESS || errno == EINTR else {
            throw .system(operation: "connect", code: errno)
        }
        guard try wait.until(descriptor, CInt(POLLOUT)) else { throw .timedOut(.connection) }
        var refusal: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &refusal, &size)
        guard refusal == 0 else { throw .system(operation: "connect", code: refusal) }
        return socket
    }
}
