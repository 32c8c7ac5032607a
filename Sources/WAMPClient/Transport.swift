// Transport — messages over a connection, whichever framing is around them.
//
// Octets come in when somebody waits, and leave when somebody sends; pings are answered and the
// connection is probed in passing. Above this nobody knows whether it is a WebSocket (RFC 6455) or
// a RawSocket (reference §14).

internal import Bytes
internal import Codecs
internal import Glibc
internal import WAMP
internal import WebSocket

/// An open transport. One thread.
final class Transport {
    /// Octets received at a time.
    private static let receiveSize = 65_536
    /// Octets that are kept while our own are not taken.
    private static let backlogLimit = 64 << 20

    private let socket: StreamSocket
    let serialization: Serialization
    private let isWebSocket: Bool
    /// Octets of the largest message the router takes.
    private let sendLimit: Int
    private let limits: ReceiverLimits

    private var receiver = WebSocket.Receiver(role: .client, deflate: nil)
    private var inflaters = InflaterPool(idleLimit: 0)
    private var frames: RawSocketReceiver

    /// Octets received, and how many of them are taken apart.
    private var incoming: OctetBuffer
    private var position = 0
    private var outgoing = OctetBuffer(capacity: 4096)
    /// Whether no octets come any more.
    private var hasEnded = false
    /// What ended it, once that is known: a receiver that threw must not be asked again.
    private var ending: ClientError?
    /// Whether our close frame is sent or queued.
    private var isClosing = false

    /// After so long a silence a ping is sent, and after as long again the router is given up.
    private let keepAlive: Duration?
    private var lastHeard = ContinuousClock.now
    private var hasProbed = false
    private let randomNumbers: @Sendable () -> UInt64

    /// Takes over what the opening of a transport came to.
    init(_ opened: consuming OpenedTransport, _ options: ClientOptions) {
        isWebSocket = opened.isWebSocket
        serialization = options.serialization
        sendLimit = opened.sendLimit
        limits = ReceiverLimits(messageSize: options.messageLimit)
        frames = RawSocketReceiver(
            payloadLimit: min(options.messageLimit, RawSocketHeader.payloadLimit))
        keepAlive = options.keepAlive
        randomNumbers = options.random
        incoming = OctetBuffer(copying: opened.rest.octets)
        socket = opened.socket
    }

    // MARK: Receiving

    /// The next message that is here already.
    ///
    /// - Throws: `closed` and `lost` behind the last one; from then on the same again.
    func take() throws(ClientError) -> [UInt8]? {
        if let ending { throw ending }
        do throws(ClientError) {
            if let message = isWebSocket ? try takeMessage() : try takeFrame() { return message }
            incoming.removeAll()
            position = 0
            if hasEnded { throw .lost }
            return nil
        } catch {
            ending = error
            throw error
        }
    }

    private func takeMessage() throws(ClientError) -> [UInt8]? {
        var position = self.position
        defer { self.position = position }
        return try unsafe incoming.withMutableOctets { (input) throws(ClientError) in
            while true {
                let event: Reception
                do throws(FrameError) {
                    event = try unsafe receiver.next(
                        input, offset: &position, limits: limits, inflaters: &inflaters)
                } catch {
                    fail(error.closeCode)
                    throw error == .oversizedMessage
                        ? .incomingOversized(limit: limits.messageSize) : .frame(error)
                }
                switch event {
                case .message(let kind, let place):
                    guard (kind == .text) == (serialization == .json) else {
                        fail(.unsupportedData)
                        throw .violation("a frame of the wrong type for this serialization")
                    }
                    return unsafe Array(receiver.payload(of: place, input: input))
                case .ping(let place):
                    let payload = unsafe receiver.payload(of: place, input: input)
                    unsafe FrameWriter.write(
                        .pong, payload.bytes, mask: freshMask(), into: &outgoing)
                case .close(let code, let place):
                    let reason = unsafe receiver.payload(of: place, input: input)
                    let text = unsafe String(decoding: reason, as: UTF8.self)
                    hasEnded = true
                    if !isClosing {
                        FrameWriter.writeClose(code, mask: freshMask(), into: &outgoing)
                    }
                    throw .closed(code, reason: text)
                case .pong, .yielded: continue
                case .needsMore: return nil
                }
            }
        }
    }

    private func takeFrame() throws(ClientError) -> [UInt8]? {
        while true {
            let frame: RawSocketReceiver.Frame?
            do throws(RawSocketError) {
                frame = try frames.next(in: incoming.octets, at: &position)
            } catch {
                if case .oversizedFrame = error {
                    throw .incomingOversized(limit: frames.payloadLimit)
                }
                throw .rawSocket(error)
            }
            guard let frame else { return nil }
            let payload =
                switch frame.payload {
                case .input(let range): incoming.octets.extracting(range).array
                case .held: frames.held.array
                }
            switch frame.kind {
            case .message:
                // Text frames are checked by the WebSocket; here nobody has done so.
                let isText = unsafe UTF8Checker.accepts(payload.span.bytes)
                guard isText || serialization != .json else {
                    throw .violation("a message that is not UTF-8")
                }
                return payload
            case .ping:
                RawSocketHeader(.pong, payloadSize: payload.count).append(to: &outgoing)
                outgoing.append(payload)
            case .pong: break
            }
        }
    }

