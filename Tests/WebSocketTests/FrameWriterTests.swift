import Bytes
import Testing
import WebSocket

@Suite("frame writer")
struct FrameWriterTests {
    @Test("writes the examples of RFC 6455 §5.7")
    func examples() {
        #expect(frame(.text, octets("Hello"), mask: nil) == hex("81 05 48 65 6c 6c 6f"))
        #expect(frame(.text, octets("Hello")) == hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"))
        #expect(frame(.ping, octets("Hello"), mask: nil) == hex("89 05 48 65 6c 6c 6f"))
        var fragments = OctetBuffer()
        let hello = octets("Hello")
        unsafe FrameWriter.writeFragments(
            .text, hello.span.bytes, fragmentSize: 3, masks: { nil }, into: &fragments)
        #expect(fragments.octets.array == hex("01 03 48 65 6c 80 02 6c 6f"))
    }

    @Test("writes an empty message as one final frame")
    func empty() {
        var buffer = OctetBuffer()
        let nothing: [UInt8] = []
        unsafe FrameWriter.writeFragments(
            .binary, nothing.span.bytes, fragmentSize: 3, masks: { nil }, into: &buffer)
        #expect(buffer.octets.array == [0x82, 0x00])
    }

    @Test("compresses where that is smaller, and only there")
    func compression() {
        guard var deflater = Deflater() else {
            Issue.record("no deflater")
            return
        }
        var scratch = OctetBuffer()
        let long = octets(String(repeating: "carillon ", count: 40))
        var random = SplitMix64(seed: 1)
        let noise = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
        let cases: [([UInt8], Bool)] = [(long, true), (noise, false), (octets("aaaaaaaaa"), false)]
        for (payload, isSmaller) in cases {
            var buffer = OctetBuffer()
            unsafe FrameWriter.writeMessage(
                .binary, payload.span.bytes, deflater: &deflater, scratch: &scratch, into: &buffer)
            let isCompressed = buffer.octets[octet: 0] & 0x40 != 0
            #expect(isCompressed == isSmaller)
            #expect(
                receive(
                    buffer.octets.array, pieces: [9], role: .client, deflate: DeflateAgreement())
                    == [.binary(payload)])
        }
    }

    @Test("one compressed form serves every receiver, whatever it has seen before")
    func selfContained() {
        guard var deflater = Deflater(level: 6, windowBits: 15) else {
            Issue.record("no deflater")
            return
        }
        let payload = octets(String(repeating: "one form for all. ", count: 30))
        var first = OctetBuffer()
        var second = OctetBuffer()
        unsafe deflater.compress(payload.span.bytes, into: &first)
        unsafe deflater.compress(payload.span.bytes, into: &second)
        #expect(first.octets.array == second.octets.array)
    }

    @Test("context takeover makes a repeated message nearly nothing")
    func takeover() {
        guard var deflater = Deflater(keepsContext: true) else {
            Issue.record("no deflater")
            return
        }
        var random = SplitMix64(seed: 7)
        let payload = (0..<500).map { _ in UInt8.random(in: 0...255, using: &random) }
        var output = OctetBuffer()
        let first = unsafe deflater.compress(payload.span.bytes, into: &output)
        let second = unsafe deflater.compress(payload.span.bytes, into: &output)
        #expect(first > 500 && second < 30)
    }

    @Test("has no window of 8 bits, as zlib has none")
    func smallestWindow() {
        if Deflater(windowBits: 8) != nil { Issue.record("zlib has learnt it") }
    }

    @Test("writes close frames and cuts a long reason between two characters")
    func closes() {
        func close(_ code: CloseCode?, _ reason: String = "") -> [Event] {
            var buffer = OctetBuffer()
            FrameWriter.writeClose(code, reason: reason, mask: MaskKey(1, 2, 3, 4), into: &buffer)
            return receive(buffer.octets.array, pieces: [3])
        }
        #expect(close(nil, "unsaid") == [.close(nil, [])])
        #expect(close(.goingAway) == [.close(1001, [])])
        #expect(close(.normal, "Grüße") == [.close(1000, octets("Grüße"))])
        let long = String(repeating: "é", count: 100)
        #expect(close(.normal, long) == [.close(1000, octets(String(repeating: "é", count: 61)))])
    }
}
