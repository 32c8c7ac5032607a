// What waits in a simulated ring gets on: receives, patient sends, the wake-up.

import Glibc
import Uring

extension SimulatedRing {
    /// Gives the socket a look at the next occasion.
    func list(_ socket: SimulatedSocket) {
        guard !socket.isListed else { return }
        socket.isListed = true
        listed.append(socket)
    }

    func progress() {
        if isEventRead, hasSignal, !random.chance(faults.delay) {
            signalCount = 0
            isEventRead = false
            stage(Token(.wakeUp), 8)
        }
        for place in listeners.indices { progressAccept(place) }
        guard !listed.isEmpty else { return }
        let waiting = listed
        listed.removeAll(keepingCapacity: true)
        let start = random.below(waiting.count)
        for offset in waiting.indices {
            let socket = waiting[(start + offset) % waiting.count]
            socket.isListed = false
            guard socket.isReady else { continue }
            if random.chance(faults.delay) {
                list(socket)
                continue
            }
            progressReceive(socket)
            progressSend(socket)
            if socket.isReady { list(socket) }
        }
    }

    private func progressReceive(_ socket: SimulatedSocket) {
        // What has come before a cancel may still be told before its end.
        while let receive = socket.receive {
            if socket.isReset { return endReceive(socket, -ECONNRESET) }
            if random.chance(faults.brokenSocket) {
                breakSocket(socket)
                return endReceive(socket, -ECONNRESET)
            }
            if receive.isCancelled, socket.inbound.count == 0 || random.chance(500) {
                return endReceive(socket, -ECANCELED)
            }
            if socket.inbound.count == 0 {
                if socket.isInboundFinished || socket.isShutDown { endReceive(socket, 0) }
                return
            }
            if random.chance(faults.refusedReceive) {
                return endReceive(socket, random.chance(500) ? -EINTR : -ENOBUFS)
            }
            guard let buffer = buffers.lend() else {
                exhaustedCount += 1
                return endReceive(socket, -ENOBUFS)
            }
            var size = min(socket.inbound.count, buffers.size)
            if random.chance(faults.cutReceive) { size = 1 + random.below(size) }
            let room = unsafe buffers.octets(of: buffer, size: size)
            unsafe socket.takeInbound(into: room, size)
            let isMultishot = options.features.contains(.multishotReceive)
            let goesOn = isMultishot && !random.chance(faults.endedMultishot)
            stage(
                receive.token, Int32(size), flags: UInt32(buffer) << 16 | 1 | (goesOn ? 2 : 0))
            if !goesOn {
                socket.receive = nil
                return
            }
            if random.chance(faults.delay) { return }
        }
    }

    func endReceive(_ socket: SimulatedSocket, _ result: Int32) {
        guard let receive = socket.receive else { return }
        socket.receive = nil
        stage(receive.token, result)
    }

    private func progressSend(_ socket: SimulatedSocket) {
        // By itself: the receive of the same socket may have ended long before.
        guard let send = socket.patientSend, !random.chance(faults.delay) else { return }
        var result: Int32
        if socket.isReset || socket.isShutDown {
            result = socket.isReset ? -ECONNRESET : -EPIPE
        } else if send.isCancelled, random.chance(500) || socket.room == 0 {
            result = -ECANCELED
        } else if random.chance(faults.brokenSocket) {
            breakSocket(socket)
            result = -EPIPE
        } else if random.chance(faults.refusedSend) {
            result = random.pick([-EINTR, -ENOBUFS, -ENOMEM])
        } else if socket.room > 0 {
            var size = min(socket.room, send.size)
            if random.chance(faults.shortSend) { size = 1 + random.below(size) }
            unsafe deliver(send.start, size, to: socket)
            result = Int32(size)
        } else {
            return
        }
        socket.patientSend = nil
        stage(send.token, result)
    }
}
