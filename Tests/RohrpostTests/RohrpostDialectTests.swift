import Bytes
import Codecs
import DialectKit
import DialectTesting
import Hub
import Rohrpost
import Rooms
import Testing

private func room(_ name: String) throws -> Room {
    let octets = Array(name.utf8)
    return try Room(dotted: unsafe octets.span.bytes)
}

/// What members get; `nil` when it cannot be said.
private func encoded(_ publication: Publication) -> String? {
    var message = OctetBuffer()
    let hub = ModelHub()
    let place = hub.dialect.encode(publication, reading: 0, into: &message)
    guard place != nil else { return nil }
    return message.octets.text
}

@Suite("rohrpost dialect")
struct RohrpostDialectTests {
    @Test("delivers once per connection, in text, and reads no headers")
    func traits() {
        let dialect = ModelHub().dialect
        #expect(dialect.deliversOncePerConnection)
        #expect(dialect.messageKind == .text)
        #expect(!dialect.readsHeaders)
        #expect(!dialect.ignoresRooms)
        #expect(dialect.refusalWithoutUpgrade == nil)
    }

    @Test("numbers a notification 1 to 1000, by the publication")
    func identifiers() throws {
        let cases: [(UInt64, String)] = [
            (1, "2"), (999, "1000"), (1000, "1"), (1 << 53, "993"), (123_456, "457"),
        ]
        for (identifier, number) in cases {
            let publication = Publication(
                realm: .standard, room: try room("a-1"), payload: .value([0x31]), id: identifier)
            #expect(
                encoded(publication)
                    == #"{"id":\#(number),"type":"subscription-update","data":"#
                    + #"{"group":"a-1","type":"update","object":1}}"#)
            #expect(encoded(publication) == encoded(publication))
        }
    }

    @Test("says what routers publish by the table of payloads")
    func arguments() throws {
        let cases: [(Arguments, String)] = [
            (Arguments(), "null"), (Arguments("[1]"), "[1]"),
            (Arguments(keywords: Array(#"{"a":1}"#.utf8)), #"{"a":1}"#),
        ]
        for (arguments, object) in cases {
            let publication = Publication(
                realm: .standard, room: try room("a"), payload: .arguments(arguments), id: 1)
            #expect(
                encoded(publication)
                    == #"{"id":2,"type":"subscription-update","data":"#
                    + #"{"group":"a","type":"update","object":\#(object)}}"#)
        }
    }

    @Test("names rooms of other dialects, unless their name is no text")
    func foreignRooms() throws {
        let rooms: [(String, String)] = [
            ("a.b", "a.b"), ("a.é%22", "a.é\\\""), ("..", ".."), ("%00", "\\u0000"),
        ]
        for (text, name) in rooms {
            let publication = Publication(
                realm: .standard, room: try Room(text: text), payload: [0x31])
            let message = try #require(encoded(publication))
            #expect(message.contains(#""group":"\#(name)","#), "\(message)")
            _ = try JSONTree(message)
        }
        let nameless = Publication(
            realm: .standard, room: try Room(text: "a.%FF"), payload: [0x31])
        #expect(encoded(nameless) == nil)
    }

    @Test("gives every group a room of its own, and names that room by the group again")
    func injective() throws {
        var random = SplitMix64(seed: 1)
        let letters = Array("ab.-%*#&=: \u{e9}{}\"")
        var groups: [Room: String] = [:]
        let hub = ModelHub()
        for _ in 0..<5000 {
            let type = String(
                (0..<Int.random(in: 1..<6, using: &random)).map { _ in
                    letters.randomElement(using: &random)!
                })
            var request = OctetBuffer()
            request.append(#"{"id":1,"type":"subscribe","data":{"id":5,"type":"# as StaticString)
            request.append(jsonString: type)
            request.append("}}" as StaticString)
            let client = hub.open()
            hub.send(request.octets.text, from: client)
            guard case .exact(let room)? = client.subscriptions.first?.pattern else {
                Issue.record("\(type) is no group")
                continue
            }
            let group = "\(type)-5"
            #expect(groups[room] == nil || groups[room] == group)
            groups[room] = group
            #expect(room.dottedText == group)
            hub.publish(Publication(realm: .standard, room: room, payload: [0x31]))
            var name = OctetBuffer()
            name.append(jsonString: group)
            #expect(client.takeMessages().last?.contains(#""group":\#(name.octets.text),"#) == true)
            hub.close(client)
        }
    }
}

@Suite("Name templates")
struct NameTemplateTests {
    @Test("put in what stands for a place, and leave everything else")
    func places() throws {
        let cases: [(template: String, group: String?)] = [
            ("{type}-{id}", "t-i"), ("{id}", "i"), ("{id}{id}{type}", "iit"), ("x.{type}", "x.t"),
            ("{pk}.{type}", "{pk}.t"), ("{{type}}", "{t}"), ("{type", "{type"), ("fixed", "fixed"),
            ("", nil),
        ]
        for (template, group) in cases {
            let hub = ModelHub(
                RohrpostSettings(groupTemplate: NameTemplate(subscription: template)))
            let client = hub.open()
            hub.send(#"{"id":1,"type":"subscribe","data":{"type":"t","id":"i"}}"#, from: client)
            let answer =
                group.map { #"{"id":1,"type":"subscribe","data":{"group":"\#($0)"}}"# }
                ?? #"{"id":1,"type":"subscribe","error":"ACCESS_DENIED"}"#
            #expect(client.takeMessages() == [answer], "\(template)")
        }
    }

    @Test("make no name that is longer than a room's")
    func sizes() {
        for size in [253, 254, 100_000] {
            let client = ModelHub().open()
            let type = String(repeating: "x", count: size)
            var commands = Commands()
            let request = Array(
                #"{"id":1,"type":"subscribe","data":{"type":"\#(type)","id":1}}"#.utf8)
            client.session.receive(.text, unsafe request.span.bytes, &commands)
            #expect(commands.list.count == (size == 253 ? 2 : 1))
        }
    }
}
