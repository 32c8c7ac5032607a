import Bytes
import Codecs
import Testing

@testable import WAMP

@Suite struct RawSocketHandshakeTests {
    private func request(_ octets: [UInt8]) throws -> Result<RawSocketHandshake, RawSocketRefusal>?
    {
        try RawSocketHandshake.request(unsafe octets.span.bytes)
    }

    @Test("a router takes what it speaks and refuses the rest with its reason")
    func requests() throws {
        #expect(try request([0x7F, 0xF1, 0, 0]) == .success(RawSocketHandshake(.json)))
        #expect(
            try request([0x7F, 0x02, 0, 0])
                == .success(RawSocketHandshake(.messagePack, exponent: 0)))
        #expect(try request([0x7F, 0xA3, 0, 0, 0x58])?.get().messageLimit == 1 << 19)
        for number in UInt8(0)...15 where !(1...3).contains(number) {
            #expect(try request([0x7F, 0xF0 | number, 0, 0]) == .failure(.serializerUnsupported))
        }
        #expect(try request([0x7F, 0xF1, 0, 1]) == .failure(.reservedBitsSet))
        #expect(try request([0x7F, 0xF1, 1, 0]) == .failure(.reservedBitsSet))
        #expect(throws: RawSocketError.notRawSocket) { _ = try request([0x47]) }
        for size in 0..<4 { #expect(try request(Array([0x7F, 0xF1, 0, 0][..<size])) == nil) }
        var buffer = OctetBuffer()
        RawSocketHandshake.append(.serializerUnsupported, to: &buffer)
        #expect(buffer.octets.array == [0x7F, 0x10, 0, 0])
    }

    @Test("what one side says the other reads, for every serializer and length")
    func roundTrip() throws {
        for serialization in Serialization.allCases {
            for exponent in UInt8(0)...15 {
                let said = RawSocketHandshake(serialization, exponent: exponent)
                var buffer = OctetBuffer()
                said.append(to: &buffer)
                #expect(try request(buffer.octets.array) == .success(said))
                #expect(try said.answer(buffer.octets) == said)
            }
            for (limit, exponent) in [(0, 0), (1023, 0), (1024, 1), (1 << 24, 15), (1 << 40, 15)] {
                let said = RawSocketHandshake(serialization, messageLimit: limit)
                #expect(said.exponent == UInt8(exponent))
            }
        }
    }

    @Test("a client understands refusals and answers to something else")
    func answers() {
        let asked = RawSocketHandshake(.cbor)
        let rows: [([UInt8], RawSocketError)] = [
            ([0x7F, 0x10, 0, 0], .refused(.serializerUnsupported)),
            ([0x7F, 0x40, 0, 0], .refused(.tooManyConnections)),
            ([0x7F, 0xF0, 0, 0], .refused(nil)), ([0x7F, 0xF1, 0, 0], .badAnswer),
            ([0x7F, 0xF3, 0, 1], .badAnswer), ([0x48], .notRawSocket),
        ]
        for (octets, expected) in rows {
            #expect(throws: expected) { _ = try asked.answer(unsafe octets.span.bytes) }
        }
    }
}

@Suite struct RawSocketReceiverTests {
    /// Every frame of a stream given in pieces, payloads copied; and the error at its end.
    private func frames(
        _ pieces: [[UInt8]], limit: Int = 64
    ) -> (frames: [String], error: RawSocketError?) {
        var receiver = RawSocketReceiver(payloadLimit: limit)
        var frames: [String] = []
        for piece in pieces {
            let input = unsafe piece.span.bytes
            var position = 0
            do {
                while let frame = try receiver.next(in: input, at: &position) {
                    let payload =
                        switch frame.payload {
                        case .input(let range): input.extracting(range).text
                        case .held: receiver.held.text
                        }
                    frames.append("\(frame.kind) \(payload)")
                    #expect(receiver.pendingSize == 0)
                }
                #expect(position == piece.count)
            } catch {
                return (frames, error)
            }
        }
        return (frames, nil)
    }

    private func stream(_ frames: [(RawSocketKind, String)]) -> [UInt8] {
        var buffer = OctetBuffer()
        for (kind, payload) in frames {
            RawSocketHeader(kind, payloadSize: payload.utf8.count).append(to: &buffer)
            buffer.append(payload)
        }
        return buffer.octets.array
    }

    @Test("the events are the same wherever the input is cut, once, twice or everywhere")
    func cuts() {
        let octets = stream([
            (.message, "[1]"), (.ping, ""), (.pong, "pong"), (.message, ""), (.message, "[2,3]"),
        ])
        let whole = frames([octets])
        #expect(whole.frames == ["message [1]", "ping ", "pong pong", "message ", "message [2,3]"])
        for first in 0...octets.count {
            for second in first...octets.count {
                let pieces = [
                    Array(octets[..<first]), Array(octets[first..<second]),
                    Array(octets[second...]),
                ]
                #expect(frames(pieces).frames == whole.frames, "\(first) \(second)")
            }
        }
        #expect(frames(octets.map { [$0] }).frames == whole.frames)
    }

    @Test("reserved bits, reserved types and oversized messages drop the connection")
    func errors() {
        for first in UInt8.min...UInt8.max {
            let isFine = first <= 2
            let found = frames([[first, 0, 0, 0]])
            let isLargest = first & 0xF7 <= 2 && first & 0x08 != 0
            let expected: RawSocketError? =
                isFine ? nil : isLargest ? .oversizedFrame(1 << 24) : .malformedFrame
            #expect(found.error == expected, "\(first)")
            #expect(frames([[first], [0, 0, 0]]).error == expected)
        }
        #expect(frames([[0, 0, 0, 65]]).error == .oversizedFrame(65))
        #expect(frames([[0, 0, 0, 64]]).error == nil)
        #expect(frames([[0x08, 0, 0, 1]], limit: 1 << 24).error == .malformedFrame)
    }

    @Test("exactly 2^24 octets can be said")
    func largest() throws {
        var buffer = OctetBuffer()
        RawSocketHeader(.message, payloadSize: 1 << 24).append(to: &buffer)
        #expect(buffer.octets.array == [0x08, 0, 0, 0])
        let header = try RawSocketHeader.decode(buffer.octets, payloadLimit: 1 << 24)
        #expect(header == RawSocketHeader(.message, payloadSize: 1 << 24))
        var ping = OctetBuffer()
        RawSocketHeader(.ping, payloadSize: 4).append(to: &ping)
        #expect(ping.octets.array == [0x01, 0, 0, 4])
    }
}
