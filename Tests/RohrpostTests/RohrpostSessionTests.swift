import Bytes
import Codecs
import Crypto
import DialectKit
import DialectTesting
import Hub
import Rohrpost
import Rooms
import Testing
import Tokens

@Suite("rohrpost session")
struct RohrpostSessionTests {
    @Test("answers in the order of the requests while a procedure takes its time")
    func order() {
        let hub = ModelHub()
        hub.procedures["slow"] = { _ in nil }
        let client = hub.open()
        hub.send(#"{"id":1,"type":"slow"}"#, from: client)
        hub.send(#"{"id":2,"type":"ping"}"#, from: client)
        #expect(client.takeMessages().isEmpty)
        hub.answerCall(of: client, .value("{}"))
        #expect(client.takeMessages() == [#"{"id":1,"type":"slow"}"#, #"{"id":2,"type":"pong"}"#])
    }

    @Test("calls a procedure with the data as it came, or an empty object")
    func arguments() {
        let hub = ModelHub()
        let client = hub.open()
        let cases = [
            (#","data":{"a": 1.50}"#, #"{"a": 1.50}"#), (#","data":[1,2]"#, "[1,2]"),
            (#","data":null"#, "null"), ("", "{}"),
        ]
        for (member, expected) in cases {
            hub.send(#"{"id":1,"type":"add"\#(member)}"#, from: client)
            #expect(hub.calls.last?.arguments.text == expected)
            #expect(hub.calls.last?.procedure.dottedText == "add")
            #expect(hub.calls.last?.timeLimit == 30_000_000_000)
        }
    }

    @Test("tells the procedure what the token claims, and never the token")
    func context() throws {
        let secret = Array("a secret of at least thirty-two octets".utf8)
        let check = try #require(WebTokenCheck(.sha256, secret: secret))
        let hub = ModelHub(RohrpostSettings(token: .signed(check)))
        let client = hub.open()
        let token = try signed(#"{"sub":"x","exp":2000000000}"#, secret)
        hub.send(#"{"id":1,"type":"a\u0064d","auth_jwt":"\#(token)"}"#, from: client)
        let context = String(decoding: try #require(hub.calls.last).context, as: UTF8.self)
        #expect(
            context
                == #"{"dialect":"rohrpost","type":"a\u0064d","claims":{"sub":"x","exp":2000000000}}"#
        )
        #expect(!context.contains(token))

        let open = ModelHub()
        open.send(#"{"id":1,"type":"add","auth_jwt":"x"}"#, from: open.open())
        #expect(
            String(decoding: try #require(open.calls.last).context, as: UTF8.self)
                == #"{"dialect":"rohrpost","type":"add"}"#)
    }

    @Test("a type may be a megabyte of marks that are out of order")
    func marks() {
        // Swift hashes and compares such a text in minutes.
        let marks = "a" + String(repeating: "\u{301}\u{323}", count: 250_000)
        let hub = ModelHub()
        let client = hub.open()
        hub.send(#"{"id":1,"type":"\#(marks)"}"#, from: client)
        #expect(client.takeMessages().first?.utf8.contains(0x7B) == true)
        hub.procedures["fails"] = { _ in .failure(ProcedureError(uri: marks)) }
        hub.send(#"{"id":2,"type":"fails"}"#, from: client)
        #expect(client.takeMessages().count == 1)
    }

    @Test("looks at the clock when a token expires")
    func expiry() throws {
        let secret = Array("secret".utf8)
        let check = try #require(WebTokenCheck(.sha256, secret: secret))
        let clock = ModelClock(seconds: 99)
        let hub = ModelHub(RohrpostSettings(token: .signed(check))) { clock.seconds }
        let client = hub.open()
        let token = try signed(#"{"exp":100}"#, secret)
        let request =
            #"{"id":1,"type":"subscribe","auth_jwt":"\#(token)","data":{"type":"a","id":1}}"#
        hub.send(request, from: client)
        #expect(client.takeMessages() == [#"{"id":1,"type":"subscribe","data":{"group":"a-1"}}"#])
        clock.seconds = 100
        hub.send(request, from: client)
        #expect(client.takeMessages() == [#"{"id":1,"type":"subscribe","error":"ACCESS_DENIED"}"#])
    }

    @Test("refuses a subscription that the index has no room for, and forgets it")
    func indexFull() {
        let hub = ModelHub()
        let client = hub.open()
        let request = #"{"id":1,"type":"subscribe","data":{"type":"a","id":1}}"#
        hub.isIndexFull = true
        hub.send(request, from: client)
        #expect(client.takeMessages() == [#"{"id":1,"type":"subscribe","error":"ACCESS_DENIED"}"#])
        hub.isIndexFull = false
        hub.send(request, from: client)
        #expect(client.takeMessages() == [#"{"id":1,"type":"subscribe","data":{"group":"a-1"}}"#])
        #expect(client.subscriptions.count == 1)
    }

    @Test("subscribes before it answers")
    func effectiveBeforeAnswer() {
        let hub = ModelHub()
        guard
            case .accept(let session, _) = hub.dialect.open(
                .init(
                    path: "/", query: "", subprotocols: [], headers: []))
        else { return }
        var commands = Commands()
        let request = Array(#"{"id":1,"type":"subscribe","data":{"type":"a.b","id":1}}"#.utf8)
        session.receive(.text, unsafe request.span.bytes, &commands)
        #expect(commands.list.count == 2)
        guard case .subscribe(.exact(let room), 0, tail: []) = commands.list[0],
            case .reply(.text, _) = commands.list[1]
        else {
            Issue.record("\(commands.list)")
            return
        }
        #expect(room.segmentCount == 2)
    }

    @Test("counts its errors, so that the engine can end who only makes mistakes")
    func errorCount() {
        let hub = ModelHub()
        let client = hub.open()
        for text in ["", "x", "{}", "[]", #"{"id":1,"type":"nobody"}"#] {
            hub.send(text, from: client)
        }
        #expect(client.errorCount == 5)
        hub.send(#"{"id":1,"type":"ping"}"#, from: client)
        #expect(client.errorCount == 5)
        hub.send(#"{"id":1,"type":"subscribe","data":{}}"#, from: client)
        #expect(client.errorCount == 5, "no is an answer")
        #expect(client.isOpen)
    }

    @Test("sends no result that is not one JSON value, and no error without a word")
    func brokenOutcomes() {
        let hub = ModelHub()
        let client = hub.open()
        let failed = #"{"id":1,"type":"add","error":"Internal server error."}"#
        let outcomes: [CallOutcome] = [
            .value("nope"), .value("{"), .value(#"{"a":}"#),
            .error("wamp.error.runtime_error", ""), .error("", ""),
        ]
        for outcome in outcomes {
            hub.procedures["add"] = { _ in outcome }
            hub.send(#"{"id":1,"type":"add"}"#, from: client)
            #expect(client.takeMessages() == [failed])
        }
    }

    @Test("takes the first result where the rule says so")
    func firstResult() {
        let hub = ModelHub(
            RohrpostSettings(calls: CallableTypes(every: CallRule(result: .first))))
        let client = hub.open()
        let arguments = Array(#"[{"a":1},2]"#.utf8)
        let outcome = CallOutcome.result(
            Arguments(
                octets: arguments, serialization: .json,
                arguments: Extent(0..<arguments.count)))
        hub.procedures["add"] = { _ in outcome }
        hub.send(#"{"id":1,"type":"add"}"#, from: client)
        #expect(client.takeMessages() == [#"{"id":1,"type":"add","data":{"a":1}}"#])
    }

    @Test("ignores answers to questions it has not asked")
    func strangeAnswers() {
        let client = ModelHub().open()
        var commands = Commands()
        client.session.answered(7, .value("{}"), &commands)
        #expect(commands.list.isEmpty)
    }

    @Test("names the limit that a message meets")
    func limits() {
        let client = ModelHub().open()
        let deep = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
        let members = (0..<1025).map { #""\#($0)":0"# }.joined(separator: ",")
        let cases = [
            (#"{"id":1,"type":"ping","data":\#(deep)}"#, "nested deeper than 64 levels"),
            (
                #"{"id":\#(String(repeating: "1", count: 1025)),"type":"ping"}"#,
                "number longer than 1024 digits"
            ),
            ("{\(members)}", "more than 1024 members"), ("{]", "not JSON at octet 1"),
        ]
        for (text, detail) in cases {
            var commands = Commands()
            let octets = Array(text.utf8)
            client.session.receive(.text, unsafe octets.span.bytes, &commands)
            #expect(
                commands.octets.octets.text
                    == #"{"error":"Could not decode JSON message. Error: \#(detail)"}"#)
        }
    }

    @Test("does not spell out a large list that is no type")
    func largeType() {
        let hub = ModelHub()
        let client = hub.open()
        let list = "[" + Array(repeating: "0", count: 1000).joined(separator: ",") + "]"
        hub.send(#"{"id":1,"type":\#(list)}"#, from: client)
        #expect(
            client.takeMessages()
                == [#"{"id":1,"type":\#(list),"error":"Unknown message type 'list'."}"#])
    }

    @Test("holds ten thousand groups by default")
    func defaults() {
        let settings = RohrpostSettings()
        #expect(settings.subscriptionLimit == 10_000)
        #expect(!settings.mirrorsErrorInData && !settings.pingsRawData)
        #expect(settings.groupTemplate.text == "{type}-{id}")
        #expect(settings.token.isNone)
    }

    @Test("does not let a type be given away twice, nor one of the dialect's own")
    func takenTypes() throws {
        var types = CallableTypes.none
        try types.add("a", CallRule())
        for name in ["a", "ping", "pong", "subscribe", "unsubscribe", "subscription-update"] {
            #expect(throws: TakenTypeError(type: name)) { try types.add(name, CallRule()) }
        }
        #expect(
            TakenTypeError(type: "ping").description == #"Handler for "ping" is already defined."#)
        #expect(throws: TakenTypeError(type: "b")) { try CallableTypes(only: ["b", "b"]) }
    }

    @Test("replies with JSON to whatever comes")
    func mutations() throws {
        let mutations = try Mutations(of: "rohrpost")
        for seed in UInt64(1)...200 {
            var random = SplitMix64(seed: seed)
            let hub = ModelHub()
            for _ in 0..<20 {
                let client = hub.open()
                let octets = mutations.message(&random)
                hub.send(.text, octets, from: client)
                let answers = client.takeMessages()
                let isAnswered = answers.count == 1
                #expect(isAnswered, "seed \(seed): \(String(decoding: octets, as: UTF8.self))")
                for text in answers {
                    let isObject = if case .object? = try? JSONTree(text) { true } else { false }
                    #expect(isObject, "seed \(seed): \(String(decoding: octets, as: UTF8.self))")
                }
            }
        }
    }
}

/// A token by HS256 with these claims.
private func signed(_ claims: String, _ secret: [UInt8]) throws -> String {
    func letters(_ octets: RawSpan) -> String {
        var text = OctetBuffer()
        Base64.encode(octets, into: &text)
        return text.octets.text.replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }
    let parts = [#"{"alg":"HS256"}"#, claims].map { part in
        let octets = Array(part.utf8)
        return letters(unsafe octets.span.bytes)
    }
    let message = Array(parts.joined(separator: ".").utf8)
    let code = try HMAC.code(.sha256, of: unsafe message.span.bytes, key: unsafe secret.span.bytes)
    return parts.joined(separator: ".") + "." + letters(code.octets)
}

/// Seconds that a test sets; all on one thread.
private final class ModelClock: @unchecked Sendable {
    var seconds: UInt64
    init(seconds: UInt64) { self.seconds = seconds }
}
