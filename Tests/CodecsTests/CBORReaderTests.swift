import Bytes
import Codecs
import Testing

@Suite("CBOR reader")
struct CBORReaderTests {
    /// RFC 8949, Appendix A, but for the maps with keys that are no strings; then more.
    static let valid: [(String, ItemKind)] = [
        ("00", .integer), ("01", .integer), ("0a", .integer), ("17", .integer), ("1818", .integer),
        ("1819", .integer), ("1864", .integer), ("1903e8", .integer), ("1a000f4240", .integer),
        ("1b000000e8d4a51000", .integer), ("1bffffffffffffffff", .integer),
        ("c249010000000000000000", .octets), ("3bffffffffffffffff", .integer),
        ("c349010000000000000000", .octets), ("20", .integer), ("29", .integer),
        ("3863", .integer), ("3903e7", .integer), ("f90000", .float), ("f98000", .float),
        ("f93c00", .float), ("fb3ff199999999999a", .float), ("f93e00", .float), ("f97bff", .float),
        ("fa47c35000", .float), ("fa7f7fffff", .float), ("fb7e37e43c8800759c", .float),
        ("f90001", .float), ("f90400", .float), ("f9c400", .float), ("fbc010666666666666", .float),
        ("f97c00", .float), ("f97e00", .float), ("f9fc00", .float), ("fa7f800000", .float),
        ("fa7fc00000", .float), ("faff800000", .float), ("fb7ff0000000000000", .float),
        ("fb7ff8000000000000", .float), ("fbfff0000000000000", .float), ("f4", .false),
        ("f5", .true), ("f6", .null), ("f7", .null), ("f0", .null), ("f8ff", .null),
        ("c074323031332d30332d32315432303a30343a30305a", .string), ("c11a514b67b0", .integer),
        ("c1fb41d452d9ec200000", .float), ("d74401020304", .octets),
        ("d818456449455446", .octets),
        ("d82076687474703a2f2f7777772e6578616d706c652e636f6d", .string), ("40", .octets),
        ("4401020304", .octets), ("60", .string), ("6161", .string), ("6449455446", .string),
        ("62225c", .string), ("62c3bc", .string), ("63e6b0b4", .string), ("64f0908591", .string),
        ("80", .array), ("83010203", .array), ("8301820203820405", .array),
        ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", .array), ("a0", .map),
        ("a26161016162820203", .map), ("826161a161626163", .array),
        ("a56161614161626142616361436164614461656145", .map), ("5f42010243030405ff", .octets),
        ("7f657374726561646d696e67ff", .string), ("9fff", .array), ("9f018202039f0405ffff", .array),
        ("9f01820203820405ff", .array), ("83018202039f0405ff", .array),
        ("83019f0203ff820405", .array),
        ("9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", .array),
        ("bf61610161629f0203ffff", .map), ("826161bf61626163ff", .array),
        ("bf6346756ef563416d7421ff", .map),
        ("5fff", .octets), ("7fff", .string), ("7f60ff", .string), ("bfff", .map),
        ("9b000000000000000101", .array), ("bb0000000000000001616101", .map),
        ("5b0000000000000000", .octets), ("1b0000000000000000", .integer), ("f820", .null),
        ("d9d9f7d9d9f780", .array), ("db00000000000000018100", .array), ("a1c16161 00", .map),
        ("a26161006161f6", .map), ("bf7f6161ff00ff", .map), ("9fbf6161bfffffff", .array),
    ]

