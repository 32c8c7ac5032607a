// Socket — one TCP connection on which nothing waits for ever.
//
// The descriptor does not block; `poll` does, until octets can move, the peer has been silent for
// too long, or the time for the whole case is over.

internal import Bytes
internal import CSystem
internal import Glibc

/// What keeps a conversation from coming to its end.
enum ClientError: Error {
    /// The system refused; `code` is its `errno`.
    case system(operation: StaticString, code: CInt)
    /// The server neither spoke nor listened within the time it had.
    case timedOut
    /// The server's answer to the opening handshake: not HTTP, or not what we asked for.
    case handshake(String)
    /// What the server said when asked for the number of cases.
    case badCaseCount(String)
}

/// A connected TCP socket.
struct Socket: ~Copyable {
    private let descriptor: CInt
    /// When the time for everything on this connection is over.
    private let deadline: ContinuousClock.Instant
    /// How long one call waits at most.
    var silenceLimit = Duration.seconds(60)

    private init(adopting descriptor: CInt, deadline: ContinuousClock.Instant) {
        self.descriptor = descriptor
        self.deadline = deadline
    }

    deinit { close(descriptor) }

    /// Connects.
    ///
    /// - Parameters:
    ///   - host: A numeric address.
    ///   - deadline: After it, every call that would wait throws `timedOut`.
    static func connect(
        host: String, port: UInt16, deadline: ContinuousClock.Instant
    ) throws(ClientError) -> Socket {
        let descriptor = unsafe carillon_connect(host, port, nil)
        guard descriptor >= 0 else { throw .system(operation: "connect", code: -descriptor) }
        let socket = Socket(adopting: descriptor, deadline: deadline)
        try socket.wait(for: POLLOUT)
        var refusal: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &refusal, &size) == 0,
            refusal == 0
        else { throw .system(operation: "connect", code: refusal) }
        return socket
    }

    /// Appends what has come, up to `room` octets; waits until there is something.
    ///
    /// - Returns: `false` when the peer has ended the connection, in whatever way.
    func receive(into buffer: inout OctetBuffer, room: Int) throws(ClientError) -> Bool {
        while true {
            try checkTime()
            var received = 0
            unsafe buffer.append(atMost: room) { free in
                received = unsafe recv(descriptor, free.baseAddress, free.count, 0)
                return max(0, received)
            }
            if received >= 0 { return received > 0 }
            let code = errno
            switch code {
            case EINTR: continue
            case EAGAIN: try wait(for: POLLIN)
            case ECONNRESET, EPIPE, ETIMEDOUT: return false
            default: throw .system(operation: "recv", code: code)
            }
        }
    }

    /// Sends all of `octets`, waiting for room as often as it takes.
    ///
    /// - Returns: `false` when the peer has ended the connection and some were not sent.
    func send(_ octets: RawSpan) throws(ClientError) -> Bool {
        var start = 0
        while start < octets.byteCount {
            try checkTime()
            let sent = unsafe octets.extracting(start...).withUnsafeBytes { rest in
                unsafe Glibc.send(descriptor, rest.baseAddress, rest.count, CInt(MSG_NOSIGNAL))
            }
            if sent >= 0 {
                start += sent
                continue
            }
            let code = errno
            switch code {
            case EINTR: continue
            case EAGAIN: try wait(for: POLLOUT)
            case ECONNRESET, EPIPE: return false
            default: throw .system(operation: "send", code: code)
            }
        }
        return true
    }

    /// Ends our half of the connection.
    func shutdown() { _ = Glibc.shutdown(descriptor, CInt(SHUT_WR)) }

    /// A peer that never stops sending would otherwise never let us wait, nor look at the clock.
    private func checkTime() throws(ClientError) {
        guard .now < deadline else { throw .timedOut }
    }

    private func wait(for events: CInt) throws(ClientError) {
        let begin = ContinuousClock.now
        while true {
            let now = ContinuousClock.now
            let left = min(deadline - now, begin + silenceLimit - now)
            guard left > .zero else { throw .timedOut }
            // Rounded up, so that the last millisecond is not spent turning in circles.
            let milliseconds = CInt(clamping: Int64(left / .milliseconds(1)) + 1)
            var place = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let ready = unsafe poll(&place, 1, milliseconds)
            if ready > 0 { return }
            if ready < 0 && errno != EINTR { throw .system(operation: "poll", code: errno) }
        }
    }
}
