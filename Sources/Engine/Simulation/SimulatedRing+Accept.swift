// Simulated listeners: connections that wait, and the accept that takes them.

import Glibc
import Uring

/// One listening socket of a simulated core.
struct SimulatedListener {
    let descriptor: Int32
    var waiting: [SimulatedSocket] = []
    /// The accept in flight.
    var token: Token?
    var isCancelled = false
    var isClosed = false

    init(descriptor: Int32) { self.descriptor = descriptor }

    var isReady: Bool { token != nil && (isCancelled || !waiting.isEmpty) }
}

extension SimulatedRing {
    /// Queues a connection at a listener; refused when that is closed.
    func connect(_ socket: SimulatedSocket, to place: Int) {
        socket.ring = self
        if listeners[place].isClosed && listeners[place].token == nil {
            socket.breakDown()
        } else {
            listeners[place].waiting.append(socket)
        }
    }

    func startAccept(_ descriptor: Int32, _ token: Token) {
        guard let place = listeners.firstIndex(where: { $0.descriptor == descriptor }),
            !listeners[place].isClosed
        else {
            violate("an accept on listener \(descriptor), which is closed")
            stage(token, -EBADF)
            return
        }
        if listeners[place].token != nil { violate("two accepts on listener \(descriptor)") }
        listeners[place].token = token
        listeners[place].isCancelled = false
    }

    func isAnyoneWaiting(at descriptor: Int32) -> Bool {
        listeners.contains { $0.descriptor == descriptor && !$0.waiting.isEmpty }
    }

    func closeListener(_ descriptor: Int32) {
        guard let place = listeners.firstIndex(where: { $0.descriptor == descriptor }),
            !listeners[place].isClosed
        else {
            violate("listener \(descriptor) is closed twice")
            return
        }
        listeners[place].isClosed = true
        if listeners[place].token == nil { refuseWaiting(place) }
    }

    func progressAccept(_ place: Int) {
        while listeners[place].isReady, let token = listeners[place].token {
            if random.chance(faults.delay) { return }
            if listeners[place].isCancelled {
                endAccept(place, -ECANCELED)
                return
            }
            if random.chance(faults.failedAccept) {
                if random.chance(500) {
                    let lost = listeners[place].waiting.removeFirst()
                    lost.wasBroken = true
                    lost.breakDown()
                    endAccept(place, -ECONNABORTED)
                } else {
                    endAccept(place, -EMFILE)
                }
                return
            }
            guard let free = sockets.firstIndex(where: { $0 == nil }) else {
                endAccept(place, -ENFILE)
                return
            }
            let socket = listeners[place].waiting.removeFirst()
            let descriptor = Int32(free) + firstDescriptor
            sockets[free] = socket
            openCount += 1
            openedCount += 1
            socket.handle = SocketHandle(
                index: descriptor, isDirect: options.features.contains(.directDescriptors))
            let isMultishot = options.features.contains(.multishotAccept)
            let goesOn = isMultishot && !random.chance(faults.endedMultishot)
            stage(token, descriptor, flags: goesOn ? 2 : 0)
            if !goesOn {
                listeners[place].token = nil
                if listeners[place].isClosed { refuseWaiting(place) }
                return
            }
        }
    }

    private func endAccept(_ place: Int, _ result: Int32) {
        guard let token = listeners[place].token else { return }
        listeners[place].token = nil
        listeners[place].isCancelled = false
        stage(token, result)
        if listeners[place].isClosed { refuseWaiting(place) }
    }

    /// Nobody will accept them any more.
    private func refuseWaiting(_ place: Int) {
        for socket in listeners[place].waiting { socket.breakDown() }
        listeners[place].waiting = []
    }
}
