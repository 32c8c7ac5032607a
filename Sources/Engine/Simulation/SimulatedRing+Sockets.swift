// What a simulated ring does with sockets: one method per operation.

import Glibc
import Uring

extension SimulatedRing {
    func startReceive(_ handle: SocketHandle, _ token: Token) {
        receiveCount += 1
        guard let socket = socket(handle, "a receive", token) else {
            stage(token, -EBADF)
            return
        }
        if socket.receive != nil { violate("two receives in flight on descriptor \(handle.index)") }
        socket.receive = SimulatedSocket.Receive(token: token)
        // An empty group refuses at once, data or no data.
        if buffers.isExhausted {
            exhaustedCount += 1
            endReceive(socket, -ENOBUFS)
            return
        }
        list(socket)
    }

    @unsafe
    func startSend(
        _ handle: SocketHandle, _ start: UnsafeRawPointer, _ size: Int, _ token: Token
    ) {
        guard let socket = socket(handle, "a send", token) else {
            stage(token, -EBADF)
            return
        }
        checkSend(socket, handle)
        socket.patientSend = unsafe SimulatedSocket.PatientSend(
            start: start, size: size, token: token)
        list(socket)
    }

    @unsafe
    func sendNow(_ handle: SocketHandle, _ start: UnsafeRawPointer, _ size: Int, _ token: Token) {
        guard let (socket, taken) = admit(size, to: handle, token) else { return }
        unsafe deliver(start, taken, to: socket)
    }

    /// The same for a gather list.
    func sendNow(_ handle: SocketHandle, _ pieces: [SendPiece], _ token: Token) {
        let size = pieces.reduce(0) { $0 + $1.size }
        guard let (socket, taken) = admit(size, to: handle, token) else { return }
        var left = taken
        for piece in pieces {
            guard let start = unsafe piece.start else { continue }
            let part = min(piece.size, left)
            unsafe deliver(start, part, to: socket)
            left -= part
        }
    }

    /// Decides how much of an immediate send is taken, and tells what has to be told.
    private func admit(
        _ size: Int, to handle: SocketHandle, _ token: Token
    ) -> (SimulatedSocket, taken: Int)? {
        guard let socket = socket(handle, "a send", token) else {
            fellShort(token, -EBADF)
            return nil
        }
        checkSend(socket, handle)
        if socket.isSendUnsettled {
            violate("two immediate sends on descriptor \(handle.index) between two reaps")
        }
        socket.isSendUnsettled = true
        sendCount += 1
        unsettled.append(socket)
        if random.chance(faults.brokenSocket) {
            breakSocket(socket)
            fellShort(token, random.chance(500) ? -EPIPE : -ECONNRESET)
            return nil
        }
        guard !socket.isReset, !socket.isOutboundFinished else {
            fellShort(token, socket.isReset ? -ECONNRESET : -EPIPE)
            return nil
        }
        if random.chance(faults.refusedSend) {
            socket.wasFull = true
            fellShort(token, random.pick([-EAGAIN, -EINTR, -ENOBUFS, -ENOMEM]))
            return nil
        }
        var taken = min(size, socket.room)
        if random.chance(faults.shortSend) { taken = random.below(taken + 1) }
        if taken < size {
            socket.wasFull = true
            fellShort(token, taken > 0 ? Int32(taken) : -EAGAIN)
        } else if !options.features.contains(.skippedSuccess) {
            stage(token, Int32(taken))
        }
        return (socket, taken)
    }

    func shutDown(_ handle: SocketHandle, _ both: Bool, _ token: Token) {
        guard let socket = socket(handle, "a shutdown", token) else {
            stage(token, -EBADF)
            return
        }
        socket.isOutboundFinished = true
        if both { socket.isShutDown = true }
        list(socket)
        stage(token, socket.isReset ? -ENOTCONN : 0)
    }

    func disconnect(_ handle: SocketHandle, _ token: Token) {
        guard let socket = socket(handle, "a disconnect", token) else {
            stage(token, -EBADF)
            return
        }
        socket.breakDown()
        list(socket)
        stage(token, 0)
    }

    func cancel(_ target: Token, _ token: Token) {
        if target.operation == .accept {
            let place = target.slot
            guard place < listeners.count, listeners[place].token == target else {
                stage(token, -ENOENT)
                return
            }
            listeners[place].isCancelled = true
            stage(token, 0)
            return
        }
        guard let socket = tenants[Self.tenant(target)] else {
            stage(token, -ENOENT)
            return
        }
        if socket.receive?.token == target {
            socket.receive?.isCancelled = true
        } else if socket.patientSend?.token == target {
            socket.patientSend?.isCancelled = true
        } else {
            stage(token, -ENOENT)
            return
        }
        list(socket)
        stage(token, random.chance(200) ? -EALREADY : 0)  // ordinary
    }

    func close(_ handle: SocketHandle, _ token: Token) {
        guard let socket = socket(handle, "a close", nil) else {
            stage(token, -EBADF)
            return
        }
        if socket.receive != nil || socket.patientSend != nil {
            violate("descriptor \(handle.index) is closed with an operation in flight")
        }
        sockets[place(of: handle)] = nil
        openCount -= 1
        closedCount += 1
        if let tenant = socket.tenant { tenants[tenant] = nil }
        socket.closeFromServer()
        stage(token, 0)
    }

    private func fellShort(_ token: Token, _ result: Int32) {
        late.append(Completion(token: token.rawValue, result: result))
    }

    @unsafe
    func deliver(_ start: UnsafeRawPointer, _ size: Int, to socket: SimulatedSocket) {
        socket.sentCount += size
        guard !socket.discardsOutput else { return }
        unsafe socket.outbound.append(start, size)
    }

    func breakSocket(_ socket: SimulatedSocket) {
        socket.wasBroken = true
        socket.breakDown()
    }

    private func checkSend(_ socket: SimulatedSocket, _ handle: SocketHandle) {
        if socket.patientSend != nil {
            violate("two sends in flight on descriptor \(handle.index)")
        }
        if socket.isOutboundFinished, !socket.isReset {
            violate("a send behind the FIN of descriptor \(handle.index)")
        }
    }

    /// The socket a handle means; a broken rule when there is none or when it is another's.
    private func socket(
        _ handle: SocketHandle, _ operation: String, _ token: Token?
    ) -> SimulatedSocket? {
        let place = place(of: handle)
        guard handle.isDirect == options.features.contains(.directDescriptors),
            sockets.indices.contains(place), let socket = sockets[place]
        else {
            violate("\(operation) on descriptor \(handle.index), which is closed")
            return nil
        }
        guard let token else { return socket }
        let tenant = Self.tenant(token)
        if let known = socket.tenant {
            if known != tenant {
                violate("\(operation) on descriptor \(handle.index), which is another's")
                return nil
            }
        } else {
            socket.tenant = tenant
            tenants[tenant] = socket
        }
        return socket
    }

    private static func tenant(_ token: Token) -> UInt64 { token.rawValue & 0x00FF_FFFF_FFFF_FFFF }

    /// Descriptors of the process do not begin at 0, direct ones do.
    var firstDescriptor: Int32 { options.features.contains(.directDescriptors) ? 0 : 100 }

    private func place(of handle: SocketHandle) -> Int { Int(handle.index - firstDescriptor) }
}
