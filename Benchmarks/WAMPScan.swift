// WAMPScan — a WAMP publish in three serializations: delimited as a router does it, its payload
// transcoded from each to each, and an event written around it (ItemReader, transcode, ItemWriter).
//
// The message is `[16, 1, {}, "com.shop.order", […]]`. The payload is an array of objects with four
// members each, of about the stated size in JSON: 19 items for 128 octets, 163 for 1024. One item of
// the benchmark is one message. Nothing may be allocated.

import Bytes
import Codecs

/// One serialization of the message, and its payload alone.
private struct Message: ~Copyable {
    let serialization: Serialization
    let octets: OctetBuffer
    let payload: OctetBuffer

    init(_ serialization: Serialization, dataSize: Int) {
        self.serialization = serialization
        let json = unsafe OctetBuffer(copying: Self.payloadText(size: dataSize).span.bytes)
        var payload = OctetBuffer()
        guard
            (try? transcode(json.octets, from: .json, to: serialization, into: &payload)) != nil
        else { preconditionFailure("the payload is JSON") }
        octets =
            switch serialization {
            case .json: Self.publish(JSONWriter(), payload.octets)
            case .messagePack: Self.publish(MessagePackWriter(), payload.octets)
            case .cbor: Self.publish(CBORWriter(), payload.octets)
            }
        self.payload = payload
    }

    private static func publish<Writer: ItemWriter>(
        _ fresh: Writer, _ payload: RawSpan
    ) -> OctetBuffer {
        var writer = fresh
        var buffer = OctetBuffer()
        let message = writer.beginArray(count: 5, into: &buffer)
        writer.append(unsigned: 16, into: &buffer)
        writer.append(unsigned: 1, into: &buffer)
        writer.appendEmptyMap(into: &buffer)
        writer.append(string: "com.shop.order" as StaticString, into: &buffer)
        writer.append(encoded: payload, into: &buffer)
        writer.end(message, into: &buffer)
        return buffer
    }