    /// RFC 8949, Appendix F, and what our rules add.
    static let invalid: [(String, CodecError)] = [
        ("", .malformed(at: 0)), ("18", .malformed(at: 1)), ("19", .malformed(at: 1)),
        ("1a", .malformed(at: 1)), ("1b", .malformed(at: 1)), ("1901", .malformed(at: 2)),
        ("1a0102", .malformed(at: 3)), ("1b01020304050607", .malformed(at: 8)),
        ("38", .malformed(at: 1)), ("58", .malformed(at: 1)), ("78", .malformed(at: 1)),
        ("98", .malformed(at: 1)), ("9a01ff00", .malformed(at: 4)), ("b8", .malformed(at: 1)),
        ("d8", .malformed(at: 1)), ("f8", .malformed(at: 1)), ("f900", .malformed(at: 2)),
        ("fa0000", .malformed(at: 3)), ("fb000000", .malformed(at: 4)), ("41", .malformed(at: 1)),
        ("61", .malformed(at: 1)), ("5affffffff00", .malformed(at: 6)),
        ("5bffffffffffffffff010203", .malformed(at: 12)), ("7affffffff00", .malformed(at: 6)),
        ("7b7fffffffffffffff010203", .malformed(at: 12)), ("81", .malformed(at: 1)),
        ("818181818181818181", .malformed(at: 9)), ("8200", .malformed(at: 2)),
        ("a1", .malformed(at: 1)), ("a20102", .malformed(at: 3)), ("a100", .malformed(at: 2)),
        ("a2000000", .malformed(at: 4)), ("c0", .malformed(at: 1)), ("5f4100", .malformed(at: 3)),
        ("7f6100", .malformed(at: 3)), ("9f", .malformed(at: 1)), ("9f0102", .malformed(at: 3)),
        ("bf", .malformed(at: 1)), ("bf6161016162", .malformed(at: 6)), ("819f", .malformed(at: 2)),
        ("9f8000", .malformed(at: 3)), ("9f9f9f9f9fffffffff", .malformed(at: 9)),
        ("1c", .malformed(at: 0)), ("1d", .malformed(at: 0)), ("1e", .malformed(at: 0)),
        ("3c", .malformed(at: 0)), ("5c", .malformed(at: 0)), ("7d", .malformed(at: 0)),
        ("9e", .malformed(at: 0)), ("bc", .malformed(at: 0)), ("dd", .malformed(at: 0)),
        ("fc", .malformed(at: 0)), ("fd", .malformed(at: 0)), ("fe", .malformed(at: 0)),
        ("f800", .malformed(at: 0)), ("f801", .malformed(at: 0)), ("f818", .malformed(at: 0)),
        ("f81f", .malformed(at: 0)), ("5f00ff", .malformed(at: 1)), ("5f21ff", .malformed(at: 1)),
        ("5f6100ff", .malformed(at: 1)), ("5f80ff", .malformed(at: 1)),
        ("5fc000ff", .malformed(at: 1)), ("5ff5ff", .malformed(at: 1)),
        ("7f4100ff", .malformed(at: 1)), ("5f5f4100ffff", .malformed(at: 1)),
        ("7f7f6100ffff", .malformed(at: 1)), ("5fc24100ff", .malformed(at: 1)),
        ("ff", .malformed(at: 0)), ("81ff", .malformed(at: 1)), ("8200ff", .malformed(at: 2)),
        ("a1ff", .malformed(at: 2)), ("a1ff00", .malformed(at: 1)),
        ("a16161ff", .malformed(at: 3)), ("a20000ff", .malformed(at: 4)),
        ("9f81ff", .malformed(at: 2)), ("bf6161ff", .malformed(at: 3)),
        ("bf616100 6162ff", .malformed(at: 6)), ("1f", .malformed(at: 0)),
        ("3f", .malformed(at: 0)), ("df", .malformed(at: 0)), ("c0ff", .malformed(at: 1)),
        ("a10100", .keyIsNoString(at: 1)), ("bf0000ff", .keyIsNoString(at: 1)),
        ("a1416100", .keyIsNoString(at: 1)), ("a1c1f600", .keyIsNoString(at: 2)),
        ("61ff", .notText(at: 1)), ("7f61c361bcff", .notText(at: 2)), ("0000", .malformed(at: 1)),
    ]

    @Test("takes what RFC 8949 allows and says what kind it is")
    func takesValid() throws {
        for (text, kind) in Self.valid {
            let octets = hex(text)
            let item = try scan(octets, .cbor)
            #expect(item.kind == kind && item.range == 0..<octets.count, "\(text)")
            #expect(Value.naive(octets, .cbor) != nil, "\(text)")
            for size in 0..<octets.count {
                #expect(error(of: Array(octets[..<size]), .cbor) != nil, "\(text)")
            }
        }
    }

