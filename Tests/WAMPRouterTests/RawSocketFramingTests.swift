import Bytes
import DialectKit
import Testing

@testable import WAMPRouter

/// What a reader made of some input.
private enum Reading: Equatable {
    case frame(StreamFrameKind, [UInt8])
    case failed(StreamFault)
}

@Suite struct RawSocketFramingTests {
    private let hub: ModelHub
    private let framing: RawSocketFraming

    init() {
        hub = ModelHub()
        framing = RawSocketFraming(hub.dialects, messageSize: 1 << 16)
    }

    private func open(_ octets: [UInt8]) -> StreamOpening { unsafe framing.open(octets.span.bytes) }

    @Test("each serialization leads to the raw form of it, with the client's limit")
    func accepted() {
        let forms: [WAMPForm] = [.rawJSON, .rawMessagePack, .rawCBOR]
        for (number, form) in zip(UInt8(1)..., forms) {
            for exponent in UInt8(2)...15 {
                let request = [0x7F, exponent << 4 | number, 0, 0, 0x55]
                guard case .accept(let acceptance) = open(request) else {
                    Issue.record("\(request)")
                    continue
                }
                #expect(acceptance.handshakeSize == 4)
                #expect(acceptance.answer == [0x7F, 0x70 | number, 0, 0])
                #expect(acceptance.dialect == hub.router.id(of: form))
                #expect(acceptance.messageLimit == 1 << (9 + Int(exponent)))
                let session = acceptance.session as? WAMPSession
                #expect(session?.messageSizeLimit == acceptance.messageLimit)
                #expect(session?.form == form)
            }
        }
    }

    @Test("octets are awaited, and what cannot be is refused with its reason")
    func refused() {
        for size in 0..<4 {
            guard case .needsMore = open(Array([0x7F, 0xF1, 0, 0][..<size])) else {
                Issue.record("\(size) octets are enough")
                continue
            }
        }
        let rows: [([UInt8], [UInt8])] = [
            ([0x7F, 0xF0, 0, 0], [0x7F, 0x10, 0, 0]), ([0x7F, 0xF5, 0, 0], [0x7F, 0x10, 0, 0]),
            ([0x7F, 0x01, 0, 0], [0x7F, 0x20, 0, 0]), ([0x7F, 0x13, 0, 0], [0x7F, 0x20, 0, 0]),
            ([0x7F, 0xF1, 1, 0], [0x7F, 0x30, 0, 0]), ([0x47], []), ([0x00, 0x00], []),
        ]
        for (said, expected) in rows {
            guard case .refuse(let answer) = open(said) else {
                Issue.record("\(said) is not refused")
                continue
            }
            #expect(answer == expected, "\(said)")
        }
        #expect(framing.fullAnswer == [0x7F, 0x40, 0, 0])
    }

    @Test("a header says the kind and the size, 2^24 by its own bit")
    func headers() {
        #expect(framing.headerSize == 4)
        #expect(framing.header(.message, payloadSize: 26) == 0x0000_001A)
        #expect(framing.header(.ping, payloadSize: 4) == 0x0100_0004)
        #expect(framing.header(.pong, payloadSize: 0xFF_FFFF) == 0x02FF_FFFF)
        #expect(framing.header(.message, payloadSize: framing.payloadLimit) == 0x0800_0000)
    }

    @Test("limits are announced as the power of two below them")
    func announced() {
        for (given, expected) in [(512, 512), (1000, 512), (1 << 16, 1 << 16), (1 << 30, 1 << 24)] {
            let framing = RawSocketFraming([], messageSize: given)
            #expect(framing.messageSize == expected)
        }
    }

    @Test("what other transports take makes queues longer, and nothing that is announced")
    func elsewhere() {
        for (other, expected) in [(0, 1 << 12), (1 << 20, 1 << 20)] {
            let framing = RawSocketFraming(
                hub.dialects, messageSize: 1 << 12, messageSizeElsewhere: other)
            #expect(framing.messageSize == expected)
            let said: [UInt8] = [0x7F, 0xF1, 0, 0]
            guard case .accept(let acceptance) = framing.open(unsafe said.span.bytes) else {
                Issue.record("refused")
                return
            }
            #expect(acceptance.answer == [0x7F, 0x31, 0, 0])
            let header: [UInt8] = [0, 0, 0x10, 0x01]
            var position = 0
            let step = unsafe acceptance.reader.next(in: header.span.bytes, at: &position) { _, _ in
            }
            #expect(step == .failed(.oversized(4097)))
        }
    }

    private func read(_ pieces: [[UInt8]]) -> [Reading] {
        guard case .accept(let acceptance) = open([0x7F, 0xF1, 0, 0]) else { return [] }
        var readings: [Reading] = []
        for piece in pieces {
            var position = 0
            reading: while true {
                let step = unsafe acceptance.reader.next(in: piece.span.bytes, at: &position) {
                    readings.append(.frame($0, $1.array))
                }
                switch step {
                case .taken: continue
                case .needsMore: break reading
                case .failed(let fault): return readings + [.failed(fault)]
                }
            }
            #expect(position == piece.count)
        }
        return readings
    }

    @Test("frames are the same wherever the input is cut")
    func cuts() {
        var octets: [UInt8] = [0, 0, 0, 3, 1, 2, 3, 1, 0, 0, 0, 2, 0, 0, 1, 9]
        octets += [0, 0, 1, 0] + [UInt8](repeating: 7, count: 256) + [0, 1, 0, 1]
        let expected: [Reading] = [
            .frame(.message, [1, 2, 3]), .frame(.ping, []), .frame(.pong, [9]),
            .frame(.message, [UInt8](repeating: 7, count: 256)), .failed(.oversized(65_537)),
        ]
        #expect(read([octets]) == expected)
        #expect(read(octets.map { [$0] }) == expected)
        for cut in 0...octets.count {
            #expect(read([Array(octets[..<cut]), Array(octets[cut...])]) == expected, "\(cut)")
        }
        for first in [0x03, 0x07, 0x10, 0x80, 0xFF] as [UInt8] {
            #expect(read([[first]]) == [.failed(.malformed)])
        }
    }
}
