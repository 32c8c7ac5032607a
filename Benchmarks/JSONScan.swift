// JSONScan — the envelope of an openapi-ws publish, delimited (JSONScanner).
//
// One item is one message: its members are stepped through as the dialect does it, the published
// value is validated and skipped. Nothing may be allocated.

import Bytes
import Codecs

struct JSONScan: Work, ~Copyable {
    private let message: OctetBuffer
    private let roundCount: Int

    init(dataSize: Int, roundCount: Int) {
        message = unsafe OctetBuffer(copying: publishMessage(dataSize: dataSize).span.bytes)
        self.roundCount = roundCount
    }

    var itemCount: Int { roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        for _ in 0..<roundCount {
            guard let places = try? Self.scan(message.octets) else {
                preconditionFailure("the message is JSON")
            }
            sum.add(places)
        }
        return sum.value
    }

    /// - Returns: The places of the members together.
    @inline(never)
    private static func scan(_ text: RawSpan) throws(JSONError) -> Int {
        var places = 0
        var scanner = JSONScanner(text)
        var members = try scanner.beginObject(keyLimit: 1024)
        while let key = try scanner.nextKey(&members) {
            if scanner.string(key, equals: "id") || scanner.string(key, equals: "method") {
                places += try scanner.value(digitLimit: 1024).range.upperBound
            } else if scanner.string(key, equals: "payload") {
                var inner = try scanner.beginObject()
                while let key = try scanner.nextKey(&inner) {
                    let value = try scanner.value()
                    if scanner.string(key, equals: "channel")
                        || scanner.string(key, equals: "event")
                        || scanner.string(key, equals: "data")
                    {
                        places += value.range.upperBound
                    }
                }
            }
        }
        try scanner.end()
        return places
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 100, real: 20_000)
        for dataSize in [16, 128, 1024] {
            suite.measure("JSONScan", "publish, \(dataSize) B") {
                JSONScan(dataSize: dataSize, roundCount: rounds)
            }
        }
    }
}

/// A publish call of openapi-ws whose value is a JSON text of `dataSize` octets.
func publishMessage(dataSize: Int) -> [UInt8] {
    Array(
        #"{"id":"c-000017","method":"publish","payload":{"channel":"market.eu","event":"tick","data":"#
            .utf8) + jsonText(size: dataSize) + Array("}}".utf8)
}
