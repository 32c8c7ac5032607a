import Bytes
import DialectKit
import OpenAPIRPC
import Rooms
import Testing

@Suite("openapi-ws dialect")
struct OpenAPIDialectTests {
    private func encode(
        _ segments: [[UInt8]], reading: Reading, payload: String = "1.50"
    ) throws -> String? {
        var room = Room()
        for segment in segments { try room.append(unsafe segment.span.bytes) }
        let publication = Publication(
            realm: .standard, room: room, payload: Array(payload.utf8))
        var message = OctetBuffer()
        let hub = ModelHub()
        guard let data = hub.dialect.encode(publication, reading: reading, into: &message) else {
            let count = message.count
            #expect(count == 0)
            return nil
        }
        let said = message.octets.extracting(data).text
        #expect(said == payload)
        return message.octets.text
    }

    private func encode(_ name: String, reading: Reading) throws -> String? {
        let segments = name.split(separator: ".", omittingEmptySubsequences: false)
        return try encode(segments.map { Array($0.utf8) }, reading: reading)
    }

    @Test("says the first segments of a room as the channel and the rest as the event")
    func readings() throws {
        #expect(try encode("a.b.c", reading: 3) == #"{"channel":"a.b.c","event":"","data":1.50}"#)
        #expect(try encode("a.b.c", reading: 2) == #"{"channel":"a.b","event":"c","data":1.50}"#)
        #expect(try encode("a.b.c", reading: 1) == #"{"channel":"a","event":"b.c","data":1.50}"#)
        #expect(try encode("", reading: 1) == #"{"channel":"","event":"","data":1.50}"#)
        #expect(try encode("a.", reading: 1) == #"{"channel":"a","event":"","data":1.50}"#)
    }

    @Test("has nothing to say in a reading the room does not have")
    func impossibleReadings() throws {
        #expect(try encode("a.b", reading: 0) == nil)
        #expect(try encode("a.b", reading: 3) == nil)
        #expect(try encode("a.b", reading: .max) == nil)
    }

    @Test("escapes names, and has nothing to say in those that are no text")
    func names() throws {
        #expect(
            try encode([Array("q\"\n".utf8), Array("é\\".utf8)], reading: 1)
                == #"{"channel":"q\"\n","event":"é\\","data":1.50}"#)
        #expect(try encode([[0x61, 0xFF], [0x62]], reading: 1) == nil)
        #expect(try encode([[0x61], [0xC3]], reading: 1) == nil)
    }

    @Test("sends text, once per connection")
    func delivery() {
        let dialect: any Dialect = ModelHub().dialect
        #expect(dialect.deliversOncePerConnection)
        #expect(dialect.messageKind == .text)
    }

    @Test("accepts everybody and echoes no subprotocol")
    func opening() {
        let request = OpeningRequest(
            path: "/stream", query: "a=b", subprotocols: ["x", "y"], headers: [("origin", "z")])
        guard case .accept(_, subprotocol: nil) = ModelHub().dialect.open(request) else {
            Issue.record("refused, or a subprotocol was chosen")
            return
        }
    }

    @Test("knows its methods by their names")
    func methodNames() {
        let names = [
            "subscribe", "unsubscribe", "publish", "server_info", "info", "echo", "cancel",
            "badjson",
        ]
        let all = names.compactMap(OpenAPIMethods.init(name:))
        #expect(all.count == names.count)
        #expect(OpenAPIMethods(all) == [.standard, .test])
        for name in ["", "Publish", "publish ", "rpc"] {
            #expect(OpenAPIMethods(name: name) == nil)
        }
    }
}
