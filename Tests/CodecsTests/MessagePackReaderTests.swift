import Bytes
import Codecs
import Testing

@Suite("MessagePack reader")
struct MessagePackReaderTests {
    static let valid: [(String, ItemKind)] = [
        ("00", .integer), ("7f", .integer), ("e0", .integer), ("ff", .integer), ("cc00", .integer),
        ("cd0000", .integer), ("ce00000000", .integer), ("cf0000000000000000", .integer),
        ("d000", .integer), ("d10000", .integer), ("d200000000", .integer),
        ("d3ffffffffffffffff", .integer), ("c0", .null), ("c2", .false), ("c3", .true),
        ("ca7fc00000", .float), ("cb7ff0000000000000", .float),
        ("a0", .string), ("a161", .string), ("d900", .string), ("d90161", .string),
        ("da000161", .string), ("db0000000161", .string), ("a3e282ac", .string),
        ("a8 6162636465666768", .string), ("a9 616263646566 e282ac", .string),
        ("c400", .octets), ("c401ff", .octets), ("c50001ff", .octets), ("c600000001ff", .octets),
        ("d400ff", .octets), ("d5010102", .octets), ("d6ff00000000", .octets),
        ("d7ff0000000000000000", .octets), ("d801 00000000000000000000000000000000", .octets),
        ("c70005", .octets), ("c70105ff", .octets), ("c8000105ff", .octets),
        ("c90000000105ff", .octets), ("c70cff 00000000 0000000000000000", .octets),
        ("90", .array), ("9101", .array), ("dc0000", .array), ("dc000101", .array),
        ("dd0000000101", .array), ("92 90 91 c0", .array), ("93 a161 c40161 80", .array),
        ("80", .map), ("81a16101", .map), ("81d9016101", .map), ("de0000", .map),
        ("de0001a16101", .map), ("df00000001a16101", .map), ("82a16101a16102", .map),
        ("81a161 81a162 91c0", .map),
    ]

    static let invalid: [(String, CodecError)] = [
        ("", .malformed(at: 0)), ("c1", .malformed(at: 0)), ("91c1", .malformed(at: 1)),
        ("cc", .malformed(at: 1)), ("cdff", .malformed(at: 2)), ("a2 61", .malformed(at: 2)),
        ("c402ff", .malformed(at: 3)), ("d4", .malformed(at: 1)), ("d400", .malformed(at: 2)),
        ("91", .malformed(at: 1)), ("81a161", .malformed(at: 3)), ("9291", .malformed(at: 2)),
        ("ddffffffff00", .malformed(at: 6)), ("dfffffffff00", .malformed(at: 6)),
        ("dbffffffff00", .malformed(at: 6)), ("c6ffffffff00", .malformed(at: 6)),
        ("c9ffffffff0000", .malformed(at: 7)), ("0000", .malformed(at: 1)),
        ("810000", .keyIsNoString(at: 1)), ("81c000", .keyIsNoString(at: 1)),
        ("81c4016100", .keyIsNoString(at: 1)), ("819000", .keyIsNoString(at: 1)),
        ("9181a1610081a161", .malformed(at: 5)),
        ("a1ff", .notText(at: 1)), ("a3eda080", .notText(at: 1)), ("a2c080", .notText(at: 1)),
        ("91a2e282", .notText(at: 2)), ("81a1ff00", .notText(at: 2)),
        ("a8 616263646566 67ff", .notText(at: 1)), ("a9 ff6162636465666768", .notText(at: 1)),
    ]

    @Test("takes what the specification allows and says what kind it is")
    func takesValid() throws {
        for (text, kind) in Self.valid {
            let octets = hex(text)
            let item = try scan(octets, .messagePack)
            #expect(item.kind == kind && item.range == 0..<octets.count, "\(text)")
            #expect(Value.naive(octets, .messagePack) != nil, "\(text)")
            for size in 0..<octets.count {
                #expect(error(of: Array(octets[..<size]), .messagePack) != nil, "\(text)")
            }
        }
    }

    @Test("refuses everything else, and says where")
    func refusesInvalid() {
        for (text, expected) in Self.invalid {
            #expect(error(of: hex(text), .messagePack) == expected, "\(text)")
            #expect(Value.naive(hex(text), .messagePack) == nil, "\(text)")
        }
    }

    @Test("delimits the contents of strings, octets and extensions")
    func contents() throws {
        for (text, contents) in [
            ("a161", 1..<2), ("db0000000161", 5..<6), ("c401ff", 2..<3), ("d400ff", 2..<3),
            ("c70105ff", 3..<4), ("c90000000105ff", 6..<7), ("cc05", 0..<2), ("9101", 0..<2),
        ] {
            let item = try scan(hex(text), .messagePack)
            #expect(item.contents == contents && item.isPlain, "\(text)")
        }
    }

    @Test("agrees with the naive parser on all of up to two octets, and on three behind containers")
    func shortInputs() {
        var disagreed: [String] = []
        func check(_ octets: [UInt8]) {
            let isTaken = error(of: octets, .messagePack) == nil
            if isTaken != (Value.naive(octets, .messagePack) != nil) {
                disagreed.append(hex(octets))
            }
        }
        for first in UInt8.min...UInt8.max {
            check([first])
            for second in UInt8.min...UInt8.max {
                check([first, second])
                for opening: UInt8 in [0x81, 0x92, 0xA2] { check([opening, first, second]) }
            }
        }
        #expect(disagreed == [])
    }

    @Test("agrees with the naive parser on mutated documents, walked or skipped")
    func mutated() {
        let pieces: [UInt8] = [
            0x00, 0x01, 0x02, 0x61, 0x7F, 0x80, 0x81, 0x82, 0x90, 0x91, 0x92, 0xA0, 0xA1, 0xA2,
            0xC0,
            0xC1, 0xC4, 0xC7, 0xCA, 0xCC, 0xD0, 0xD4, 0xD9, 0xDC, 0xDE, 0xE2, 0xFF,
        ]
        mutations(of: Self.valid.map { hex($0.0) }, pieces: pieces, seeds: 1...400) {
            octets, seed in
            let isValid = Value.naive(octets, .messagePack) != nil
            #expect(
                (error(of: octets, .messagePack) == nil) == isValid, "seed \(seed): \(hex(octets))")
            #expect((walk(octets, .messagePack) != nil) == isValid, "seed \(seed): \(hex(octets))")
        }
    }
}
