import Bytes
import Codecs
import Testing

@testable import OpenAPIRPC

/// The raw octets of every member of an envelope, by name.
private func members(of text: String) throws(JSONError) -> [String: String] {
    let octets = Array(text.utf8)
    let envelope = try Envelope(scanning: unsafe octets.span.bytes)
    var members: [String: String] = [:]
    if envelope.id != nil { members["id"] = envelope.raw(envelope.id).text }
    if envelope.method != nil { members["method"] = envelope.raw(envelope.method).text }
    if envelope.payload != nil { members["payload"] = envelope.raw(envelope.payload).text }
    if envelope.channel != nil { members["channel"] = envelope.raw(envelope.channel).text }
    if envelope.event != nil { members["event"] = envelope.raw(envelope.event).text }
    if envelope.data != nil { members["data"] = envelope.raw(envelope.data).text }
    return members
}

@Suite("openapi-ws envelope")
struct EnvelopeTests {
    @Test("finds its members in any order, and those of its payload")
    func finds() throws {
        let expected = [
            "id": #""p""#, "method": #""publish""#, "payload": #"{"data": [1] ,"channel":"c"}"#,
            "channel": #""c""#, "data": "[1]",
        ]
        let parts = [
            #""id":"p""#, #""method" : "publish""#, #""payload":{"data": [1] ,"channel":"c"}"#,
        ]
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let text = "{" + order.map { parts[$0] }.joined(separator: ",") + "}"
            #expect(try members(of: text) == expected)
        }
    }

    @Test("forgets the members of a payload that another one replaces")
    func replaced() throws {
        let first = #""payload":{"channel":"c","event":"e","data":1}"#
        #expect(try members(of: "{\(first),\"payload\":null}") == ["payload": "null"])
        #expect(
            try members(of: "{\(first),\"payload\":{\"data\":2}}")
                == ["payload": #"{"data":2}"#, "data": "2"])
    }

    @Test("does not look for members of the payload elsewhere")
    func elsewhere() throws {
        let text = #"{"channel":"x","other":{"channel":"y"},"payload":{"deep":{"channel":"z"}}}"#
        #expect(try members(of: text) == ["payload": #"{"deep":{"channel":"z"}}"#])
    }

    @Test("is refused when cut anywhere")
    func truncation() throws {
        let text = #"{"id":"p","method":"publish","payload":{"channel":"c","data":{"a":[1]}}}"#
        for size in 0..<text.utf8.count {
            #expect((try? members(of: String(text.prefix(size)))) == nil, "\(size)")
        }
        #expect((try? members(of: text)) != nil)
    }

    @Test("has at most 1024 members, and its payload any number")
    func memberLimit() throws {
        func object(_ count: Int) -> String {
            "{" + (0..<count).map { "\"k\($0)\":0" }.joined(separator: ",") + "}"
        }
        #expect((try? members(of: object(1024))) != nil)
        #expect(throws: JSONError.tooManyKeys) { try members(of: object(1025)) }
        #expect((try? members(of: "{\"payload\":\(object(5000))}")) != nil)
    }

    @Test("has numbers of at most 1024 digits, and its payload any")
    func digitLimit() throws {
        let number = String(repeating: "7", count: 1025)
        #expect(throws: JSONError.numberTooLong) { try members(of: "{\"x\":\(number)}") }
        #expect(throws: JSONError.numberTooLong) { try members(of: "{\"payload\":\(number)}") }
        #expect((try? members(of: "{\"payload\":{\"data\":\(number)}}")) != nil)
    }
}