    @Test("refuses everything else, and says where")
    func refusesInvalid() {
        for (text, expected) in Self.invalid {
            #expect(error(of: hex(text), .cbor) == expected, "\(text)")
            #expect(Value.naive(hex(text), .cbor) == nil, "\(text)")
            #expect(walk(hex(text), .cbor) == nil, "\(text)")
        }
    }

    @Test("delimits the contents of strings and octets, chunks as they stand")
    func contents() throws {
        for (text, contents, isPlain) in [
            ("6161", 1..<2, true), ("780161", 2..<3, true), ("c0c06161", 3..<4, true),
            ("5f41014102ff", 1..<5, false), ("7fff", 1..<1, false), ("c105", 1..<2, true),
            ("d9d9f78100", 3..<5, true), ("9fff", 0..<2, true),
        ] {
            let item = try scan(hex(text), .cbor)
            #expect(item.contents == contents && item.isPlain == isPlain, "\(text)")
        }
    }

    @Test("reads floats of every width")
    func floats() throws {
        let cases: [(String, Double)] = [
            ("f90000", 0), ("f98000", -0.0), ("f93c00", 1), ("f93e00", 1.5), ("f97bff", 65504),
            ("f90001", 0x1p-24), ("f903ff", 0x3FFp-24), ("f90400", 0x1p-14), ("f9c400", -4),
            ("f97c00", .infinity), ("f9fc00", -.infinity), ("fa47c35000", 100_000),
            ("fa7f7fffff", 3.4028234663852886e+38), ("fb3ff199999999999a", 1.1),
            ("fbc010666666666666", -4.1), ("c1fb41d452d9ec200000", 1363896240.5),
        ]
        for (text, value) in cases {
            let octets = hex(text)
            var reader = CBORReader(unsafe octets.span.bytes)
            let item = try reader.item()
            #expect(reader.double(item)?.bitPattern == value.bitPattern, "\(text)")
        }
        for bits in UInt16.min...UInt16.max {
            let octets: [UInt8] = [0xF9, UInt8(bits >> 8), UInt8(bits & 0xFF)]
            var reader = CBORReader(unsafe octets.span.bytes)
            let value = reader.double(try reader.item())!
            let expected = Double(Float16(bitPattern: bits))
            #expect(
                value == expected && value.sign == expected.sign || value.isNaN && expected.isNaN)
        }
    }

    @Test("agrees with the naive parser on all of up to two octets, and on three behind containers")
    func shortInputs() {
        var disagreed: [String] = []
        func check(_ octets: [UInt8]) {
            let isTaken = error(of: octets, .cbor) == nil
            if isTaken != (Value.naive(octets, .cbor) != nil) { disagreed.append(hex(octets)) }
        }
        for first in UInt8.min...UInt8.max {
            check([first])
            for second in UInt8.min...UInt8.max {
                check([first, second])
                for opening: UInt8 in [0x82, 0xA1, 0xC2] { check([opening, first, second]) }
                for opening: UInt8 in [0x9F, 0xBF, 0x5F, 0x7F] {
                    check([opening, first, second, 0xFF])
                }
            }
        }
        #expect(disagreed == [])
    }

    @Test("agrees with the naive parser on mutated documents, walked or skipped")
    func mutated() {
        let pieces: [UInt8] = [
            0x00, 0x01, 0x17, 0x18, 0x1B, 0x1F, 0x20, 0x40, 0x41, 0x5F, 0x60, 0x61, 0x62, 0x7F,
            0x80,
            0x81, 0x82, 0x9F, 0xA0, 0xA1, 0xBF, 0xC2, 0xC3, 0xD8, 0xE2, 0xF4, 0xF6, 0xF8, 0xF9,
            0xFB,
            0xFF, 0xFF,
        ]
        mutations(of: Self.valid.map { hex($0.0) }, pieces: pieces, seeds: 1...400) {
            octets, seed in
            let isValid = Value.naive(octets, .cbor) != nil
            #expect((error(of: octets, .cbor) == nil) == isValid, "seed \(seed): \(hex(octets))")
            #expect((walk(octets, .cbor) != nil) == isValid, "seed \(seed): \(hex(octets))")
        }
    }
}
