import Bytes
import Testing
import WebSocket

private func decode(
    _ octets: [UInt8], role: Role = .server, limit: Int = Int.max, compression: Bool = false
) throws(FrameError) -> FrameHeader? {
    try unsafe FrameHeader.decode(
        octets.span.bytes, role: role, payloadLimit: limit, allowsCompression: compression)
}

private func refusal(
    _ octets: [UInt8], role: Role = .server, limit: Int = Int.max, compression: Bool = false
) -> FrameError? {
    do {
        _ = try decode(octets, role: role, limit: limit, compression: compression)
        return nil
    } catch {
        return error
    }
}

@Suite("frame header")
struct FrameHeaderTests {
    @Test("reads back what it wrote, at every size where the form changes, and no sooner")
    func identity() throws {
        let sizes = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20, Int.max]
        let opcodes: [Opcode] = [.continuation, .text, .binary, .close, .ping, .pong]
        for size in sizes {
            for opcode in opcodes where size <= 125 || !opcode.isControl {
                for mask in [nil, MaskKey(1, 2, 3, 4)] {
                    let header = FrameHeader(
                        isFinal: opcode.isControl || size % 2 == 0,
                        isCompressed: opcode == .text, opcode: opcode, payloadSize: size,
                        mask: mask)
                    var buffer = OctetBuffer()
                    header.encode(into: &buffer)
                    #expect(buffer.count == header.headerSize)
                    let role = mask == nil ? Role.client : .server
                    let octets = buffer.octets.array
                    for cut in 0..<octets.count {
                        #expect(
                            try decode(Array(octets[..<cut]), role: role, compression: true) == nil)
                    }
                    #expect(try decode(octets, role: role, compression: true) == header)
                    #expect(try decode(octets + [9, 9], role: role, compression: true) == header)
                }
            }
        }
    }

    @Test("refuses each violation of RFC 6455 §5.2 and §5.5 at the first octet that shows it")
    func violations() {
        let cases: [([UInt8], FrameError)] = [
            ([0x83], .reservedOpcode(3)), ([0x87], .reservedOpcode(7)),
            ([0x8B], .reservedOpcode(11)),
            ([0x8F], .reservedOpcode(15)), ([0xC1], .reservedBit), ([0xA1], .reservedBit),
            ([0x91], .reservedBit), ([0x09], .fragmentedControl), ([0x08], .fragmentedControl),
            ([0x81, 0x05], .unmasked), ([0x89, 0xFE], .oversizedControl),
            ([0x8A, 0xFF], .oversizedControl), ([0x81, 0xFE, 0x00, 0x7D], .lengthNotMinimal),
            ([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], .lengthNotMinimal),
            ([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], .lengthOverflow),
            ([0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .lengthOverflow),
        ]
        for (octets, error) in cases {
            #expect(refusal(octets) == error, "\(octets)")
            #expect(refusal(Array(octets.dropLast())) == nil, "\(octets)")
        }
        #expect(refusal([0x81, 0x85], role: .client) == .masked)
    }

    @Test("takes RSV1 where compression is agreed on, on the first frame of a message only")
    func compressionBit() {
        #expect(refusal([0xC1], compression: true) == nil)
        #expect(refusal([0xC2], compression: true) == nil)
        for first: UInt8 in [0xC0, 0xC8, 0xC9, 0xCA, 0xE1, 0xD1] {
            #expect(refusal([first], compression: true) == .reservedBit)
        }
    }

    @Test("measures the announced size against the limit, before the key and the payload")
    func limit() {
        #expect(refusal([0x82, 0x80 | 11], limit: 10) == .oversizedMessage)
        #expect(refusal([0x82, 0x80 | 10], limit: 10) == nil)
        #expect(refusal([0x82, 0xFE, 0xFF, 0xFF], limit: 65534) == .oversizedMessage)
        let longest: [UInt8] = [0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(refusal(longest, limit: 1 << 20) == .oversizedMessage)
        #expect(refusal([0x89, 0x80 | 100], limit: 10) == nil)
    }
}
