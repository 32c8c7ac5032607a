// Conversation — one WebSocket from the opening handshake to the end of the connection, as a
// client (RFC 6455 §4.1, §5, §7).
//
// The rules live in the modules `HTTP1` and `WebSocket`; this carries their decisions out on a
// socket, in the simplest way that is correct: read, answer in order, write, read on.

internal import Bytes
internal import HTTP1
internal import WebSocket

/// Where the server is.
struct ServerAddress {
    let host: String
    let port: UInt16

    /// Reads `ws://HOST:PORT`, where the host is a numeric IPv4 address; `nil` for all else.
    init?(_ url: String) {
        guard url.hasPrefix("ws://") else { return nil }
        var parts = url.dropFirst(5).split(separator: ":", omittingEmptySubsequences: false)
        if parts.last?.hasSuffix("/") ?? false { parts[parts.count - 1].removeLast() }
        guard parts.count == 2, let port = UInt16(parts[1]) else { return nil }
        host = String(parts[0])
        self.port = port
    }
}

/// How a conversation ended.
enum Ending {
    /// With the server's close frame and our answer to it.
    case closed(CloseCode?)
    /// With our close frame, for what the server did.
    case failed(FrameError)
    /// The server ended the connection without a close frame.
    case lost
}

/// One open WebSocket.
struct Conversation: ~Copyable {
    /// What the largest cases need: 16 MiB, and 131 072 fragments.
    private static let limits = ReceiverLimits(messageSize: 16 << 20, fragmentCount: 131_072)
    /// Octets received at a time.
    private static let receiveSize = 1 << 18
    /// So many octets are not kept waiting for the next answer.
    private static let flushSize = 1 << 20
    /// How long the server may take to end the connection after the closing handshake.
    private static let endLimit = Duration.seconds(10)

    private var socket: Socket
    private var receiver: Receiver
    private var inflaters = InflaterPool(idleLimit: 1)
    /// Exists when permessage-deflate was agreed on with a window that zlib can write.
    private var deflater: Deflater?
    private var closing = Closing(role: .client)
    private var ending = Ending.lost
    private var outgoing = OctetBuffer(capacity: 4096)
    private var scratch = OctetBuffer(capacity: 4096)
    /// Whether the server no longer takes what we send.
    private var isDeaf = false
    /// How many messages have come.
    private(set) var messageCount = 0

    /// Connects and opens the WebSocket, with permessage-deflate if the server agrees.
    ///
    /// - Parameters:
    ///   - target: Path and query.
    ///   - timeLimit: For the whole conversation.
    ///   - incoming: Empty; keeps the frames that came with the answer for `run`.
    init(
        to address: ServerAddress, target: String, timeLimit: Duration,
        incoming: inout OctetBuffer
    ) throws(ClientError) {
        let socket = try Socket.connect(
            host: address.host, port: address.port, deadline: .now + timeLimit)
        let handshake = ClientHandshake(
            random: (.random(in: .min ... .max), .random(in: .min ... .max)),
            deflate: DeflateOffer())
        var request = OctetBuffer(capacity: 512)
        handshake.writeRequest(
            host: "\(address.host):\(address.port)", target: target, into: &request)
        guard try socket.send(request.octets) else { throw .handshake("connection lost") }
        let opening = try Self.readAnswer(to: handshake, socket, &incoming)
        if let agreement = opening.deflate {
            deflater = Deflater(
                windowBits: Int(agreement.clientWindowBits),
                keepsContext: !agreement.clientNoContextTakeover)
        }
        receiver = Receiver(role: .client, deflate: opening.deflate)
        self.socket = socket
    }

    private static func readAnswer(
        to handshake: borrowing ClientHandshake, _ socket: borrowing Socket,
        _ incoming: inout OctetBuffer
    ) throws(ClientError) -> ClientHandshake.Opening {
        while true {
            guard try socket.receive(into: &incoming, room: receiveSize) else {
                throw .handshake("connection lost")
            }
            do {
                guard let head = try ResponseHead.parse(incoming.octets) else { continue }
                let opening = try handshake.check(head, in: incoming.octets)
                incoming.removeFirst(head.headSize)
                return opening
            } catch {
                throw .handshake("\(error)")
            }
        }
    }

