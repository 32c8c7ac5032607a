// FrameDecode — from received octets to messages: header, mask, UTF-8 (Receiver).
//
// One item is a whole masked text frame that lies in the receive buffer, the common case. Nothing
// may be allocated. Frames are unmasked in place, so decoding the same buffer again sees the other
// text; payload and key are ASCII, hence both are valid, and an even number of rounds ends where
// it began.

import Bytes
import WebSocket

struct FrameDecode: Work, ~Copyable {
    private var octets: OctetBuffer
    private var receiver = Receiver(role: .server, deflate: nil)
    private var inflaters = InflaterPool(idleLimit: 1)
    private let limits = ReceiverLimits()
    private let frameCount: Int
    private let roundCount: Int

    /// - Parameters:
    ///   - bufferSize: Octets of frames decoded at once, as a receive buffer holds them.
    ///   - roundCount: How often per pass; even.
    init(payloadSize: Int, bufferSize: Int, roundCount: Int) {
        precondition(roundCount % 2 == 0)
        let payload = jsonText(size: payloadSize)
        octets = OctetBuffer(capacity: bufferSize)
        frameCount = max(1, bufferSize / (payloadSize + 8))
        self.roundCount = roundCount
        for number in 0..<frameCount {
            let key = UInt32(truncatingIfNeeded: number &* 0x0B5) & 0x7F7F_7F7F | 0x0102_0304
            unsafe FrameWriter.writeMessage(
                .text, payload.span.bytes, mask: MaskKey(bits: key), into: &octets)
        }
    }

    var itemCount: Int { frameCount * roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        for _ in 0..<roundCount { decodeAll(&sum) }
        return sum.value
    }

    private mutating func decodeAll(_ sum: inout Checksum) {
        unsafe octets.withMutableOctets { input in
            var offset = 0
            while true {
                guard
                    let event = unsafe try? receiver.next(
                        input, offset: &offset, limits: limits, inflaters: &inflaters)
                else { preconditionFailure("the frames are valid") }
                guard case .message(_, let place) = event else { break }
                let payload = unsafe receiver.payload(of: place, input: input)
                sum.add(unsafe payload.count &+ Int(payload[payload.count - 1]))
            }
        }
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 20, real: 100)
        let size = suite.pick(small: 4096, real: 16384)
        for payloadSize in [16, 125, 1024] {
            suite.measure("FrameDecode", "\(payloadSize) B") {
                FrameDecode(payloadSize: payloadSize, bufferSize: size, roundCount: rounds)
            }
        }
    }
}