    /// What a wait came to.
    enum Readiness: Equatable {
        /// Octets have come, or the end.
        case octets
        /// One of the descriptors of the caller.
        case watched(CInt)
        case timedOut
    }

    /// Waits for octets; answers to pings go out first.
    ///
    /// - Parameter watched: Other descriptors to be told of when they can be read.
    /// - Throws: `timedOut` when the router does not even answer a ping.
    func wait(_ wait: Wait, watched: [CInt] = []) throws(ClientError) -> Readiness {
        try flush(wait)
        while true {
            var step = wait
            let probe = keepAlive.map { lastHeard + ($0 * (hasProbed ? 2 : 1)) }
            if let probe, probe < wait.deadline ?? probe + .seconds(1) { step.deadline = probe }
            var polls = ([socket.descriptor] + watched).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            if try step.until(&polls), let ready = polls.first(where: { $0.revents != 0 }) {
                guard ready.fd == socket.descriptor else { return .watched(ready.fd) }
                try fill()
                return .octets
            }
            guard let probe, step.deadline == probe else { return .timedOut }
            guard !hasProbed else { throw .timedOut(.sign) }
            hasProbed = true
            if isWebSocket {
                FrameWriter.write(.ping, RawSpan(), mask: freshMask(), into: &outgoing)
            } else {
                RawSocketHeader(.ping, payloadSize: 0).append(to: &outgoing)
            }
            try flush(wait)
        }
    }

    /// Reads what there is.
    private func fill() throws(ClientError) {
        if position > 0 {
            incoming.removeFirst(position)
            position = 0
        }
        switch try socket.read(into: &incoming, room: Self.receiveSize) {
        case .some:
            lastHeard = .now
            hasProbed = false
        case .none: break
        case .end: hasEnded = true
        }
    }

    // MARK: Sending

    /// Sends one message.
    ///
    /// - Throws: `oversized` before an octet of it is sent.
    func send(_ message: RawSpan, _ wait: Wait) throws(ClientError) {
        guard message.byteCount <= sendLimit else { throw .oversized(limit: sendLimit) }
        if isWebSocket {
            FrameWriter.writeMessage(
                serialization == .json ? .text : .binary, message, mask: freshMask(),
                into: &outgoing)
        } else {
            RawSocketHeader(.message, payloadSize: message.byteCount).append(to: &outgoing)
            outgoing.append(message)
        }
        try flush(wait)
    }

    /// Writes out what is queued. A router that waits for us to read takes nothing, so we read.
    private func flush(_ wait: Wait) throws(ClientError) {
        var start = 0
        defer { outgoing.removeFirst(min(start, outgoing.count)) }
        while start < outgoing.count {
            let rest = outgoing.octets.extracting(start..<outgoing.count)
            guard let sent = try socket.write(rest) else {
                // What came before the end is still to be read, a GOODBYE perhaps.
                start = outgoing.count
                return
            }
            start += sent
            if sent > 0 { continue }
            var events = POLLOUT
            if !hasEnded { events |= POLLIN }
            var polls = [pollfd(fd: socket.descriptor, events: Int16(events), revents: 0)]
            guard try wait.until(&polls) else { throw .timedOut(.room) }
            if polls[0].revents & Int16(POLLIN) != 0, !hasEnded {
                guard incoming.count < Self.backlogLimit else {
                    throw .flooded(limit: Self.backlogLimit)
                }
                try fill()
            }
        }
    }

    // MARK: Ending

    /// Says goodbye on the level of the transport and waits a little for the router to end it: the
    /// side that closes with unread octets resets the connection.
    func close(within patience: Duration) {
        let wait = Wait(until: .now + patience)
        if !hasEnded {
            if isWebSocket && !isClosing {
                isClosing = true
                FrameWriter.writeClose(.normal, mask: freshMask(), into: &outgoing)
            }
            try? flush(wait)
            if !isWebSocket { socket.shutdown() }
            while !hasEnded {
                guard (try? self.wait(wait)) == .octets else { break }
                do throws(ClientError) { while try take() != nil {} } catch { break }
            }
        }
        try? flush(wait)
        hasEnded = true
        socket.shutdown()
    }

    /// Queues a close frame for what the router did; nothing waits for it.
    private func fail(_ code: CloseCode) {
        if !isClosing { FrameWriter.writeClose(code, mask: freshMask(), into: &outgoing) }
        isClosing = true
        hasEnded = true
    }

    /// A key nobody can guess, for one frame (RFC 6455 §5.3).
    private func freshMask() -> MaskKey {
        MaskKey(bits: UInt32(truncatingIfNeeded: randomNumbers()))
    }
}
