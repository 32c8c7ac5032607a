// The payload table (One-Hub.md) as properties: every shape of arguments, written with and without
// white space, in every serialization, against the table once more.

import Bytes
import Codecs
import Testing

@testable import Hub

@Suite("payload table")
struct PayloadTableTests {
    private var random = SplitMix64(seed: 7)

    /// A JSON value without white space.
    private mutating func value(depth: Int = 2) -> String {
        switch random.next() % (depth > 0 ? 9 : 6) {
        case 0: return "null"
        case 1: return "true"
        case 2: return "\(random.next() % 1_000_000)"
        case 3: return "-\(1 + random.next() % 300)"
        case 4: return #""text \#(random.next() % 100) é,]}\"\\""#
        case 5: return #""""#
        case 6: return list((0..<random.next() % 3).map { _ in value(depth: depth - 1) })
        case 7: return map((0..<random.next() % 3).map { _ in value(depth: depth - 1) })
        default: return "1.5"
        }
    }

    private func list(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }

    private func map(_ values: [String]) -> String {
        let members = values.enumerated().map { #""k\#($0)":\#($1)"# }
        return "{" + members.joined(separator: ",") + "}"
    }

    /// The same with white space wherever it may stand.
    private mutating func spaced(_ text: String) -> [UInt8] {
        var octets: [UInt8] = []
        var (isInside, isEscaped) = (false, false)
        for octet in text.utf8 {
            let isQuote = octet == 0x22 && !isEscaped
            let isMark = !isInside && [0x2C, 0x3A, 0x5B, 0x5D, 0x7B, 0x7D].contains(octet)
            if isMark, octet == 0x5D || octet == 0x7D { octets += gap() }
            octets.append(octet)
            if isMark, octet != 0x5D, octet != 0x7D { octets += gap() }
            if isQuote { isInside.toggle() }
            isEscaped = isInside && octet == 0x5C && !isEscaped
        }
        return octets
    }

    private mutating func gap() -> [UInt8] {
        (0..<random.next() % 3).map { _ in [0x20, 0x09, 0x0A, 0x0D][Int(random.next() % 4)] }
    }

    /// Octets in another serialization.
    private func wire(
        _ octets: [UInt8], _ source: Serialization, _ target: Serialization
    ) -> [UInt8] {
        var buffer = OctetBuffer()
        try! transcode(unsafe octets.span.bytes, from: source, to: target, into: &buffer)
        return buffer.octets.array
    }

    /// JSON without white space, whoever wrote it.
    private func plain(_ octets: [UInt8]) -> String {
        String(decoding: wire(wire(octets, .json, .cbor), .cbor, .json), as: UTF8.self)
    }

    private func arguments(
        _ list: [UInt8]?, _ map: [UInt8]?, _ serialization: Serialization
    ) -> Arguments {
        let list = list.map { wire($0, .json, serialization) }
        let map = map.map { wire($0, .json, serialization) }
        // Something in front and behind, so that places matter.
        let octets = [0x7F] + (list ?? []) + [0x7F] + (map ?? []) + [0x7F]
        let end = 1 + (list?.count ?? 0)
        return Arguments(
            octets: octets, serialization: serialization,
            arguments: list == nil ? .absent : Extent(1..<end),
            keywords: map == nil ? .absent : Extent(end + 1..<octets.count - 1))
    }

    @Test("arguments become the value that the table says, in every serialization")
    mutating func values() {
        for round in 0..<400 {
            let items = (0..<[0, 0, 1, 1, 2, 3][round % 6]).map { _ in value() }
            let members = (0..<[0, 1, 2][round / 6 % 3]).map { _ in value() }
            let expected: String
            switch (items.count, members.count) {
            case (0, 0): expected = "null"
            case (1, 0): expected = items[0]
            case (_, 0): expected = list(items)
            case (0, _): expected = map(members)
            default: expected = #"{"args":\#(list(items)),"kwargs":\#(map(members))}"#
            }
            for isSpaced in [false, true] {
                let listText = isSpaced ? spaced(list(items)) : Array(list(items).utf8)
                let mapText = isSpaced ? spaced(map(members)) : Array(map(members).utf8)
                for serialization in Serialization.allCases {
                    // Explicit empties mean the same as none.
                    var shapes = [arguments(listText, mapText, serialization)]
                    if members.isEmpty {
                        shapes.append(arguments(listText, nil, serialization))
                        if items.isEmpty { shapes.append(arguments(nil, nil, serialization)) }
                    }
                    for shape in shapes {
                        let found = plain(shape.value())
                        if found != plain(Array(expected.utf8)) {
                            Issue.record(
                                "\(String(decoding: listText, as: UTF8.self)) \(String(decoding: mapText, as: UTF8.self)) in \(serialization): \(found), not \(expected)"
                            )
                        }
                    }
                }
            }
        }
    }

    @Test("a value as the only argument comes back as it was, octet by octet")
    mutating func roundTrip() {
        for _ in 0..<400 {
            let octets = spaced(value())
            let arguments = Arguments(value: octets)
            #expect(arguments.arguments.range == 0..<arguments.octets.count)
            #expect(arguments.keywords.isAbsent)
            #expect(arguments.listText == [0x5B] + octets + [0x5D])
            #expect(arguments.value() == octets)
        }
    }

    @Test("no arguments are null")
    func nothing() {
        #expect(Arguments().value() == Array("null".utf8))
        #expect(Arguments().listText.isEmpty && Arguments().keywordText.isEmpty)
    }

    @Test("payload that passes through unseen becomes a string")
    func opaque() {
        let octets: [UInt8] = [0xC4, 2, 1, 2]  // MessagePack: the octets 01 02
        let arguments = Arguments(
            octets: octets, serialization: .messagePack, arguments: Extent(0..<4))
        #expect(arguments.value() == Array(#""\u0000AQI=""#.utf8))
    }

    @Test("keys of passthru are absent together, and any of them is not")
    func passthru() {
        #expect(Passthru().isAbsent)
        let keys: [WritableKeyPath<Passthru, Extent>] = [
            \.scheme, \.serializer, \.cipher, \.keyID, \.oldAlgorithm, \.oldKey, \.oldSerializer,
        ]
        for key in keys {
            var passthru = Passthru()
            passthru[keyPath: key] = Extent(1..<2)
            #expect(!passthru.isAbsent)
        }
    }

    @Test("places outside the octets, and keywords without arguments, stop us")
    func preconditions() async {
        await #expect(processExitsWith: .failure) {
            _ = Arguments(octets: [], serialization: .json, arguments: Extent(0..<1))
        }
        await #expect(processExitsWith: .failure) {
            _ = Arguments(
                octets: [0x7B, 0x7D], serialization: .json, arguments: .absent,
                keywords: Extent(0..<2))
        }
        await #expect(processExitsWith: .failure) {
            _ = Arguments(
                octets: [0x5B, 0x5D], serialization: .json, arguments: Extent(0..<2),
                keywords: Extent(2..<4))
        }
    }
}
