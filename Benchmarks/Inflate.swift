// Inflate — a deflated message from its frame to its octets (Receiver, Inflater, zlib).
//
// One item is one frame that refers to nothing before it, read with a stream from the core's pool.
// Frames are those of a server, read as a client does: unmasked ones stay as they are and can be
// read again and again.

import Bytes
import WebSocket

struct Inflate: Work, ~Copyable {
    private var octets: OctetBuffer
    private var receiver: Receiver
    private var inflaters = InflaterPool(idleLimit: 1)
    private let limits = ReceiverLimits()
    private let roundCount: Int

    init(messageSize: Int, roundCount: Int) {
        var compressed = OctetBuffer()
        guard var deflater = Deflater(level: 1) else { preconditionFailure("zlib has no memory") }
        unsafe deflater.compress(jsonText(size: messageSize).span.bytes, into: &compressed)
        octets = OctetBuffer()
        FrameWriter.writeMessage(.text, compressed.octets, isCompressed: true, into: &octets)
        receiver = Receiver(
            role: .client, deflate: DeflateAgreement(serverNoContextTakeover: true))
        self.roundCount = roundCount
    }

    var itemCount: Int { roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        for _ in 0..<roundCount {
            unsafe octets.withMutableOctets { input in
                var offset = 0
                guard
                    case .message(_, let place)? = unsafe try? receiver.next(
                        input, offset: &offset, limits: limits, inflaters: &inflaters)
                else { preconditionFailure("the frame is valid") }
                let payload = unsafe receiver.payload(of: place, input: input)
                sum.add(unsafe payload.count &+ Int(payload[payload.count - 1]))
            }
        }
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 20, real: 5000)
        for messageSize in [128, 1024] {
            suite.measure("Inflate", "\(messageSize) B") {
                Inflate(messageSize: messageSize, roundCount: rounds)
            }
        }
    }
}
