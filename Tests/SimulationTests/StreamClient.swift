// StreamClient — a RawSocket client at the other end of a simulated connection.
//
// Frames are written and read here by the reference's words alone (§14), not by the server's code.
// It does nothing by itself: tests say when it writes and when it reads.

import Engine

final class StreamClient: WorldClient {
    /// One frame as it came.
    struct Frame: Equatable {
        let kind: UInt8  // 0 message, 1 ping, 2 pong
        let payload: [UInt8]

        var text: String { String(decoding: payload, as: UTF8.self) }
    }

    let socket: SimulatedSocket
    /// The router's four octets, when they have come.
    private(set) var answer: [UInt8]?
    /// What has come and was not taken yet.
    private(set) var arrivals: [Frame] = []
    var answersPings = true
    /// Written and not yet handed to the network.
    private(set) var outbox: [UInt8] = []
    private var rest: [UInt8] = []

    init(_ socket: SimulatedSocket) { self.socket = socket }

    // MARK: writing

    /// - Parameters:
    ///   - exponent: Messages to us have at most 2^(9 + exponent) octets.
    ///   - serializer: 1 JSON, 2 MessagePack, 3 CBOR.
    func writeHandshake(exponent: UInt8 = 15, serializer: UInt8 = 1) {
        outbox += [0x7F, exponent << 4 | serializer, 0, 0]
    }

    func write(_ text: String) { write(kind: 0, Array(text.utf8)) }

    func write(kind: UInt8, _ payload: [UInt8]) {
        precondition(payload.count < 1 << 24)
        outbox += [
            kind, UInt8(payload.count >> 16), UInt8(payload.count >> 8 & 0xFF),
            UInt8(payload.count & 0xFF),
        ]
        outbox += payload
    }

    func write(octets: [UInt8]) { outbox += octets }

    /// Hands at most `limit` octets to the network.
    func push(_ limit: Int = .max) {
        guard !outbox.isEmpty else { return }
        let size = min(limit, outbox.count)
        socket.send(Array(outbox.prefix(size)))
        outbox.removeFirst(size)
    }

    // MARK: reading

    /// Reads what has come, at most `limit` octets, and answers pings.
    @discardableResult
    func read(_ limit: Int = .max) -> Int {
        let octets = socket.read(atMost: limit)
        rest += octets
        if answer == nil, rest.count >= 4 {
            answer = Array(rest.prefix(4))
            rest.removeFirst(4)
        }
        guard answer != nil else { return octets.count }
        while rest.count >= 4 {
            let size = Int(rest[1]) << 16 | Int(rest[2]) << 8 | Int(rest[3])
            guard rest.count >= 4 + size else { break }
            let frame = Frame(kind: rest[0], payload: Array(rest[4..<4 + size]))
            rest.removeFirst(4 + size)
            arrivals.append(frame)
            if frame.kind == 1, answersPings { write(kind: 2, frame.payload) }
        }
        return octets.count
    }

    /// Whether what was sent to us ends between two frames.
    var isAtBoundary: Bool { rest.isEmpty }

    func takeArrivals() -> [Frame] {
        let taken = arrivals
        arrivals = []
        return taken
    }

    /// The messages among what has arrived, all of which is taken.
    func takeMessages() -> [String] {
        takeArrivals().compactMap { $0.kind == 0 ? $0.text : nil }
    }
}
