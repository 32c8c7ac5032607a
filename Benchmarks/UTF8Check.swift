// UTF8Check — whether a text message is text (UTF8Checker). One item is one message, in cache.

import Bytes

struct UTF8Check: Work, ~Copyable {
    private let text: OctetBuffer
    private let roundCount: Int

    init(_ text: [UInt8], roundCount: Int) {
        self.text = unsafe OctetBuffer(copying: text.span.bytes)
        self.roundCount = roundCount
    }

    var itemCount: Int { roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        for round in 0..<roundCount {
            // Another end each time, so that no two rounds are the same computation; the cut
            // off sequence at the end is what a message in pieces looks like.
            let octets = text.octets.extracting(0..<text.count - round % 4)
            sum.add(octets.byteCount)
            var checker = UTF8Checker()
            sum.add(checker.firstBad(in: octets) ?? -1)
            sum.add(checker.isComplete ? 1 : 0)
        }
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 100, real: 20_000)
        for size in [125, 1024] {
            suite.measure("UTF8Check", "ASCII, \(size) B") {
                UTF8Check(jsonText(size: size), roundCount: rounds)
            }
            suite.measure("UTF8Check", "mixed, \(size) B") {
                UTF8Check(mixedText(size: size), roundCount: rounds)
            }
        }
    }
}
