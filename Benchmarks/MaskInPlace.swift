// MaskInPlace — XOR with the key of a frame (Masking). One item is one payload, in cache.

import Bytes

struct MaskInPlace: Work, ~Copyable {
    private var payload: OctetBuffer
    private let roundCount: Int

    /// - Parameter roundCount: Even, so that a pass ends with the octets it began with.
    init(payloadSize: Int, roundCount: Int) {
        precondition(roundCount % 2 == 0)
        payload = unsafe OctetBuffer(copying: jsonText(size: payloadSize).span.bytes)
        self.roundCount = roundCount
    }

    var itemCount: Int { roundCount }

    mutating func pass() -> UInt64 {
        for round in 0..<roundCount {
            // A pair of rounds has one key, and the next pair another one.
            let key = MaskKey(bits: 0x9E37_79B9 &+ UInt32(truncatingIfNeeded: round >> 1))
            unsafe payload.withMutableOctets { unsafe Masking.apply(key, to: $0) }
        }
        var sum = Checksum()
        sum.add(payload.octets)
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 200, real: 100_000)
        for payloadSize in [16, 125, 1024] {
            suite.measure("MaskInPlace", "\(payloadSize) B") {
                MaskInPlace(payloadSize: payloadSize, roundCount: rounds)
            }
        }
    }
}
