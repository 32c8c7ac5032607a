import Bytes
import Codecs
import Foundation
import Testing

private func transcoded(
    _ octets: [UInt8], _ source: Serialization, _ target: Serialization
) throws(CodecError) -> [UInt8] {
    var buffer = OctetBuffer()
    try transcode(unsafe octets.span.bytes, from: source, to: target, into: &buffer)
    return buffer.octets.array
}

private func json(_ octets: String, _ source: Serialization) throws -> String {
    String(decoding: try transcoded(hex(octets), source, .json), as: UTF8.self)
}

private func binary(_ text: String, _ target: Serialization) throws -> String {
    hex(try transcoded(Array(text.utf8), .json, target))
}

@Suite("Transcoding")
struct TranscodeTests {
    @Test("gives what three other encoders write of the same value")
    func goldenVectors() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Vectors/codecs.txt")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count > 200)
        for line in lines {
            let fields = line.split(separator: "\t").map(String.init)
            let forms: [Serialization: [UInt8]] = [
                .json: Array(fields[0].utf8), .messagePack: hex(fields[1]), .cbor: hex(fields[2]),
            ]
            for (source, octets) in forms {
                for (target, expected) in forms {
                    let found = try transcoded(octets, source, target)
                    #expect(found == expected, "\(source) to \(target): \(fields[0])")
                }
            }
        }
    }

    @Test("agrees with the naive way for random values in every allowed form")
    func randomValues() throws {
        for seed in UInt64(1)...600 {
            var random = SplitMix64(seed: seed)
            let value = randomValue(&random)
            for source in Serialization.allCases {
                var encoding = Encoding(random: random)
                let octets = encoding.encode(value.converted(to: source), source)
                let read = Value.naive(octets, source)
                try #require(read != nil, "seed \(seed): the test writes no \(source)")
                for target in Serialization.allCases where target != source {
                    let found = try transcoded(octets, source, target)
                    let expected = Encoding.shortest(read!.converted(to: target), target)
                    #expect(
                        found == expected,
                        "seed \(seed): \(hex(octets)) from \(source) to \(target)")
                }
            }
        }
    }

    @Test("there and back gives the same value wherever the table has a place for it")
    func roundTrips() throws {
        for seed in UInt64(1)...300 {
            var random = SplitMix64(seed: seed)
            let value = randomValue(&random)
            for source in Serialization.allCases {
                for target in Serialization.allCases where target != source {
                    // What both can say is what is left after a way there and back.
                    let common = value.converted(to: source).converted(to: target)
                        .converted(to: source).converted(to: target)
                    let octets = Encoding.shortest(common, source)
                    let there = try transcoded(octets, source, target)
                    let back = try transcoded(there, target, source)
                    #expect(back == octets, "seed \(seed): \(source) to \(target)")
                }
            }
        }
    }

    @Test("between equal serializations copies the value as it was written")
    func same() throws {
        for (octets, source, expected) in [
            (Array(" {\"a\" : 1.50}\n".utf8), Serialization.json, Array("{\"a\" : 1.50}".utf8)),
            (hex("cd0001"), .messagePack, hex("cd0001")), (hex("9f1800ff"), .cbor, hex("9f1800ff")),
        ] {
            #expect(try transcoded(octets, source, source) == expected)
        }
    }

    @Test("writes NaN and the infinities to JSON as null")
    func notFinite() throws {
        #expect(
            try json("93 cb7ff8000000000000 ca7f800000 cbfff0000000000000", .messagePack)
                == "[null,null,null]")
        #expect(try json("83 f97e00 f97c00 f9fc00", .cbor) == "[null,null,null]")
        #expect(
            hex(try transcoded(hex("cb fff8000000000001"), .messagePack, .cbor))
                == "fb7ff8000000000000")
        #expect(try binary("[1e999,-1e999]", .cbor) == "82fb7ff0000000000000fbfff0000000000000")
    }

    @Test("keeps floats floats and integers integers")
    func numbers() throws {
        #expect(
            try binary("[1.0,1e2,-0.0,-0,1]", .messagePack)
                == "95cb3ff0000000000000cb4059000000000000cb80000000000000000001")
        #expect(
            try json("84 fb3ff0000000000000 f98000 00 fb4059000000000000", .cbor)
                == "[1.0,-0.0,0,100.0]")
        #expect(try json("ca3dcccccd", .messagePack) == "0.10000000149011612")
    }

    @Test("writes integers beyond 64 bits where there is a way, else the nearest float")
    func wideIntegers() throws {
        #expect(try binary("18446744073709551616", .cbor) == "c249010000000000000000")
        #expect(try binary("-18446744073709551617", .cbor) == "c349010000000000000000")
        #expect(try binary("-18446744073709551616", .cbor) == "3bffffffffffffffff")
        #expect(try binary("18446744073709551616", .messagePack) == "cb43f0000000000000")
        #expect(try binary("-9223372036854775809", .messagePack) == "cbc3e0000000000000")
        #expect(try json("c249010000000000000000", .cbor) == "18446744073709551616")
        #expect(try json("c349010000000000000000", .cbor) == "-18446744073709551617")
        #expect(try json("3bffffffffffffffff", .cbor) == "-18446744073709551616")
        // Leading zeros, chunks, small numbers and more tags make no difference.
        #expect(try json("c2420005", .cbor) == "5")
        #expect(try json("c340", .cbor) == "-1")
        #expect(try json("d9d9f7c25f4101420000ff", .cbor) == "65536")
        #expect(hex(try transcoded(hex("c24101"), .cbor, .messagePack)) == "01")
        // Tag 2 of anything but an octet string says nothing.
        #expect(try json("c26161", .cbor) == "\"a\"")
        #expect(try json("c2c04101", .cbor) == #""\u0000AQ==""#)
    }

    @Test("treats integers of more than 1024 bits like floats that are too large")
    func hugeIntegers() throws {
        let octets = [UInt8](repeating: 0xFF, count: 128)
        let largest = [0xC2, 0x58, 0x80] + octets
        let text = try transcoded(largest, .cbor, .json)
        #expect(text.count == 309 && text.starts(with: Array("17976931348623159".utf8)))
        #expect(try transcoded(text, .json, .cbor) == largest)
        #expect(hex(try transcoded(largest, .cbor, .messagePack)) == "cb7ff0000000000000")
        let larger = [0xC2, 0x58, 0x81, 0x01] + octets
        #expect(try transcoded(larger, .cbor, .json) == Array("null".utf8))
        let lower = [0xC3, 0x58, 0x80] + octets  // -1 minus the largest
        #expect(try transcoded(lower, .cbor, .json) == Array("null".utf8))
        #expect(hex(try transcoded(lower, .cbor, .messagePack)) == "cbfff0000000000000")
        for digits in [309, 310, 5000] {
            let nines = String(repeating: "9", count: digits)
            #expect(try binary(nines, .cbor) == "fb7ff0000000000000")
            #expect(try binary("-" + nines, .messagePack) == "cbfff0000000000000")
        }
    }

    @Test("follows the convention for octet strings, at any depth, but not in keys")
    func octetStrings() throws {
        #expect(
            try json("93 c4020102 c400 81a161c401ff", .messagePack)
                == #"["\u0000AQI=","\u0000",{"a":"\u0000/w=="}]"#)
        #expect(
            try binary(#"{"\u0000AQI=":"\u0000AQI="}"#, .messagePack) == "81a5004151493dc4020102")
        #expect(try binary(#"["\u0000\/\u0077=\u003D","\u0000"]"#, .cbor) == "8241ff40")
        for text in [#""\u0000AQI""#, #""\u0000!""#, #""\u0000AQI= ""#] {
            let there = try transcoded(Array(text.utf8), .json, .messagePack)
            #expect(try scan(there, .messagePack).kind == .string, "\(text)")
            #expect(try transcoded(there, .messagePack, .json) == Array(text.utf8))
        }
        // Such a string cannot be told from octets in JSON, which the convention accepts.
        #expect(try json("65 004151493d", .cbor) == #""\u0000AQI=""#)
        #expect(try json("5f41014102ff", .cbor) == #""\u0000AQI=""#)
    }

    @Test("leaves out CBOR's tags and takes unknown simple values as null")
    func tags() throws {
        #expect(
            try json("83 c074323031332d30332d32315432303a30343a30305a c11a514b67b0 d8184101", .cbor)
                == #"["2013-03-21T20:04:00Z",1363896240,"\u0000AQ=="]"#)
        #expect(try json("c482 21 196ab3", .cbor) == "[-2,27315]")
        #expect(try json("84 f7 f0 f8ff f6", .cbor) == "[null,null,null,null]")
        #expect(try json("d9d9f7 a1 c16161 c101", .cbor) == #"{"a":1}"#)
    }

    @Test("makes MessagePack's timestamps seconds and other extensions octets")
    func extensions() throws {
        #expect(try json("d6ff514b67b0", .messagePack) == "1363896240")
        #expect(try json("d7ff 77359400514b67b0", .messagePack) == "1363896240.5")
        #expect(try json("c70cff 00000000 ffffffffffffffff", .messagePack) == "-1")
        #expect(try json("c70cff 1dcd6500 ffffffffffffffff", .messagePack) == "-0.5")
        // A billion nanoseconds, another size, another type.
        #expect(
            try json("c70cff 3b9aca00 0000000000000000", .messagePack)
                == #""\u0000O5rKAAAAAAAAAAAA""#)
        #expect(try json("d4ff05", .messagePack) == #""\u0000BQ==""#)
        #expect(try json("d60100000005", .messagePack) == #""\u0000AAAABQ==""#)
        #expect(try json("c600000004 00000005", .messagePack) == #""\u0000AAAABQ==""#)
        #expect(try json("c404 ff000005", .messagePack) == #""\u0000/wAABQ==""#)
    }

    @Test("writes U+FFFD for half of a surrogate pair, and keeps keys that occur twice")
    func leftovers() throws {
        #expect(try binary(#""\ud800""#, .cbor) == "63efbfbd")
        #expect(try binary(#"{"a":1,"\u0061":2}"#, .messagePack) == "82a16101a16102")
    }

    @Test("puts an item of another serialization into a message that is being written")
    func intoMessage() throws {
        let item = hex("82a16101a162c4020102")
        var buffer = OctetBuffer()
        var writer = JSONWriter()
        let array = writer.beginArray(into: &buffer)
        writer.append(unsigned: 1, into: &buffer)
        try writer.append(transcoding: unsafe item.span.bytes, from: .messagePack, into: &buffer)
        writer.end(array, into: &buffer)
        #expect(buffer.octets.text == #"[1,{"a":1,"b":"\u0000AQI="}]"#)
    }

    @Test("leaves the buffer as it was when the value is none")
    func errors() {
        for (text, source, expected) in [
            ("92 01 c1", Serialization.messagePack, CodecError.malformed(at: 2)),
            ("81 a161", .messagePack, .malformed(at: 3)), ("9f01", .cbor, .malformed(at: 2)),
            ("a10101", .cbor, .keyIsNoString(at: 1)), ("8261ff", .cbor, .notText(at: 2)),
            ("0101", .cbor, .malformed(at: 1)), ("5b312c5d", .json, .malformed(at: 3)),
            ("312032", .json, .malformed(at: 2)),
        ] {
            for target in Serialization.allCases {
                var buffer = OctetBuffer()
                buffer.append("before")
                let octets = hex(text)
                do throws(CodecError) {
                    try transcode(
                        unsafe octets.span.bytes, from: source, to: target, into: &buffer)
                    Issue.record("\(text) was taken")
                } catch {
                    #expect(error == expected, "\(text) to \(target)")
                }
                #expect(buffer.octets.text == "before")
            }
        }
        for depth in [65, 100_000] {
            let nested = [UInt8](repeating: 0x5B, count: depth)
            #expect(throws: CodecError.tooDeep) { try transcoded(nested, .json, .cbor) }
        }
    }
}
