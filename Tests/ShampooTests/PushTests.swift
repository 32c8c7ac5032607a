import Bytes
import Codecs
import DialectKit
import Hub
import Rooms
import Shampoo
import Testing

@Suite("shampoo pushes")
struct PushTests {
    private let dialect: ShampooDialect

    init() throws {
        dialect = ShampooDialect(
            id: DialectID(rawValue: 5), realm: .standard,
            endpoints: [
                try ShampooEndpoint(name: "a", path: "/a"),
                try ShampooEndpoint(name: "b", path: "/b", pushEvent: "\"e\"", pushKey: "k\n"),
            ])
    }

    private func push(
        _ room: String, _ payload: PublicationPayload, reading: Reading
    ) throws -> String? {
        let publication = Publication(
            realm: .standard, room: try Room(text: room), payload: payload)
        var message = OctetBuffer()
        guard let place = dialect.encode(publication, reading: reading, into: &message) else {
            return nil
        }
        let said = message.octets.extracting(place).array
        #expect(said == publication.value)
        return message.octets.text
    }

    private func push(_ room: String, _ json: String, reading: Reading = 0) throws -> String? {
        try push(room, .value(Array(json.utf8)), reading: reading)
    }

    @Test("have the last segment as their event, unless the endpoint has one")
    func events() throws {
        #expect(
            try push("a.b", "{}") == #"{"type":"push","push_event":"b","push_data":{}}"#)
        #expect(
            try push("a.b", "{}", reading: 1)
                == #"{"type":"push","push_event":"\"e\"","push_data":{}}"#)
        #expect(try push("a.", "{}") == #"{"type":"push","push_event":"","push_data":{}}"#)
        #expect(try push("a.%22é%0A", "{}")?.contains(#""push_event":"\"é\n""#) == true)
        // What is no text is no event, and is not made one.
        #expect(try push("a.%FFx", "{}") == nil)
        #expect(try push("a.%FFx", "{}", reading: 1) != nil)
    }

    @Test("carry an object as it is, and anything else as the member of one")
    func data() throws {
        let cases = [
            (#"{"a": 1.50}"#, #"{"a": 1.50}"#), (" {} ", " {} "), ("[{}]", #"{"data":[{}]}"#),
            ("null", #"{"data":null}"#), (#""{""#, #"{"data":"{"}"#), (" 1", #"{"data": 1}"#),
        ]
        for (payload, data) in cases {
            #expect(
                try push("r", payload)
                    == #"{"type":"push","push_event":"r","push_data":\#(data)}"#)
        }
        #expect(try push("r", "1", reading: 1)?.hasSuffix(#"{"k\n":1}}"#) == true)
    }

    @Test("say arguments by the table of payloads")
    func arguments() throws {
        let cases = [
            ("[]", "", #"{"data":null}"#), (#"[{"a":1}]"#, "", #"{"a":1}"#),
            ("[]", #"{"a":1}"#, #"{"a":1}"#), ("[1,2]", "", #"{"data":[1,2]}"#),
            ("[1]", #"{"a":1}"#, #"{"args":[1],"kwargs":{"a":1}}"#),
        ]
        for (list, keywords, data) in cases {
            let octets = Array((list + keywords).utf8)
            let map =
                keywords.isEmpty ? Extent.absent : Extent(list.utf8.count..<octets.count)
            let payload = PublicationPayload.arguments(
                Arguments(
                    octets: octets, serialization: .json, arguments: Extent(0..<list.utf8.count),
                    keywords: map))
            #expect(
                try push("r", payload, reading: 0)
                    == #"{"type":"push","push_event":"r","push_data":\#(data)}"#)
        }
        // {"a": 1} in CBOR.
        let map: [UInt8] = [0x80, 0xA1, 0x61, 0x61, 0x01]
        let payload = PublicationPayload.arguments(
            Arguments(
                octets: map, serialization: .cbor, arguments: Extent(0..<1),
                keywords: Extent(1..<5)))
        #expect(
            try push("r", payload, reading: 0)
                == #"{"type":"push","push_event":"r","push_data":{"a":1}}"#)
    }

    @Test("are not written for an endpoint that is not there")
    func strangers() throws {
        #expect(try push("r", "{}", reading: 2) == nil)
        #expect(try push("r", "{}", reading: .max) == nil)
    }

    @Test("say nothing about the room where every endpoint has its event")
    func ignoresRooms() throws {
        #expect(!dialect.ignoresRooms)
        let endpoint = try ShampooEndpoint(name: "b", path: "/b", pushEvent: "e")
        #expect(
            ShampooDialect(id: DialectID(rawValue: 5), realm: .standard, endpoints: [endpoint])
                .ignoresRooms)
        #expect(dialect.deliversOncePerConnection)
        #expect(dialect.messageKind == .text)
    }
}
