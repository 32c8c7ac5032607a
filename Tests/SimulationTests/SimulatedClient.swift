// SimulatedClient — a WebSocket client at the other end of a simulated connection.
//
// Speaks through the WebSocket module's client role, so what it understands is what a real client
// would. It does nothing by itself: tests say when it writes and when it reads.

import Bytes
import Engine
import HTTP1
import WebSocket

/// What a client can see of the server.
enum Arrival: Equatable {
    case response(status: Int)
    case message(String)
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?)
    case broken(String)  // octets that are no WebSocket
}

final class SimulatedClient: WorldClient {
    let socket: SimulatedSocket
    private(set) var arrivals: [Arrival] = []
    /// The handshake was answered with 101.
    private(set) var isOpen = false
    /// The server's close frame, and its code.
    private(set) var hasReceivedClose = false
    private(set) var receivedCode: UInt16?
    private(set) var hasSentClose = false
    /// The status line of an answer that opened nothing.
    private(set) var refusal: Int?
    /// Reads deflated messages as if they could refer to earlier ones, whatever was promised.
    var keepsServerContext = false
    /// Octets inflated at a time: small ones show references that reach beyond the agreed window.
    var inflatedPerStep = ReceiverLimits().inflatedPerStep
    var answersPings = true
    var answersClose = true
    var deflate: DeflateAgreement?

    private let handshake: ClientHandshake
    private var random: SeededRandom
    private var head: [UInt8] = []
    private var receiver: Receiver?
    private var inflaters = InflaterPool()
    private var deflater: Deflater?
    /// Written and not yet handed to the network.
    private(set) var outbox: [UInt8] = []

    init(
        _ socket: SimulatedSocket, seed: UInt64, offersDeflate: Bool = false,
        subprotocols: [String] = [], offer: DeflateOffer? = nil
    ) {
        self.socket = socket
        random = SeededRandom(seed: seed)
        let standard = offersDeflate ? DeflateOffer(serverNoContextTakeover: true) : nil
        handshake = ClientHandshake(
            random: (random.next(), random.next()), subprotocols: subprotocols,
            deflate: offer ?? standard)
    }

    /// The first line of what came before frames.
    var statusLine: String {
        String(decoding: head.prefix { $0 != 0x0D }, as: UTF8.self)
    }

    /// All of what came before frames.
    var headText: String { String(decoding: head, as: UTF8.self) }

    /// Neither side can say anything more.
    var isGone: Bool { socket.isFinished }

    // MARK: writing

    func requestUpgrade(_ path: String) {
        var buffer = OctetBuffer()
        handshake.writeRequest(host: "simulated", target: path, into: &buffer)
        outbox += buffer.octets.array
    }

    /// Queues a text message, in several frames if `fragmentSize` says so.
    func write(_ text: String, fragmentSize: Int? = nil, compressed: Bool = false) {
        var buffer = OctetBuffer()
        let octets = Array(text.utf8)
        if let fragmentSize, fragmentSize < octets.count {
            var random = random
            FrameWriter.writeFragments(
                .text, unsafe octets.span.bytes, fragmentSize: fragmentSize,
                masks: { MaskKey(bits: UInt32(truncatingIfNeeded: random.next())) }, into: &buffer)
            self.random = random
        } else if compressed, deflater != nil {
            var scratch = OctetBuffer()
            FrameWriter.writeMessage(
                .text, unsafe octets.span.bytes, deflater: &deflater!, scratch: &scratch,
                mask: mask(), into: &buffer)
        } else {
            FrameWriter.writeMessage(
                .text, unsafe octets.span.bytes, mask: mask(), into: &buffer)
        }
        outbox += buffer.octets.array
    }

    func write(_ opcode: Opcode, _ payload: [UInt8], isFinal: Bool = true) {
        var buffer = OctetBuffer()
        FrameWriter.write(
            opcode, unsafe payload.span.bytes, isFinal: isFinal, mask: mask(), into: &buffer)
        outbox += buffer.octets.array
    }