    /// A JSON text of about `size` octets, as a shop would publish: `[{"id":…,"sku":"…",…},…]`.
    private static func payloadText(size: Int) -> [UInt8] {
        var text = OctetBuffer()
        text.append("[")
        var state: UInt32 = 0x2545_F491
        while text.count == 1 || text.count < size - 40 {
            state = state &* 1_664_525 &+ 1_013_904_223
            if text.count > 1 { text.append(",") }
            text.append(#"{"id":"#)
            text.append(decimal: Int(state))
            text.append(#","sku":"A-"#)
            text.append(decimal: Int(state >> 20))
            text.append(#"","count":"#)
            text.append(decimal: Int(state >> 29))
            text.append(#","paid":true}"#)
        }
        text.append("]")
        return text.octets.array
    }
}

struct WAMPScan: Work, ~Copyable {
    private let message: Message
    private let roundCount: Int

    private init(_ serialization: Serialization, dataSize: Int, roundCount: Int) {
        message = Message(serialization, dataSize: dataSize)
        self.roundCount = roundCount
    }

    var itemCount: Int { roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        let octets = message.octets.octets
        for _ in 0..<roundCount {
            let places =
                switch message.serialization {
                case .json: try? delimit(JSONReader(octets))
                case .messagePack: try? delimit(MessagePackReader(octets))
                case .cbor: try? delimit(CBORReader(octets))
                }
            guard let places else { preconditionFailure("the message is well-formed") }
            sum.add(places)
        }
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 100, real: 20_000)
        for size in [128, 1024] {
            for serialization in Serialization.allCases {
                suite.measure("WAMPScan", "\(serialization), \(size) B") {
                    WAMPScan(serialization, dataSize: size, roundCount: rounds)
                }
            }
        }
    }
}

/// Goes through a publish as a router does: code, id, options by their keys, topic, payload.
///
/// - Returns: The places of what was found together.
@inline(never)
private func delimit<Reader: ItemReader & ~Escapable>(
    _ fresh: consuming Reader
) throws(CodecError) -> Int {
    var reader = fresh
    var elements = try reader.beginArray()
    guard try reader.next(&elements), reader.unsigned(try reader.item()) == 16,
        try reader.next(&elements), let request = reader.unsigned(try reader.item()),
        try reader.next(&elements)
    else { throw .malformed(at: reader.position) }
    var places = Int(truncatingIfNeeded: request)
    var options = try reader.beginMap()
    while let key = try reader.nextKey(&options) {
        let value = try reader.item()
        if reader.string(key, equals: "acknowledge") { places += value.range.upperBound }
    }
    guard try reader.next(&elements) else { throw .malformed(at: reader.position) }
    let topic = try reader.item()
    guard topic.kind == .string, try reader.next(&elements) else {
        throw .malformed(at: reader.position)
    }
    let arguments = try reader.item()
    guard try !reader.next(&elements) else { throw .malformed(at: reader.position) }
    try reader.end()
    return places + topic.contents.upperBound + arguments.range.upperBound
}

/// The payload from one serialization into another.
struct WAMPTranscode: Work, ~Copyable {
    private let message: Message
    private let target: Serialization
    private var buffer = OctetBuffer(capacity: 4096)
    private let roundCount: Int

    private init(_ source: Serialization, _ target: Serialization, size: Int, roundCount: Int) {
        message = Message(source, dataSize: size)
        self.target = target
        self.roundCount = roundCount
    }

    var itemCount: Int { roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        var buffer = OctetBuffer(capacity: 0)
        swap(&buffer, &self.buffer)  // one is changed while the other fields are read
        for _ in 0..<roundCount {
            buffer.removeAll()
            guard
                (try? transcode(
                    message.payload.octets, from: message.serialization, to: target, into: &buffer))
                    != nil
            else { preconditionFailure("the payload is well-formed") }
            sum.add(buffer.count)
        }
        sum.add(buffer.octets)
        swap(&buffer, &self.buffer)
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 100, real: 10_000)
        for source in Serialization.allCases {
            for target in Serialization.allCases where target != source {
                suite.measure("WAMPTranscode", "\(source) to \(target), 128 B") {
                    WAMPTranscode(source, target, size: 128, roundCount: rounds)
                }
            }
        }
    }
}

struct WAMPWrite: Work, ~Copyable {
    private let message: Message
    private var buffer = OctetBuffer(capacity: 4096)
    private let roundCount: Int

    private init(_ serialization: Serialization, roundCount: Int) {
        message = Message(serialization, dataSize: 128)
        self.roundCount = roundCount
    }

    var itemCount: Int { roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        var buffer = OctetBuffer(capacity: 0)
        swap(&buffer, &self.buffer)  // one is changed while the other fields are read
        for round in 0..<roundCount {
            buffer.removeAll()
            let id = UInt64(truncatingIfNeeded: round) &+ 5_512_315_355_000_000
            switch message.serialization {
            case .json: event(JSONWriter(), id, message.payload.octets, &buffer)
            case .messagePack: event(MessagePackWriter(), id, message.payload.octets, &buffer)
            case .cbor: event(CBORWriter(), id, message.payload.octets, &buffer)
            }
            sum.add(buffer.count)
        }
        sum.add(buffer.octets)
        swap(&buffer, &self.buffer)
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 100, real: 20_000)
        for serialization in Serialization.allCases {
            suite.measure("WAMPWrite", "\(serialization), event of 128 B") {
                WAMPWrite(serialization, roundCount: rounds)
            }
        }
    }
}

/// Writes an event with a topic in its details, the payload as it was published.
@inline(never)
private func event<Writer: ItemWriter>(
    _ fresh: Writer, _ id: UInt64, _ payload: RawSpan, _ buffer: inout OctetBuffer
) {
    var writer = fresh
    let message = writer.beginArray(count: 5, into: &buffer)
    writer.append(integer: 36, into: &buffer)
    writer.append(unsigned: id, into: &buffer)
    writer.append(unsigned: id &+ 1, into: &buffer)
    let details = writer.beginMap(into: &buffer)
    writer.append(key: "topic", into: &buffer)
    writer.append(string: "com.shop.order" as StaticString, into: &buffer)
    writer.end(details, into: &buffer)
    writer.append(encoded: payload, into: &buffer)
    writer.end(message, into: &buffer)
}
