import Bytes
import Codecs
import Testing

/// The reference's PUBLISH with options, in the three serializations.
private let publish: [(Serialization, [UInt8])] = [
    (.json, Array(#" [16, 7, {"x":[1,{}],"acknowledge":true}, "com.shop.order", [1.5,-2]] "#.utf8)),
    (
        .messagePack,
        hex(
            "95 10 07 82 a1 78 92 01 80 ab 61636b6e6f776c65646765 c3 ae 636f6d2e73686f702e6f72646572"
        )
            + hex("92 cb 3ff8000000000000 fe")
    ),
    (
        .cbor,
        hex(
            "85 10 07 a2 61 78 82 01 a0 6b 61636b6e6f776c65646765 f5 6e 636f6d2e73686f702e6f72646572"
        )
            + hex("82 f9 3e00 21")
    ),
]

/// What a router wants to know of a message.
private struct Publish: Equatable {
    var code: UInt64?
    var request: UInt64?
    var acknowledge: Bool
    var isToOrders: Bool
    var arguments: Value?
    var keys: [String]
}

private func read<Reader: ItemReader & ~Escapable>(
    _ reader: consuming Reader
) throws(CodecError) -> Publish {
    var reader = reader
    var publish = Publish(acknowledge: false, isToOrders: false, keys: [])
    var elements = try reader.beginArray()
    guard try reader.next(&elements) else { throw .malformed(at: 0) }
    publish.code = reader.unsigned(try reader.item())
    guard try reader.next(&elements) else { throw .malformed(at: 0) }
    publish.request = reader.unsigned(try reader.item())
    guard try reader.next(&elements), reader.isAtMap() else { throw .malformed(at: 0) }
    var options = try reader.beginMap()
    while let key = try reader.nextKey(&options) {
        publish.keys.append(text(of: key, in: reader))
        let value = try reader.item()
        if reader.string(key, equals: "acknowledge") { publish.acknowledge = value.kind == .true }
    }
    guard try reader.next(&elements) else { throw .malformed(at: 0) }
    publish.isToOrders = reader.string(try reader.item(), equals: "com.shop.order")
    guard try reader.next(&elements), reader.isAtArray() else { throw .malformed(at: 0) }
    let arguments = try reader.item()
    publish.arguments = walk(
        reader.octets.extracting(arguments.range).array, Reader.serialization)
    guard try !reader.next(&elements) else { throw .malformed(at: 0) }
    try reader.end()
    return publish
}

@Suite("Item readers")
struct ItemReaderTests {
    @Test("read a message the same way in every serialization")
    func message() throws {
        let expected = Publish(
            code: 16, request: 7, acknowledge: true, isToOrders: true,
            arguments: .array([.float(1.5), .integer("-2")]), keys: ["x", "acknowledge"])
        for (serialization, octets) in publish {
            let bytes = unsafe octets.span.bytes
            let found =
                switch serialization {
                case .json: try read(JSONReader(bytes))
                case .messagePack: try read(MessagePackReader(bytes))
                case .cbor: try read(CBORReader(bytes))
                }
            #expect(found == expected, "\(serialization)")
        }
    }

    @Test("refuse every beginning of a document")
    func truncation() {
        for (serialization, octets) in publish {
            for size in 0..<octets.count - 1 {
                let cut = Array(octets[..<size])
                #expect(error(of: cut, serialization) != nil, "\(serialization) \(size)")
                #expect(walk(cut, serialization) == nil, "\(serialization) \(size)")
            }
        }
    }

    @Test("refuse anything behind a document")
    func trailing() {
        for (serialization, octets) in publish {
            // White space is nothing.
            let place = octets.count + (serialization == .json ? 1 : 0)
            #expect(error(of: octets + octets, serialization) == .malformed(at: place))
            #expect(walk(octets + octets, serialization) == nil)
        }
    }

    @Test("go into JSON texts that the scanner takes, and into no other")
    func steppingThroughJSON() {
        for (text, _) in JSONScannerTests.valid {
            let octets = Array(text.utf8)
            #expect(walk(octets, .json) != nil, "\(text)")
        }
        for text in JSONScannerTests.invalid {
            #expect(walk(Array(text.utf8), .json) == nil, "\(text)")
        }
        let pieces = Array(#"{}[]",:\01.e- "#.utf8)
        let inputs = JSONScannerTests.valid.map { Array($0.0.utf8) }
        mutations(of: inputs, pieces: pieces, seeds: 1...300) { octets, seed in
            let isValid = NaiveJSON.isValid(octets)
            #expect((walk(octets, .json) != nil) == isValid, "seed \(seed): \(hex(octets))")
        }
    }

    @Test("say that a value is of another kind, and where")
    func unexpectedKind() throws {
        func check<Reader: ItemReader & ~Escapable>(_ reader: consuming Reader, isMap: Bool) {
            var array = copy reader
            var map = reader
            #expect(array.isAtArray() == !isMap)
            #expect(map.isAtMap() == isMap)
            do throws(CodecError) {
                _ = isMap ? try array.beginArray() : try map.beginMap()
                Issue.record("entered")
            } catch {
                #expect(error == .unexpectedKind(at: 0))
            }
        }
        for (isMap, json, other) in [(true, "{}", "80 a0"), (false, "[]", "90 80")] {
            let text = Array(json.utf8)
            let pair = hex(other)
            check(JSONReader(unsafe text.span.bytes), isMap: isMap)
            check(MessagePackReader(unsafe pair.span.bytes), isMap: isMap)
            check(CBORReader(unsafe pair.span.bytes.extracting(1..<2)), isMap: isMap)
        }
    }

    @Test("read integers exactly, and only integers")
    func integers() throws {
        // Text, and what `unsigned` and `integer` say.
        let cases: [(String, UInt64?, Int64?)] = [
            ("0", 0, 0), ("23", 23, 23), ("24", 24, 24), ("127", 127, 127), ("128", 128, 128),
            ("255", 255, 255), ("256", 256, 256), ("65535", 65535, 65535),
            ("4294967295", 4_294_967_295, 4_294_967_295),
            ("4294967296", 4_294_967_296, 4_294_967_296),
            ("9007199254740992", 1 << 53, 1 << 53),
            ("9007199254740993", 1 << 53 + 1, 1 << 53 + 1),
            ("9223372036854775807", UInt64(Int64.max), Int64.max),
            ("9223372036854775808", 1 << 63, nil), ("18446744073709551615", .max, nil),
            ("-1", nil, -1), ("-24", nil, -24), ("-25", nil, -25), ("-32", nil, -32),
            ("-33", nil, -33), ("-128", nil, -128), ("-129", nil, -129), ("-32768", nil, -32768),
            ("-32769", nil, -32769), ("-2147483649", nil, -2_147_483_649),
            ("-9223372036854775808", nil, .min),
        ]
        func check<Reader: ItemReader & ~Escapable>(
            _ reader: consuming Reader, _ unsigned: UInt64?, _ integer: Int64?
        ) throws {
            var reader = reader
            let item = try reader.item()
            try reader.end()
            #expect(item.kind == .integer)
            #expect(reader.unsigned(item) == unsigned)
            #expect(reader.integer(item) == integer)
            if let integer { #expect(reader.double(item) == Double(integer)) }
        }
        for (text, unsigned, integer) in cases {
            for serialization in Serialization.allCases {
                for seed in UInt64(0)..<8 {
                    var encoding = Encoding(random: seed == 0 ? nil : SplitMix64(seed: seed))
                    let octets = encoding.encode(.integer(text), serialization)
                    let bytes = unsafe octets.span.bytes
                    switch serialization {
                    case .json: try check(JSONReader(bytes), unsigned, integer)
                    case .messagePack: try check(MessagePackReader(bytes), unsigned, integer)
                    case .cbor: try check(CBORReader(bytes), unsigned, integer)
                    }
                }
            }
        }
        for text in ["1.0", "1e3", "-0.0", "\"1\"", "true", "18446744073709551616"] {
            let octets = Array(text.utf8)
            var reader = JSONReader(unsafe octets.span.bytes)
            let item = try reader.item()
            #expect(reader.unsigned(item) == nil && reader.integer(item) == nil, "\(text)")
        }
    }

    @Test("compare strings with names, however they are written")
    func names() throws {
        func says<Reader: ItemReader & ~Escapable>(
            _ reader: consuming Reader, _ name: StaticString
        ) throws -> Bool {
            var reader = reader
            let item = try reader.item()
            return reader.string(item, equals: name)
        }
        let json: [(String, Bool)] = [
            (#""match""#, true), (#""m\u0061tch""#, true),
            (#""\u006d\u0061\u0074\u0063\u0068""#, true),
            (#""matc""#, false), (#""match1""#, false), (#""\u0161tch""#, false),
            (#""match\n""#, false),
            (#""\ud800""#, false), (#""""#, false), ("5", false), ("[\"match\"]", false),
        ]
        for (text, isMatch) in json {
            let octets = Array(text.utf8)
            #expect(try says(JSONReader(unsafe octets.span.bytes), "match") == isMatch, "\(text)")
        }
        let slash = Array(#""a\/b\"\\\t""#.utf8)
        #expect(try says(JSONReader(unsafe slash.span.bytes), "a/b\"\\\t"))
        let messagePack: [(String, Bool)] = [
            ("a5 6d61746368", true), ("d905 6d61746368", true), ("db00000005 6d61746368", true),
            ("a4 6d617463", false), ("a0", false), ("c405 6d61746368", false),
            ("91a56d61746368", false),
        ]
        for (text, isMatch) in messagePack {
            let octets = hex(text)
            #expect(
                try says(MessagePackReader(unsafe octets.span.bytes), "match") == isMatch, "\(text)"
            )
        }
        let cbor: [(String, Bool)] = [
            ("65 6d61746368", true), ("7805 6d61746368", true),
            ("7f 62 6d61 60 63 746368 ff", true),
            ("d9d9f7 65 6d61746368", true), ("7f 62 6d61 62 7463 ff", false), ("7fff", false),
            ("7f 65 6d61746368 61 68 ff", false), ("45 6d61746368", false), ("60", false),
        ]
        for (text, isMatch) in cbor {
            let octets = hex(text)
            #expect(try says(CBORReader(unsafe octets.span.bytes), "match") == isMatch, "\(text)")
        }
    }

    @Test("know octet strings, in JSON by the convention")
    func octetStrings() throws {
        func check<Reader: ItemReader & ~Escapable>(_ reader: consuming Reader) throws -> Bool {
            var reader = reader
            let item = try reader.item()
            return reader.isOctetString(item)
        }
        for (text, isOctets) in [
            (#""\u0000AQI=""#, true), (#""\u0000""#, true), (#""\u0000\/w==""#, true),
            (#""\u0000AQI""#, false), (#""\u0000A Q=""#, false), (#""AQI=""#, false),
            (#""\nAQI=""#, false), ("null", false), (#""""#, false), (#""\u0041AQI=""#, false),
        ] {
            let octets = Array(text.utf8)
            #expect(try check(JSONReader(unsafe octets.span.bytes)) == isOctets, "\(text)")
        }
        let binary = hex("c40101 41 01")
        #expect(try check(MessagePackReader(unsafe binary.span.bytes)))
        #expect(try check(CBORReader(unsafe binary.span.bytes.extracting(3..<5))))
    }

    @Test("take 64 containers inside one another and not one more, entered or skipped")
    func depth() throws {
        let shapes: [(Serialization, [UInt8], [UInt8])] = [
            (.json, hex("5b"), hex("5d")), (.json, Array("{\"a\":".utf8), hex("7d")),
            (.messagePack, hex("91"), []), (.messagePack, hex("81a161"), []),
            (.messagePack, hex("dd00000001"), []),
            (.cbor, hex("81"), []), (.cbor, hex("a16161"), []), (.cbor, hex("9f"), hex("ff")),
            (.cbor, hex("bf6161"), hex("ff")), (.cbor, hex("c1d9d9f781"), []),
        ]
        for (serialization, opening, closing) in shapes {
            func nested(_ depth: Int) -> [UInt8] {
                (0..<depth).flatMap { _ in opening } + Encoding.shortest(.null, serialization)
                    + (0..<depth).flatMap { _ in closing }
            }
            for depth in [1, 2, 63, 64] {
                #expect(error(of: nested(depth), serialization) == nil)
                #expect(walk(nested(depth), serialization) != nil)
            }
            for depth in [65, 66, 200, 10_000] {
                #expect(error(of: nested(depth), serialization) == .tooDeep)
                #expect(walk(nested(depth), serialization) == nil)
            }
        }
    }

    @Test("count the containers that were entered")
    func depthInside() throws {
        func check<Reader: ItemReader & ~Escapable>(_ reader: consuming Reader) {
            var reader = reader
            do throws(CodecError) {
                var array = try reader.beginArray()
                _ = try reader.next(&array)
                _ = try reader.item()
                Issue.record("65 containers were taken")
            } catch {
                #expect(error == .tooDeep)
            }
        }
        let json = [UInt8](repeating: 0x5B, count: 65)
        let messagePack = [UInt8](repeating: 0x91, count: 65) + [0]
        let cbor = [UInt8](repeating: 0x81, count: 65) + [0]
        check(JSONReader(unsafe json.span.bytes))
        check(MessagePackReader(unsafe messagePack.span.bytes))
        check(CBORReader(unsafe cbor.span.bytes))
    }
}
