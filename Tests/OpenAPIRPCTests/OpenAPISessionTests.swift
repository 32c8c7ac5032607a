import Bytes
import DialectKit
import DialectTesting
import Hub
import OpenAPIRPC
import Rooms
import Testing

extension ModelConnection {
    /// Takes the one message that has arrived.
    fileprivate func takeMessage() throws -> String {
        guard case .message(let text)? = take().only else {
            throw Transcript.FormatError(description: "no message")
        }
        return text
    }
}

extension Array {
    fileprivate var only: Element? { count == 1 ? self[0] : nil }
}

@Suite("openapi-ws session")
struct OpenAPISessionTests {
    private func hub() -> (ModelHub, ModelConnection) {
        let hub = ModelHub()
        hub.procedures = ["add"]
        return (hub, hub.open())
    }

    @Test("asks a procedure for a method it does not know, with the payload as it came")
    func callsProcedure() throws {
        let (hub, client) = hub()
        hub.send(#"{"id":"1","method":"add","payload":{"a": 1.50}}"#, from: client)
        #expect(client.pendingCall?.request.procedure.dottedText == "add")
        #expect(client.pendingCall?.request.arguments.firstValue == Array(#"{"a": 1.50}"#.utf8))
        #expect(client.take().isEmpty)
        hub.answerCall(of: client, .result(Arguments(value: Array("[2.50]".utf8))))
        #expect(try client.takeMessage() == #"{"id":"1","method":"add","response":[2.50]}"#)
    }

    @Test("asks with an empty object when there is no payload")
    func callsWithoutPayload() throws {
        let (hub, client) = hub()
        for payload in ["", #","payload":null"#, #","payload":{}"#] {
            hub.send(#"{"id":null,"method":"\u0061dd"\#(payload)}"#, from: client)
            #expect(client.pendingCall?.request.procedure.dottedText == "add")
            #expect(client.pendingCall?.request.arguments.firstValue == Array("{}".utf8))
            hub.answerCall(of: client, .result(Arguments(value: Array("null".utf8))))
            #expect(
                try client.takeMessage() == #"{"id":null,"method":"\u0061dd","response":null}"#)
        }
    }

    @Test("a channel longer than any room is told so, whatever its letters are")
    func longChannel() throws {
        let hub = ModelHub(OpenAPISettings(channels: .lowercase))
        let client = hub.open()
        for letter in ["A", "\u{C4}"] {
            let channel = String(repeating: letter, count: 300)
            for method in ["publish", "subscribe"] {
                let payload = #"{"channel":"\#(channel)","data":""}"#
                hub.send(
                    #"{"id":"1","method":"\#(method)","payload":\#(payload)}"#, from: client)
                let answer = try client.takeMessage()
                #expect(answer.contains("longer than 255 octets"))
            }
        }
    }

    @Test("makes a long list of channels off the core, and keeps the order of answers")
    func longServerInfo() throws {
        let (hub, client) = hub()
        let other = hub.open()
        for number in 0..<100 {
            let payload = #"{"channel":"c\#(number)","event":"e"}"#
            hub.send(
                #"{"id":"s","method":"subscribe","payload":\#(payload)}"#,
                from: number % 2 == 0 ? client : other)
        }
        _ = client.take()
        hub.send(#"{"id":"1","method":"server_info"}"#, from: client)
        hub.send(#"{"id":"2","method":"echo"}"#, from: client)
        #expect(client.take().isEmpty)
        hub.finishWork(of: client)
        let answers = client.takeMessages()
        let channels = (0..<100).map { #""c\#($0)":{"e":1}"# }.joined(separator: ",")
        #expect(
            answers == [
                #"{"id":"1","method":"server_info","response":{"connections":2,"#
                    + #""channels":{\#(channels)}}}"#,
                #"{"id":"2","method":"echo","response":{}}"#,
            ])
    }

    @Test("keeps the order of answers while a procedure takes its time")
    func answersInOrder() {
        let (hub, client) = hub()
        hub.send(#"{"id":"1","method":"add"}"#, from: client)
        hub.send(#"{"id":"2","method":"echo"}"#, from: client)
        #expect(client.take().isEmpty)
        hub.answerCall(of: client, .result(Arguments(value: Array("3".utf8))))
        let arrivals = client.take()
        #expect(
            arrivals == [
                .message(#"{"id":"1","method":"add","response":3}"#),
                .message(#"{"id":"2","method":"echo","response":{}}"#),
            ])
    }

    @Test("says what a procedure says no with")
    func failure() throws {
        let (hub, client) = hub()
        hub.send(#"{"id":"1","method":"add"}"#, from: client)
        hub.answerCall(of: client, .failure(ProcedureError(status: 500, message: "not \"today\"")))
        #expect(
            try client.takeMessage()
                == #"{"error":{"message":"not \"today\""},"id":"1","method":"add"}"#)
        hub.send(#"{"id":"","method":"add"}"#, from: client)
        hub.answerCall(of: client, .failure(ProcedureError(status: 500, message: "no")))
        #expect(try client.takeMessage() == #"{"error":{"message":"no"},"method":"add"}"#)
    }

    @Test("knows no method whose procedure has gone meanwhile")
    func procedureGone() throws {
        let (hub, client) = hub()
        hub.send(#"{"id":"1","method":"add"}"#, from: client)
        hub.answerCall(of: client, .failure(ProcedureError(uri: ProcedureError.noSuchProcedureURI)))
        let expected = try JSONTree(
            #"""
            {"error":{"message":"Invalid RPC parameters",
            "errors":{"method":"add method not available"}},"id":"1","method":"add"}
            """#)
        #expect(try JSONTree(client.takeMessage()) == expected)
    }

    @Test("closes with 1011 when a procedure crashes")
    func crash() {
        let (hub, client) = hub()
        hub.send(#"{"id":"1","method":"add"}"#, from: client)
        hub.answerCall(of: client, .failure(.crashed))
        #expect(client.take() == [.close(1011)])
    }

    @Test("says that a result is no JSON")
    func resultIsNoJSON() throws {
        let (hub, client) = hub()
        hub.send(#"{"id":"1","method":"add"}"#, from: client)
        hub.answerCall(of: client, .failure(ProcedureError(uri: ProcedureError.notJSONURI)))
        #expect(
            try client.takeMessage()
                == #"{"error":{"message":"JSON object expected"},"id":"1","method":"add"}"#)
    }

    @Test("ignores answers to questions it has not asked")
    func strangeAnswers() {
        let (_, client) = hub()
        var commands = Commands()
        client.session.answered(7, .failure(.crashed), &commands)
        #expect(commands.list.isEmpty)
    }

    @Test("prefers its own methods to procedures of the same name")
    func ownMethodsFirst() throws {
        let (hub, client) = hub()
        hub.procedures = ["echo"]
        hub.send(#"{"id":"1","method":"echo"}"#, from: client)
        #expect(try client.takeMessage() == #"{"id":"1","method":"echo","response":{}}"#)
    }

    @Test("closes with 1008 after the hundredth subscription beyond the limit")
    func refusals() {
        let hub = ModelHub(OpenAPISettings(subscriptionLimit: 0))
        let client = hub.open()
        for index in 1...100 {
            #expect(client.isOpen)
            hub.send(
                #"{"id":"1","method":"subscribe","payload":{"channel":"c"}}"#, from: client)
            #expect(client.take().count == (index < 100 ? 1 : 2))
        }
        #expect(!client.isOpen)
    }

    @Test("holds as many subscriptions as the limit says, ten thousand by default")
    func subscriptionLimit() throws {
        #expect(OpenAPISettings().subscriptionLimit == 10_000)
        let hub = ModelHub(OpenAPISettings(subscriptionLimit: 50))
        let client = hub.open()
        for index in 0..<60 {
            hub.send(
                #"{"id":"1","method":"subscribe","payload":{"channel":"c","event":"\#(index)"}}"#,
                from: client)
            let isRefused = try client.takeMessage().contains("limit of 50")
            #expect(isRefused == (index >= 50))
        }
        #expect(client.subscriptions.count == 50)
    }

    @Test("tells no more octets of subscriptions than the limit, a megabyte by default")
    func subscriptionSizeLimit() throws {
        var settings = OpenAPISettings(refusalLimit: 1000)
        #expect(settings.subscriptionSizeLimit == 1 << 20)
        settings.subscriptionSizeLimit = 10_000
        let hub = ModelHub(settings)
        let client = hub.open()
        let filling = String(repeating: "x", count: 200)
        for index in 100..<160 {
            hub.send(
                #"{"id":"1","method":"subscribe","payload":{"channel":"c","event":"\#(filling)\#(index)"}}"#,
                from: client)
            let isRefused = try client.takeMessage().contains("limit of 10000 octets of")
            #expect(isRefused == (index >= 149))
        }
        #expect(client.subscriptions.count == 49)
    }

    @Test("gives a publication its room, its reading and the octets of its data")
    func publication() throws {
        let (hub, client) = hub()
        hub.send(
            #"{"id":"p","method":"publish","payload":{"channel":"a.b","event":"c.d","data":{"n": 1.50}}}"#,
            from: client)
        let publication = try #require(hub.state.publications.only)
        #expect(publication.room.segmentCount == 3)
        #expect(Array(publication.room[segment: 2]) == Array("c.d".utf8))
        #expect(publication.reading == 2)
        #expect(publication.dialect == ModelHub.dialectID)
        #expect(publication.value == Array(#"{"n": 1.50}"#.utf8))
    }

    @Test("replies with JSON to whatever comes")
    func mutations() throws {
        let mutations = try Mutations(of: "openapi-ws")
        for seed in UInt64(1)...200 {
            var random = SplitMix64(seed: seed)
            let hub = ModelHub(OpenAPISettings(testMethods: true))
            hub.procedures = ["wtf"]
            for _ in 0..<20 {
                let client = hub.open()
                let octets = mutations.message(&random)
                hub.send(.text, octets, from: client)
                for case .message(let text) in client.take() {
                    let isObject = if case .object? = try? JSONTree(text) { true } else { false }
                    #expect(
                        isObject, "seed \(seed): \(String(decoding: octets, as: UTF8.self))")
                }
            }
        }
    }
}
