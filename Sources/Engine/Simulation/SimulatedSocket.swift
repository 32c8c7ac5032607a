// SimulatedSocket — both ends of one simulated connection.
//
// The client's end is what tests use; the server's end is reached only through the ring. Octets
// cross at once: what is late, cut or refused is the ring's doing.

import Uring

/// A connection of the simulated network.
package final class SimulatedSocket {
    /// A send that waits for room. Its octets are read when they are taken, not before.
    @safe struct PatientSend {
        let start: UnsafeRawPointer
        let size: Int
        let token: Token
        var isCancelled = false
    }

    struct Receive {
        let token: Token
        var isCancelled = false
    }

    // The way to the server.
    private(set) var inbound = SimulatedPipe()
    private(set) var isInboundFinished = false

    // The way to the client.
    var outbound = SimulatedPipe()
    var isOutboundFinished = false
    /// Octets that fit before the client reads.
    package var sendWindow: Int
    /// Counts what the client is sent and keeps nothing of it (benchmarks).
    package var discardsOutput = false
    /// Octets the server has sent so far.
    package internal(set) var sentCount = 0
    /// Whether the server has met a socket that was full, or said so.
    package internal(set) var wasFull = false

    /// The connection is no more: by the client, by the server or by a fault.
    package internal(set) var isReset = false
    /// The simulated kernel broke it, or gave it up while accepting.
    package internal(set) var wasBroken = false

    // What the server's kernel knows.
    var ring: SimulatedRing?
    var handle: SocketHandle?
    var receive: Receive?
    var patientSend: PatientSend?
    /// An immediate send was submitted and its completion, if any, has not been reaped.
    var isSendUnsettled = false
    /// Slot and generation that use this descriptor: the one of the first operation.
    var tenant: UInt64?
    var isShutDown = false  // both ways, by the server
    var isClosed = false  // by the server
    /// In the ring's list of sockets where something may be ready.
    var isListed = false

    init(sendWindow: Int) { self.sendWindow = sendWindow }

    // MARK: the client's end

    /// Whether the server has accepted the connection.
    package var isAccepted: Bool { handle != nil || isClosed || isReset }

    /// Octets on their way to the server that it has not read.
    package var unreadCount: Int { inbound.count }

    /// Octets the client could read now.
    package var availableCount: Int { outbound.count }

    /// Whether the server has ended its direction and everything was read.
    package var isFinished: Bool { isReset || (isOutboundFinished && outbound.count == 0) }

    package func send(_ octets: [UInt8]) {
        guard !isReset, !isInboundFinished, !isClosed else { return }
        inbound.append(octets)
        ring?.list(self)
    }

    /// Reads what has come, at most `limit` octets.
    package func read(atMost limit: Int = .max) -> [UInt8] {
        let octets = outbound.take(limit)
        if !octets.isEmpty { ring?.list(self) }
        return octets
    }

    /// Ends the client's direction: FIN.
    package func finishSending() {
        isInboundFinished = true
        ring?.list(self)
    }

    /// Ends everything at once: RST.
    package func reset() {
        breakDown()
        ring?.list(self)
    }

    // MARK: the server's end

    func breakDown() {
        isReset = true
        inbound = SimulatedPipe()
        outbound = SimulatedPipe()
    }

    func takeInbound(into room: UnsafeMutableRawBufferPointer, _ size: Int) {
        unsafe inbound.take(into: room, size)
    }

    /// Closed by the server. As in TCP, octets it has not read turn the FIN into a RST, which
    /// takes along what the client had not read yet (RFC 2525 §2.17).
    func closeFromServer() {
        isClosed = true
        handle = nil
        if inbound.count > 0 {
            breakDown()
        } else {
            isOutboundFinished = true
        }
    }

    var room: Int { discardsOutput ? .max : max(0, sendWindow - outbound.count) }

    /// Whether an operation of the server could complete now.
    var isReady: Bool {
        if let receive {
            if receive.isCancelled || isReset || isShutDown || isInboundFinished { return true }
            if inbound.count > 0 { return true }
        }
        if let patientSend {
            return patientSend.isCancelled || isReset || isShutDown || room > 0
        }
        return false
    }
}

/// Octets in order, from one end to the other.
struct SimulatedPipe {
    private var octets: [UInt8] = []
    private var first = 0

    var count: Int { octets.count - first }

    mutating func append(_ more: [UInt8]) { octets.append(contentsOf: more) }

    @unsafe
    mutating func append(_ start: UnsafeRawPointer, _ size: Int) {
        unsafe octets.append(contentsOf: UnsafeRawBufferPointer(start: start, count: size))
    }

    mutating func take(_ limit: Int) -> [UInt8] {
        let size = min(limit, count)
        let taken = Array(octets[first..<first + size])
        advance(size)
        return taken
    }

    @unsafe
    mutating func take(into room: UnsafeMutableRawBufferPointer, _ size: Int) {
        precondition(size <= count && size <= room.count)
        unsafe octets.withUnsafeBytes {
            unsafe room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[first..<first + size]))
        }
        advance(size)
    }

    private mutating func advance(_ size: Int) {
        first += size
        if first == octets.count {
            octets.removeAll(keepingCapacity: true)
            first = 0
        }
    }
}
