// Deflate — a message compressed once for all its subscribers (Deflater, zlib level 1).
//
// One item is one message; the stream is reset before each, which is much of the cost of a small
// one.

import Bytes
import WebSocket

struct Deflate: Work, ~Copyable {
    private let message: [UInt8]
    private var output = OctetBuffer(capacity: 4096)
    private var deflater: Deflater
    private let roundCount: Int

    init(messageSize: Int, roundCount: Int) {
        message = jsonText(size: messageSize)
        guard let deflater = Deflater(level: 1) else { preconditionFailure("zlib has no memory") }
        self.deflater = deflater
        self.roundCount = roundCount
    }

    var itemCount: Int { roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        let message = self.message
        for _ in 0..<roundCount {
            output.removeAll()
            unsafe sum.add(deflater.compress(message.span.bytes, into: &output))
        }
        sum.add(output.octets)
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 20, real: 5000)
        for messageSize in [128, 1024] {
            suite.measure("Deflate", "\(messageSize) B") {
                Deflate(messageSize: messageSize, roundCount: rounds)
            }
        }
    }
}
