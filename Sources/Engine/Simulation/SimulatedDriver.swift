// SimulatedDriver — the driver of tests: a simulated ring, and a clock that others move.
//
// A core cannot tell it from the real one: `Core<SimulatedDriver>` is specialised in this module
// like `Core<RingDriver>`, so what the simulation runs is the code that ships.

import Uring

/// Hands everything to its ring.
struct SimulatedDriver: Driver, ~Copyable {
    let ring: SimulatedRing

    init(_ ring: SimulatedRing) { self.ring = ring }

    var now: UInt64 { ring.world.now }
    var features: Features { ring.options.features }
    var socketLimit: Int { ring.options.socketLimit }
    var unsubmittedCount: Int { ring.preparedCount }

    mutating func random() -> UInt64 { ring.random.next() }

    mutating func accept(on listener: Int32, token: Token) {
        ring.push(.accept(listener), token)
    }

    func isAnyoneWaiting(at listener: Int32) -> Bool { ring.isAnyoneWaiting(at: listener) }

    mutating func closeListener(_ listener: Int32) { ring.closeListener(listener) }

    func socket(accepted result: Int32) -> SocketHandle {
        SocketHandle(
            index: result, isDirect: ring.options.features.contains(.directDescriptors))
    }

    mutating func receive(from socket: SocketHandle, token: Token) {
        ring.push(.receive(socket), token)
    }

    @unsafe
    mutating func send(
        _ start: UnsafeRawPointer, size: Int, to socket: SocketHandle, mode: SendMode,
        token: Token
    ) {
        unsafe ring.push(.send(socket, mode, start, size), token)
    }

    @unsafe
    mutating func send(
        _ header: UnsafePointer<SendHeader>, to socket: SocketHandle, mode: SendMode,
        token: Token
    ) {
        unsafe ring.push(.sendGathered(socket, mode, header), token)
    }

    mutating func shutdown(_ socket: SocketHandle, both: Bool, token: Token) {
        ring.push(.shutdown(socket, both: both), token)
    }

    mutating func disconnect(_ socket: SocketHandle, token: Token) {
        ring.push(.disconnect(socket), token)
    }

    mutating func cancel(_ target: Token, token: Token) { ring.push(.cancel(target), token) }

    mutating func close(_ socket: SocketHandle, token: Token) { ring.push(.close(socket), token) }

    mutating func enter(timeout: UInt64?) -> EnterOutcome { ring.enter(timeout: timeout) }

    mutating func reap(into completions: inout [Completion]) { ring.reap(into: &completions) }

    @unsafe
    func octets(of buffer: UInt16, size: Int) -> UnsafeMutableRawBufferPointer {
        unsafe ring.buffers.octets(of: buffer, size: size)
    }

    mutating func recycle(_ buffer: UInt16) { ring.recycle(buffer) }

    func publishBuffers() {
        // Without a buffer ring each buffer travels as a submission, and there is nothing to show.
        if features.contains(.bufferRing) { ring.buffers.publish() }
    }

    mutating func armWakeUp() { ring.push(.readEvent, Token(.wakeUp)) }

    mutating func wake(_ target: WakeHandle, token: Token) {
        if features.contains(.ringMessages) {
            ring.push(.message(target), token)
        } else {
            ring.signal(target)
        }
    }
}
