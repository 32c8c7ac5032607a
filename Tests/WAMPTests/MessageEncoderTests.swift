import Bytes
import Codecs
import Testing

@testable import WAMP

@Suite struct MessageEncoderTests {
    private func check<Writer: ItemWriter>(_ writer: Writer.Type) throws {
        for source in Serialization.allCases {
            let (fromRouter, fromClient) = try encodedMessages(writer, payloadIn: source)
            for message in fromRouter {
                #expect(json(message.octets, Writer.serialization) == message.expected)
                let found = failure(message.octets, Writer.serialization, .client)
                #expect(found == nil, "\(message.expected)")
            }
            for message in fromClient {
                #expect(json(message.octets, Writer.serialization) == message.expected)
                let found = failure(message.octets, Writer.serialization)
                #expect(found == nil, "\(message.expected)")
            }
        }
    }

    @Test("what is written is what the reference shows, and the other side takes it")
    func everything() throws {
        try check(JSONWriter.self)
        try check(MessagePackWriter.self)
        try check(CBORWriter.self)
    }

    @Test("every message can be written")
    func complete() throws {
        let (fromRouter, fromClient) = try encodedMessages(JSONWriter.self, payloadIn: .json)
        var codes: Set<MessageCode> = [.hello, .authenticate]  // in tests of their own
        for message in fromRouter { codes.insert(try decode(message.octets, .json, .client).code) }
        for message in fromClient { codes.insert(try decode(message.octets, .json).code) }
        #expect(codes == Set(MessageCode.allCases))
    }

    @Test("AUTHENTICATE is a signature and its extra")
    func authenticate() {
        var buffer = OctetBuffer()
        MessageEncoder<JSONWriter>.authenticate(
            signature: "a\"b", extra: [("n", .number(5))], into: &buffer)
        #expect(buffer.octets.text == #"[5,"a\"b",{"n":5}]"#)
    }

    @Test("between equal serializations payload keeps its octets")
    func sameOctets() throws {
        let octets = Array(#"[16,1,{},"a.b",[ 1.50, 1e2 ],{"a" : "\u0041"}]"#.utf8)
        let span = unsafe octets.span.bytes
        let message = try decode(octets, .json)
        var buffer = OctetBuffer()
        try MessageEncoder<JSONWriter>.event(
            subscription: 1, publication: 2, payload: message.payload(in: span), into: &buffer)
        #expect(buffer.octets.text == #"[36,1,2,{},[ 1.50, 1e2 ],{"a" : "\u0041"}]"#)
    }

    @Test("the samples of the reference, octet for octet")
    func samples() throws {
        let packed: [UInt8] = [
            0x95, 0x24, 0xCF, 0, 0, 0, 0x01, 0x48, 0x8F, 0x41, 0xDB, 0xCF, 0, 0, 0, 0x01, 0x08,
            0x01, 0xF6, 0x1E, 0x80, 0x92, 0xA2, 0x48, 0x69, 0xC4, 0x02, 0x01, 0x02,
        ]
        let message = try decode(packed, .messagePack, .client)
        #expect(message.target == 5_512_315_355 && message.publication == 4_429_313_566)
        let payload = message.payload(in: unsafe packed.span.bytes)
        var again = OctetBuffer()
        try MessageEncoder<MessagePackWriter>.event(
            subscription: message.target, publication: message.publication, payload: payload,
            into: &again)
        #expect(again.octets.array == packed)
        var cbor = OctetBuffer()
        try MessageEncoder<CBORWriter>.event(
            subscription: message.target, publication: message.publication, payload: payload,
            into: &cbor)
        #expect(
            cbor.octets.array == [
                0x85, 0x18, 0x24, 0x1B, 0, 0, 0, 0x01, 0x48, 0x8F, 0x41, 0xDB, 0x1B, 0, 0, 0, 0x01,
                0x08, 0x01, 0xF6, 0x1E, 0xA0, 0x82, 0x62, 0x48, 0x69, 0x42, 0x01, 0x02,
            ])
    }
}
