import Bytes
import Codecs
import Testing

/// What `write` makes of a fresh buffer that has something else in front.
private func written(
    _ serialization: Serialization,
    _ write: (inout any ItemWriter, inout OctetBuffer) throws -> Void
) rethrows -> [UInt8] {
    var buffer = OctetBuffer()
    buffer.append("head")
    var writer: any ItemWriter =
        switch serialization {
        case .json: JSONWriter()
        case .messagePack: MessagePackWriter()
        case .cbor: CBORWriter()
        }
    try write(&writer, &buffer)
    #expect(buffer.octets.array.starts(with: Array("head".utf8)))
    return Array(buffer.octets.array[4...])
}

private func isWritten(
    _ value: Value, _ note: String, _ write: (inout any ItemWriter, inout OctetBuffer) -> Void
) {
    for serialization in Serialization.allCases {
        let expected = Encoding.shortest(value.converted(to: serialization), serialization)
        let found = written(serialization, write)
        #expect(found == expected, "\(serialization) \(note): \(hex(found))")
    }
}

@Suite("Item writers")
struct ItemWriterTests {
    @Test("write an event with payload that was encoded before")
    func event() {
        let payloads: [Serialization: [UInt8]] = [
            .json: Array(#"["Hi","\u0000AQI="]"#.utf8), .messagePack: hex("92a24869c4020102"),
            .cbor: hex("826248694 20102"),
        ]
        let expected: [Serialization: [UInt8]] = [
            .json: Array(#"[36,5512315355,4429313566,{},["Hi","\u0000AQI="]]"#.utf8),
            // The reference's samples, §1.2.
            .messagePack: hex("95 24 cf00000001488f41db cf000000010801f61e 80 92a24869c4020102"),
            .cbor: hex("85 1824 1b00000001488f41db 1b000000010801f61e a0 8262486942 0102"),
        ]
        for serialization in Serialization.allCases {
            let payload = payloads[serialization]!
            let found = written(serialization) { writer, buffer in
                let message = writer.beginArray(count: 5, into: &buffer)
                writer.append(integer: 36, into: &buffer)
                writer.append(unsigned: 5_512_315_355, into: &buffer)
                writer.append(unsigned: 4_429_313_566, into: &buffer)
                writer.appendEmptyMap(into: &buffer)
                writer.append(encoded: unsafe payload.span.bytes, into: &buffer)
                writer.end(message, into: &buffer)
            }
            #expect(found == expected[serialization], "\(hex(found))")
        }
    }

    @Test("place commas around everything that can stand in a container")
    func commas() {
        let text = written(.json) { writer, buffer in
            let outer = writer.beginArray(into: &buffer)
            let none = writer.beginArray(into: &buffer)
            writer.end(none, into: &buffer)
            let map = writer.beginMap(into: &buffer)
            writer.append(key: "a", into: &buffer)
            let inner = writer.beginMap(into: &buffer)
            writer.append(key: "x\"" as String, into: &buffer)
            writer.appendNull(into: &buffer)
            writer.append(key: "y", into: &buffer)
            writer.append(bool: true, into: &buffer)
            writer.end(inner, into: &buffer)
            writer.append(key: "b", into: &buffer)
            writer.append(string: "s" as String, into: &buffer)
            writer.end(map, into: &buffer)
            let two: [UInt8] = Array("1, 2".utf8)
            writer.append(encoded: unsafe two.span.bytes, count: 2, into: &buffer)
            writer.append(encoded: RawSpan(), count: 0, into: &buffer)
            writer.append(float: 1.5, into: &buffer)
            writer.append(bool: false, into: &buffer)
            writer.end(outer, into: &buffer)
        }
        let expected = #"[[],{"a":{"x\"":null,"y":true},"b":"s"},1, 2,1.5,false]"#
        #expect(String(decoding: text, as: UTF8.self) == expected)
        // More than one item may stand alone, as in a batch of messages.
        let items = written(.json) { writer, buffer in
            writer.append(unsigned: 1, into: &buffer)
            writer.append(unsigned: 2, into: &buffer)
        }
        #expect(items == Array("1,2".utf8))
    }

    @Test("count the items of containers that were begun without a count")
    func counts() {
        for count in [0, 1, 15, 16, 17, 23, 24, 255, 256, 257, 65535, 65536] {
            let items = (0..<count).map { Value.integer(String($0 % 7)) }
            let members = (0..<min(count, 300)).map {
                Value.Member(key: "k", value: .integer(String($0 % 7)))
            }
            let value = Value.array([.array(items), .string("between"), .map(members)])
            for isAnnounced in [false, true] {
                isWritten(value, "\(count)") { writer, buffer in
                    let outer = writer.beginArray(count: isAnnounced ? 3 : nil, into: &buffer)
                    let array = writer.beginArray(count: isAnnounced ? count : nil, into: &buffer)
                    for index in 0..<count {
                        writer.append(integer: Int64(index % 7), into: &buffer)
                    }
                    writer.end(array, into: &buffer)
                    writer.append(string: "between" as StaticString, into: &buffer)
                    let map = writer.beginMap(
                        count: isAnnounced ? members.count : nil, into: &buffer)
                    for index in 0..<members.count {
                        writer.append(key: "k", into: &buffer)
                        writer.append(unsigned: UInt64(index % 7), into: &buffer)
                    }
                    writer.end(map, into: &buffer)
                    writer.end(outer, into: &buffer)
                }
            }
        }
    }

    @Test("write integers in their shortest form")
    func integers() {
        for shift in 0..<64 {
            for offset in UInt64(0)..<5 {
                let value = (UInt64(1) << UInt64(shift)) &+ offset &- 2
                isWritten(.integer("\(value)"), "\(value)") { writer, buffer in
                    writer.append(unsigned: value, into: &buffer)
                }
                let signed = -Int64(bitPattern: value >> 1)
                isWritten(.integer("\(signed)"), "\(signed)") { writer, buffer in
                    writer.append(integer: signed, into: &buffer)
                }
            }
        }
        for (value, digits) in [(Int64.min, "-9223372036854775808"), (.max, "9223372036854775807")]
        {
            isWritten(.integer(digits), digits) { $0.append(integer: value, into: &$1) }
        }
        let argument = UInt64(1) << 63
        for (whole, digits) in [
            (WholeNumber(isNegative: true, argument: argument), "-9223372036854775809"),
            (WholeNumber(isNegative: true, argument: .max), "-18446744073709551616"),
            (WholeNumber(UInt64.max), "18446744073709551615"),
        ] {
            isWritten(.integer(digits), digits) { $0.append(whole: whole, into: &$1) }
        }
    }

    @Test("write strings, octets and floats of every size")
    func scalars() {
        for size in [0, 1, 2, 3, 22, 23, 24, 31, 32, 255, 256, 65535, 65536] {
            let text = String(repeating: "a", count: size)
            isWritten(.string(text), "\(size)") { $0.append(string: text, into: &$1) }
            let octets = [UInt8](repeating: 0xFF, count: size)
            isWritten(.octets(octets), "\(size)") { writer, buffer in
                writer.append(octets: unsafe octets.span.bytes, into: &buffer)
            }
            let array = Value.map([Value.Member(key: text, value: .null)])
            isWritten(array, "\(size)") { writer, buffer in
                let map = writer.beginMap(count: 1, into: &buffer)
                let key = Array(text.utf8)
                writer.append(key: unsafe key.span.bytes, into: &buffer)
                writer.appendNull(into: &buffer)
                writer.end(map, into: &buffer)
            }
        }
        for value in [0, -0.0, 1.5, 1e300, 0x1p-1074, 1e16, .infinity, -.infinity, .nan, -.nan] {
            isWritten(.float(value), "\(value)") { $0.append(float: value, into: &$1) }
        }
        let base64 = Array("AQI=".utf8)
        isWritten(.octets([1, 2]), "base 64") { writer, buffer in
            writer.append(base64: unsafe base64.span.bytes, into: &buffer)
        }
    }

    @Test("stop us when a container does not get what was announced")
    func miscount() async {
        await #expect(processExitsWith: .failure) {
            var buffer = OctetBuffer()
            var writer = CBORWriter()
            let array = writer.beginArray(count: 2, into: &buffer)
            writer.appendNull(into: &buffer)
            writer.end(array, into: &buffer)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = OctetBuffer()
            var writer = JSONWriter()
            let map = writer.beginMap(into: &buffer)
            writer.append(key: "a", into: &buffer)
            writer.end(map, into: &buffer)
        }
    }
}

extension ItemWriter {
    fileprivate mutating func append(key: String, into buffer: inout OctetBuffer) {
        var key = key
        key.withUTF8 { unsafe append(key: $0.span.bytes, into: &buffer) }
    }
}