    func writeClose(_ code: UInt16?) {
        guard !hasSentClose else { return }
        hasSentClose = true
        var buffer = OctetBuffer()
        FrameWriter.writeClose(code.map { CloseCode(rawValue: $0) }, mask: mask(), into: &buffer)
        outbox += buffer.octets.array
    }

    func write(octets: [UInt8]) { outbox += octets }

    /// Hands at most `limit` octets to the network.
    func push(_ limit: Int = .max) {
        guard !outbox.isEmpty else { return }
        let size = min(limit, outbox.count)
        socket.send(Array(outbox.prefix(size)))
        outbox.removeFirst(size)
    }

    private func mask() -> MaskKey { MaskKey(bits: UInt32(truncatingIfNeeded: random.next())) }

    // MARK: reading

    /// Reads what has come, at most `limit` octets, and answers pings and closes.
    @discardableResult
    func read(_ limit: Int = .max) -> Int {
        var octets = socket.read(atMost: limit)
        let count = octets.count
        guard count > 0 else { return 0 }
        if !isOpen {
            head += octets
            guard let rest = readHead() else { return count }
            octets = rest
        }
        decode(&octets)
        return count
    }

    /// - Returns: What follows a head that opened the WebSocket.
    private func readHead() -> [UInt8]? {
        guard refusal == nil else { return nil }
        do {
            guard let response = try ResponseHead.parse(unsafe head.span.bytes) else { return nil }
            guard response.status == 101 else {
                refusal = response.status
                arrivals.append(.response(status: response.status))
                return nil
            }
            let opening = try handshake.check(response, in: unsafe head.span.bytes)
            arrivals.append(.response(status: 101))
            isOpen = true
            deflate = opening.deflate
            var agreement = opening.deflate
            if keepsServerContext { agreement?.serverNoContextTakeover = false }
            receiver = Receiver(role: .client, deflate: agreement)
            if let deflate {
                deflater = Deflater(
                    windowBits: Int(deflate.clientWindowBits),
                    keepsContext: !deflate.clientNoContextTakeover)
            }
            return Array(head[response.headSize...])
        } catch {
            arrivals.append(.broken("\(error)"))
            return nil
        }
    }

    private func decode(_ octets: inout [UInt8]) {
        guard !hasReceivedClose, receiver != nil else { return }
        unsafe octets.withUnsafeMutableBytes { input in
            var offset = 0
            while !hasReceivedClose {
                do throws(FrameError) {
                    let event = try unsafe receiver!.next(
                        input, offset: &offset,
                        limits: ReceiverLimits(messageSize: 4 << 20, inflatedPerStep: inflatedPerStep),
                        inflaters: &inflaters)
                    if event == .needsMore { return }
                    unsafe take(event, input)
                } catch {
                    arrivals.append(.broken("\(error)"))
                    receiver = nil
                    return
                }
            }
        }
    }

    private func take(_ event: Reception, _ input: UnsafeMutableRawBufferPointer) {
        switch event {
        case .needsMore, .yielded: return
        case .message(let kind, let place):
            let octets = unsafe receiver!.payload(of: place, input: input)
            if kind == .text {
                arrivals.append(.message(unsafe String(decoding: octets, as: UTF8.self)))
            } else {
                arrivals.append(.binary(unsafe Array(octets)))
            }
        case .ping(let place):
            let octets = unsafe Array(receiver!.payload(of: place, input: input))
            arrivals.append(.ping(octets))
            if answersPings, !hasSentClose { write(.pong, octets) }
        case .pong(let place):
            arrivals.append(.pong(unsafe Array(receiver!.payload(of: place, input: input))))
        case .close(let code, _):
            hasReceivedClose = true
            receivedCode = code?.rawValue
            arrivals.append(.close(code?.rawValue))
            if answersClose { writeClose(code?.rawValue) }
        }
    }

    /// Takes everything that has arrived so far.
    func takeArrivals() -> [Arrival] {
        let taken = arrivals
        arrivals = []
        return taken
    }

    /// The texts among what has arrived, which are taken.
    func takeMessages() -> [String] {
        takeArrivals().compactMap {
            if case .message(let text) = $0 { text } else { nil }
        }
    }
}
