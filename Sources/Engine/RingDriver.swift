// RingDriver — the driver of production: one ring, one eventfd.

import Bytes
import CSystem
import Glibc
import Uring

/// Safety: `counter` is allocated in `init`, lent to the kernel while a wake-up is armed, and
/// freed after the ring is gone.
@safe
struct RingDriver: Driver, ~Copyable {
    private var ring: Ring
    private let counter: UnsafeMutablePointer<UInt64>
    private let event: Int32

    init(_ options: RingOptions) throws(RingError) {
        let ring = try Ring(options)
        let event = carillon_eventfd()
        guard event >= 0 else { throw RingError(operation: "an eventfd", errno: -event) }
        self.ring = ring
        self.event = event
        unsafe counter = .allocate(capacity: 1)
        unsafe counter.initialize(to: 0)
    }

    deinit {
        Glibc.close(event)
        unsafe counter.deallocate()
    }

    var wakeHandle: WakeHandle { WakeHandle(ring: ring.descriptor, event: event) }

    var now: UInt64 { carillon_monotonic_now() }
    private var generator = SplitMix64(seed: .random(in: 0 ... .max))

    mutating func random() -> UInt64 { generator.next() }

    var features: Features { ring.features }
    var figures: DriverFigures {
        DriverFigures(
            preparedCount: ring.preparedCount, fullCount: ring.fullCount,
            overflowCount: ring.overflowCount)
    }
    var unsubmittedCount: Int { ring.unsubmittedCount }

    var socketLimit: Int {
        if ring.features.contains(.directDescriptors) { return ring.socketCount }
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        unsafe carillon_descriptor_limit(&soft, &hard, false)
        return max(16, Int(clamping: soft) - 256)
    }

    mutating func accept(on listener: Int32, token: Token) {
        ring.accept(on: listener, token: token.rawValue)
    }

    func isAnyoneWaiting(at listener: Int32) -> Bool { carillon_is_readable(listener) }

    mutating func closeListener(_ listener: Int32) { Glibc.close(listener) }

    func socket(accepted result: Int32) -> SocketHandle { ring.socket(accepted: result) }

    mutating func receive(from socket: SocketHandle, token: Token) {
        ring.receive(from: socket, token: token.rawValue)
    }

    @unsafe
    mutating func send(
        _ start: UnsafeRawPointer, size: Int, to socket: SocketHandle, mode: SendMode,
        token: Token
    ) {
        unsafe ring.send(start, size: size, to: socket, mode: mode, token: token.rawValue)
    }

    @unsafe
    mutating func send(
        _ header: UnsafePointer<SendHeader>, to socket: SocketHandle, mode: SendMode,
        token: Token
    ) {
        unsafe ring.send(header, to: socket, mode: mode, token: token.rawValue)
    }

    mutating func shutdown(_ socket: SocketHandle, both: Bool, token: Token) {
        ring.shutdown(socket, both: both, token: token.rawValue)
    }

    mutating func disconnect(_ socket: SocketHandle, token: Token) {
        ring.disconnect(socket, token: token.rawValue)
    }

    mutating func cancel(_ target: Token, token: Token) {
        ring.cancel(target.rawValue, token: token.rawValue)
    }

    mutating func close(_ socket: SocketHandle, token: Token) {
        ring.close(socket, token: token.rawValue)
    }

    mutating func enter(timeout: UInt64?) -> EnterOutcome { ring.enter(timeout: timeout) }

    mutating func reap(into completions: inout [Completion]) { ring.reap(into: &completions) }

    @unsafe
    func octets(of buffer: UInt16, size: Int) -> UnsafeMutableRawBufferPointer {
        unsafe ring.octets(of: buffer, size: size)
    }

    mutating func recycle(_ buffer: UInt16) { ring.recycle(buffer) }

    func publishBuffers() { ring.publishBuffers() }

    mutating func armWakeUp() {
        unsafe ring.read(event, into: counter, token: Token(.wakeUp).rawValue)
    }

    @unsafe
    mutating func peerName(
        of socket: SocketHandle, into address: UnsafeMutableRawPointer, size: Int, token: Token
    ) {
        unsafe ring.peerName(of: socket, into: address, size: size, token: token.rawValue)
    }

    mutating func wake(_ target: WakeHandle, token: Token) {
        if ring.features.contains(.ringMessages) {
            ring.message(
                ring: target.ring, remoteToken: Token(.message).rawValue,
                token: token.rawValue)
        } else {
            _ = carillon_eventfd_signal(target.event)
        }
    }
}