    /// Reads and answers until the connection has ended.
    ///
    /// - Parameters:
    ///   - incoming: What the opening left.
    ///   - echoes: Is asked for every message whether to send it back.
    mutating func run(
        _ incoming: inout OctetBuffer, echoes: (RawSpan) -> Bool
    ) throws(ClientError) -> Ending {
        while true {
            try readFrames(&incoming, echoes)
            try flush()
            if !closing.readsFrames { break }
            incoming.removeAll()
            if try !socket.receive(into: &incoming, room: Self.receiveSize) {
                try carryOut(closing.ended())
                break
            }
        }
        try awaitEnd(&incoming)
        return ending
    }

    /// Answers every frame in `incoming`.
    private mutating func readFrames(
        _ incoming: inout OctetBuffer, _ echoes: (RawSpan) -> Bool
    ) throws(ClientError) {
        var offset = 0
        try unsafe incoming.withMutableOctets { (input) throws(ClientError) in
            while closing.readsFrames {
                let event: Reception
                do throws(FrameError) {
                    event = try unsafe receiver.next(
                        input, offset: &offset, limits: Self.limits, inflaters: &inflaters)
                } catch {
                    ending = .failed(error)
                    return try carryOut(closing.fail(error.closeCode))
                }
                if event == .needsMore { return }
                try unsafe answer(event, input, echoes)
                if outgoing.count >= Self.flushSize { try flush() }
            }
        }
    }

    private mutating func answer(
        _ event: Reception, _ input: UnsafeMutableRawBufferPointer, _ echoes: (RawSpan) -> Bool
    ) throws(ClientError) {
        switch event {
        case .message(let kind, let place):
            let message = unsafe receiver.payload(of: place, input: input)
            messageCount += 1
            if unsafe echoes(message.bytes) { unsafe echo(kind, message.bytes) }
            receiver.releaseMessage()
        case .ping(let place):
            let payload = unsafe receiver.payload(of: place, input: input)
            unsafe FrameWriter.write(.pong, payload.bytes, mask: freshMask(), into: &outgoing)
        case .close(let code, _):
            ending = .closed(code)
            try carryOut(closing.received(code))
        case .pong, .needsMore, .yielded: break
        }
    }

    private mutating func echo(_ kind: MessageKind, _ message: RawSpan) {
        guard var deflater = deflater.take() else {
            FrameWriter.writeMessage(kind, message, mask: freshMask(), into: &outgoing)
            return
        }
        // No threshold: a conformance test wants to see the small ones deflated too.
        FrameWriter.writeMessage(
            kind, message, deflater: &deflater, scratch: &scratch, threshold: 0,
            mask: freshMask(), into: &outgoing)
        self.deflater = consume deflater
    }

    /// A key nobody can guess, for one frame (§5.3).
    private func freshMask() -> MaskKey { MaskKey(bits: .random(in: .min ... .max)) }

    private mutating func carryOut(_ action: Closing.Action) throws(ClientError) {
        switch action {
        case .none, .awaitEnd: break
        case .sendClose(let code), .sendCloseThenAwaitEnd(let code):
            FrameWriter.writeClose(code, mask: freshMask(), into: &outgoing)
        case .sendCloseThenShutdown(let code):
            FrameWriter.writeClose(code, mask: freshMask(), into: &outgoing)
            try flush()
            socket.shutdown()
        case .shutdown:
            try flush()
            socket.shutdown()
        }
    }

    private mutating func flush() throws(ClientError) {
        if !isDeaf && !outgoing.isEmpty { isDeaf = try !socket.send(outgoing.octets) }
        outgoing.removeAll()
    }

    /// Lets the server end the TCP connection (§7.1.1), but not for ever; closing a socket with
    /// unread octets in it would reset the connection and might take our close frame along.
    private mutating func awaitEnd(_ incoming: inout OctetBuffer) throws(ClientError) {
        socket.silenceLimit = Self.endLimit
        repeat {
            incoming.removeAll()
        } while try socket.receive(into: &incoming, room: Self.receiveSize)
    }
}
