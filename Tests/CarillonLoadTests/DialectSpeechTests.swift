import Bytes
import Testing

@testable import CarillonLoad

@Suite("speech of the dialects")
struct DialectSpeechTests {
    /// `template` filled for client 77, room 12, request 5.
    private func text(_ template: Template?) throws -> String {
        var values = Template.Values()
        values.room = 12
        values.connection = 77
        values.number = 5
        values.payloadSize = 7
        var buffer = OctetBuffer()
        try #require(template).write(values, into: &buffer) { $0.append("PAYLOAD") }
        return buffer.octets.text
    }

    @Test("a client of high-templar subscribes with a requestId of its own and is triggered by it")
    func highTemplar() throws {
        let speech = Speech.highTemplar()
        #expect(try text(speech.path) == "/ws/")
        #expect(
            try text(speech.subscribe)
                == #"{"type":"subscribe","room":{"target":"load","room":"r12"},"#
                + #""requestId":"s77"}"#)
        #expect(
            try text(speech.publish)
                == #"{"rooms":[{"target":"load","room":"r12"}],"data":"PAYLOAD"}"#)
        #expect(try text(speech.publishPath) == "/trigger/" && speech.posts)
        #expect(try text(speech.own) == #""s77""#)
        #expect(speech.hello != nil && speech.denial.count == 2)
    }

    @Test("a covering trigger names all rooms by *")
    func covering() throws {
        #expect(
            try text(Speech.highTemplar(covers: true).publish)
                == #"{"rooms":[{"target":"load","room":"*"}],"data":"PAYLOAD"}"#)
    }

    @Test("a client of rohrpost subscribes to a group, and ping is its call unless it has a name")
    func rohrpost() throws {
        let speech = Speech.rohrpost()
        #expect(
            try text(speech.subscribe)
                == #"{"type":"subscribe","id":"s77","auth_jwt":"","#
                + #""data":{"type":"load","id":"r12"}}"#)
        #expect(
            try text(speech.publish)
                == #"{"class":"load","pk":"r12","change":"update","object":"PAYLOAD"}"#)
        #expect(
            try text(speech.request)
                == #"{"id":5,"type":"ping","auth_jwt":"","data":"PAYLOAD"}"#)
        #expect(
            try text(Speech.rohrpost(type: "sum").request)
                == #"{"id":5,"type":"sum","auth_jwt":"","data":{"data":"PAYLOAD"}}"#)
    }

    @Test("a client of Shampoo is subscribed by its path")
    func shampoo() throws {
        let speech = Speech.shampoo(method: "add")
        #expect(try text(speech.path) == "/load/r12/" && speech.subscribe == nil)
        #expect(speech.subprotocols == ["shampoo"])
        #expect(try text(speech.publish) == #"{"room":"load.r12","data":"PAYLOAD"}"#)
        #expect(
            try text(speech.request)
                == #"{"type":"request","method":"add","request_data":{"data":"PAYLOAD"},"#
                + #""request_id":5}"#)
    }

    @Test("what a dialect cannot do is said, and what it can is not")
    func objections() {
        for dialect in Dialect.allCases {
            let patterns = [.openAPI, .wamp, .template].contains(dialect)
            #expect((dialect.objection(to: .patterns) == nil) == patterns)
            #expect((dialect.objection(to: .requests) == nil) == (dialect != .highTemplar))
            let covering = [.highTemplar, .template].contains(dialect)
            #expect((dialect.objection(to: .covering) == nil) == covering)
            for need in [Dialect.Need.patterns, .requests, .covering] {
                #expect(dialect.objection(to: need)?.contains(dialect.rawValue) != false)
            }
        }
    }

    @Test("under a covering publication all rooms are one stream, and clients keep theirs")
    func coveringPlan() throws {
        let target = try Target("ws://127.0.0.1:8000")
        let speech = Speech.highTemplar(covers: true)
        let plan = LoadPlan(
            scenario: "rooms", target: target,
            populations: [
                Population(name: "subscribers", role: .subscriber, count: 30, speech: speech),
                Population(name: "publishers", role: .publisher, count: 1, speech: speech),
            ], roomCount: 10, isCovering: true)
        #expect(plan.streams.count == 1 && plan.audience == 30)
        #expect(plan.subscribedRoomCount == 10)
    }
}

@Suite("own parts")
struct OwnPartsTests {
    private func isIn(_ parts: OwnParts, _ message: String, _ slot: Int) -> Bool {
        unsafe Array(message.utf8).withUnsafeBytes { unsafe parts.isIn($0, slot) }
    }

    private func plan(_ speech: Speech) throws -> LoadPlan {
        LoadPlan(
            scenario: "fanout", target: try Target("ws://127.0.0.1:8000"),
            populations: [
                Population(name: "publishers", role: .publisher, count: 1, speech: speech),
                Population(name: "subscribers", role: .subscriber, count: 20, speech: speech),
            ], roomCount: 1)
    }

    @Test("each subscriber knows its own and nobody else's")
    func owners() throws {
        let members = [(population: 0, number: 0)] + (0..<20).map { (population: 1, number: $0) }
        let parts = OwnParts(try plan(.highTemplar()), members)
        #expect(!parts.isEmpty)
        for slot in 1...20 {
            for other in 1...20 {
                #expect(isIn(parts, #","requestId":"s\#(other)"}"#, slot) == (slot == other))
            }
            #expect(!isIn(parts, "", slot) && !isIn(parts, "s\(slot)", slot))
        }
        // The publisher has none and minds nothing.
        #expect(isIn(parts, "x", 0))
    }

    @Test("a speech without them has none")
    func none() throws {
        #expect(OwnParts(try plan(.openAPI), [(population: 1, number: 0)]).isEmpty)
    }
}
