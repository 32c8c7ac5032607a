// Typed submissions — one method per operation, each a value copied into the queue.

import CUring
import Glibc

/// How a send treats a full socket.
package enum SendMode: Sendable {
    /// Done at submission: a short or refused send posts a completion with the exact count, a
    /// whole one none (never without MSG_WAITALL, or short sends are lost).
    case immediate
    /// Waits for room and always completes.
    case patient
}

extension Ring {
    /// Accepts from `listener`: many times where the kernel can, else once.
    package mutating func accept(on listener: Int32, token: UInt64) {
        var entry = Self.entry(CARILLON_OP_ACCEPT, token)
        entry.fd = listener
        if features.contains(.multishotAccept) { entry.ioprio = UInt16(CARILLON_ACCEPT_MULTISHOT) }
        if features.contains(.directDescriptors) {
            entry.file_index = CARILLON_FILE_INDEX_ALLOC
        } else {
            entry.operation_flags = UInt32(SOCK_CLOEXEC.rawValue)
        }
        push(&entry)
    }

    /// What `accept` yielded, as a socket.
    package func socket(accepted result: Int32) -> SocketHandle {
        SocketHandle(index: result, isDirect: features.contains(.directDescriptors))
    }

    /// Receives into provided buffers: many times where the kernel can, else once.
    package mutating func receive(from socket: SocketHandle, token: UInt64) {
        var entry = Self.entry(CARILLON_OP_RECV, token, socket)
        entry.flags |= UInt8(CARILLON_SQE_BUFFER_SELECT)
        entry.buffer_group = Self.bufferGroup
        if features.contains(.multishotReceive) {
            entry.ioprio = UInt16(CARILLON_RECV_MULTISHOT)
        }
        push(&entry)
    }

    /// Sends one run of octets; they must live until the send is known to be done.
    @unsafe
    package mutating func send(
        _ start: UnsafeRawPointer, size: Int, to socket: SocketHandle, mode: SendMode,
        token: UInt64
    ) {
        var entry = Self.entry(CARILLON_OP_SEND, token, socket)
        entry.address = UInt64(UInt(bitPattern: start))
        entry.length = UInt32(clamping: size)
        finish(&entry, mode)
        push(&entry)
    }

    /// Sends the pieces of `header` as one; header and pieces must live until submission.
    @unsafe
    package mutating func send(
        _ header: UnsafePointer<SendHeader>, to socket: SocketHandle, mode: SendMode,
        token: UInt64
    ) {
        var entry = Self.entry(CARILLON_OP_SENDMSG, token, socket)
        entry.address = UInt64(UInt(bitPattern: header))
        entry.length = 1
        finish(&entry, mode)
        push(&entry)
    }

    private func finish(_ entry: inout carillon_sqe, _ mode: SendMode) {
        entry.operation_flags = UInt32(MSG_NOSIGNAL)
        guard mode == .immediate else { return }
        entry.operation_flags |= UInt32(MSG_DONTWAIT | MSG_WAITALL)
        if features.contains(.skippedSuccess) {
            entry.flags |= UInt8(CARILLON_SQE_SKIP_SUCCESS)
        }
    }

    /// Ends both directions (FIN), or only ours.
    package mutating func shutdown(_ socket: SocketHandle, both: Bool, token: UInt64) {
        var entry = Self.entry(CARILLON_OP_SHUTDOWN, token, socket)
        entry.length = UInt32(both ? SHUT_RDWR : SHUT_WR)
        push(&entry)
    }

    /// Ends a TCP connection at once, with a RST, and frees what its queues hold (connect(2) with
    /// AF_UNSPEC). Other sockets refuse.
    package mutating func disconnect(_ socket: SocketHandle, token: UInt64) {
        var entry = Self.entry(CARILLON_OP_CONNECT, token, socket)
        entry.address = UInt64(UInt(bitPattern: unsafe carillon_no_address()))
        entry.offset = 16
        push(&entry)
    }

    /// Cancels the submission that carries `target`; its own completion still comes.
    package mutating func cancel(_ target: UInt64, token: UInt64) {
        var entry = Self.entry(CARILLON_OP_ASYNC_CANCEL, token)
        entry.address = target
        entry.fd = -1
        push(&entry)
    }

    package mutating func close(_ socket: SocketHandle, token: UInt64) {
        var entry = Self.entry(CARILLON_OP_CLOSE, token)
        if socket.isDirect {
            entry.file_index = UInt32(socket.index) + 1
        } else {
            entry.fd = socket.index
        }
        push(&entry)
    }

    /// Reads the counter of an eventfd into `counter`.
    @unsafe
    package mutating func read(
        _ descriptor: Int32, into counter: UnsafeMutablePointer<UInt64>, token: UInt64
    ) {
        var entry = Self.entry(CARILLON_OP_READ, token)
        entry.fd = descriptor
        entry.address = UInt64(UInt(bitPattern: counter))
        entry.length = 8
        push(&entry)
    }

    /// Posts a completion with `remoteToken` to another ring.
    package mutating func message(
        ring target: Int32, remoteToken: UInt64, token: UInt64
    ) {
        var entry = Self.entry(CARILLON_OP_MSG_RING, token)
        entry.fd = target
        entry.offset = remoteToken
        if features.contains(.skippedSuccess) {
            entry.flags |= UInt8(CARILLON_SQE_SKIP_SUCCESS)
        }
        push(&entry)
    }

    /// Asks for the peer address of a socket (needs ``Features/peerNames``); `size` octets, exact.
    @unsafe
    package mutating func peerName(
        of socket: SocketHandle, into address: UnsafeMutableRawPointer, size: Int, token: UInt64
    ) {
        var entry = unsafe Self.peerNameEntry(socket, into: address, size: size, token: token)
        push(&entry)
    }

    @unsafe
    static func peerNameEntry(
        _ socket: SocketHandle, into address: UnsafeMutableRawPointer, size: Int, token: UInt64
    ) -> carillon_sqe {
        var entry = entry(CARILLON_OP_URING_CMD, token, socket)
        entry.offset = UInt64(CARILLON_SOCKET_GETSOCKOPT)
        entry.address = UInt64(UInt32(SOL_SOCKET)) | UInt64(UInt32(SO_PEERNAME)) << 32
        entry.file_index = UInt32(size)
        entry.address3 = UInt64(UInt(bitPattern: address))
        return entry
    }

    private static func entry(
        _ opcode: Int, _ token: UInt64, _ socket: SocketHandle? = nil
    ) -> carillon_sqe {
        var entry = carillon_sqe()
        entry.opcode = UInt8(truncatingIfNeeded: opcode)
        entry.user_data = token
        if let socket {
            entry.fd = socket.index
            if socket.isDirect { entry.flags = UInt8(CARILLON_SQE_FIXED_FILE) }
        }
        return entry
    }
}
