import Bytes
import Codecs
import DialectKit
import DialectTesting
import Hub
import Rooms
import Shampoo
import Testing

private func open(
    path: String = "/x", _ endpoint: ShampooEndpoint
) throws -> (ModelHub, ModelConnection) {
    let hub = ModelHub(endpoints: [endpoint])
    return (hub, try hub.open(path).get().0)
}

private func endpoint(
    _ rule: CallRule, timeLimit: UInt64 = 5, passesGroups: Bool = false
) throws -> ShampooEndpoint {
    try ShampooEndpoint(
        name: "e", path: "^/(?P<a>.*)$", methods: ["m": ShampooMethod(rule, timeLimit: timeLimit)],
        passesGroups: passesGroups)
}

@Suite("shampoo session")
struct ShampooSessionTests {
    @Test("asks the procedure of the method's rule, with the object as it came and the context")
    func call() throws {
        let (hub, client) = try open(endpoint(CallRule(procedure: "com.{method}.x")))
        hub.send(#"{"method":"m","request_data": {"n": 1.50} ,"request_id":1}"#, from: client)
        let request = try #require(client.pendingCall?.request)
        #expect(request.procedure.text == "com.m.x")
        #expect(request.timeLimit == 5)
        #expect(request.holdsInput)
        #expect(request.arguments.listText == Array(#"[{"n": 1.50}]"#.utf8))
        #expect(request.arguments.keywords.isAbsent)
        #expect(
            try JSONTree(request.context)
                == JSONTree(#"{"endpoint":"e","path":"/x","groups":{"a":"x"},"query":{}}"#))
        #expect(client.take().isEmpty)
    }

    @Test("asks with keywords where the rule says so")
    func keywords() throws {
        let (hub, client) = try open(
            endpoint(CallRule(procedure: "p", arguments: .keywords), passesGroups: true))
        hub.send(#"{"method":"m","request_data":{"n":1},"request_id":1}"#, from: client)
        let arguments = try #require(client.pendingCall?.request.arguments)
        #expect(arguments.listText == Array("[]".utf8))
        #expect(arguments.keywordText == Array(#"{"n":1,"a":"x"}"#.utf8))
    }

    @Test("handles one request at a time")
    func inOrder() throws {
        let (hub, client) = try open(endpoint(CallRule(procedure: "p")))
        hub.send(#"{"method":"m","request_data":{},"request_id":1}"#, from: client)
        hub.send(#"{"method":"no","request_data":{},"request_id":2}"#, from: client)
        #expect(client.take().isEmpty)
        hub.answerCall(of: client, .result(Arguments(value: Array("{}".utf8))))
        let messages = client.take()
        #expect(messages.count == 2)
        #expect(
            messages.first
                == .message(
                    #"{"type":"response","response_data":{},"status":200,"message":"ok","#
                        + #""request_id":1}"#))
    }

    @Test("counts what is no success as an error")
    func errors() throws {
        let (hub, client) = try open(endpoint(CallRule(procedure: "p")))
        hub.send(#"{"method":"no","request_data":{},"request_id":2}"#, from: client)
        #expect(client.errorCount == 1)
        hub.send(#"{"method":"m","request_data":{},"request_id":1}"#, from: client)
        hub.answerCall(of: client, .result(Arguments(value: Array("{}".utf8))))
        #expect(client.errorCount == 1)
        hub.send(#"{"method":"m","request_data":{},"request_id":1}"#, from: client)
        hub.answerCall(of: client, .failure(ProcedureError(status: 404, message: "no")))
        #expect(client.errorCount == 2)
    }

    @Test("does not answer twice")
    func lateOutcome() throws {
        let (hub, client) = try open(endpoint(CallRule(procedure: "p")))
        hub.send(#"{"method":"m","request_data":{},"request_id":1}"#, from: client)
        let token = try #require(client.pendingCall?.token)
        hub.answerCall(of: client, .result(Arguments()))
        _ = client.take()
        for token in [token, token + 1] {
            hub.carryOut(for: client) {
                client.session.answered(token, .result(Arguments()), &$0)
            }
        }
        #expect(client.take().isEmpty)
    }

    @Test("answers what speaks other serializations, and never with what is no object")
    func otherSerializations() throws {
        let (hub, client) = try open(endpoint(CallRule(procedure: "p")))
        func answer(_ outcome: CallOutcome) throws -> JSONTree {
            hub.send(#"{"method":"m","request_data":{},"request_id":1}"#, from: client)
            hub.answerCall(of: client, outcome)
            guard case .message(let text)? = client.take().first else {
                throw Transcript.FormatError(description: "no message")
            }
            return try JSONTree(text)
        }
        func response(_ data: String, _ status: Int, _ message: String) throws -> JSONTree {
            try JSONTree(
                """
                {"type":"response","response_data":\(data),"status":\(status),
                 "message":"\(message)","request_id":1}
                """)
        }
        // [{"a": 1}] and {"status": 201} in MessagePack.
        let list: [UInt8] = [0x91, 0x81, 0xA1, 0x61, 0x01]
        let map: [UInt8] = [0x81, 0xA6] + Array("status".utf8) + [0xCC, 0xC9]
        let plain = Arguments(
            octets: list, serialization: .messagePack, arguments: Extent(0..<list.count))
        #expect(try answer(.result(plain)) == response(#"{"a":1}"#, 200, "ok"))
        let both = Arguments(
            octets: list + map, serialization: .messagePack, arguments: Extent(0..<list.count),
            keywords: Extent(list.count..<list.count + map.count))
        #expect(try answer(.result(both)) == response(#"{"a":1}"#, 201, "ok"))
        let failure = ProcedureError(uri: "com.example.odd", arguments: both)
        #expect(
            try answer(.failure(failure)) == response(#"{"status":201}"#, 500, "com.example.odd"))
        let uncaught = "Uncaught exception during method call"
        let crash = ProcedureError(
            uri: ProcedureError.crashedURI, arguments: Arguments(message: "x", keywords: []))
        #expect(try answer(.failure(crash)) == response("{}", 500, uncaught))
    }

    @Test("takes for a triple one object with status and message, and nothing else")
    func triples() throws {
        let (hub, client) = try open(endpoint(CallRule(procedure: "p")))
        let uncaught = #"{},"status":500,"message":"Uncaught exception during method call""#
        let cases = [
            ("[{}]", #"{"status":404}"#, #"{},"status":404,"message":"ok""#),
            ("[{}]", #"{"message":"\u00e9\""}"#, #"{},"status":200,"message":"\u00e9\"""#),
            ("[{}]", #"{"status":1,"status":250}"#, #"{},"status":250,"message":"ok""#),
            ("[{}]", #"{"status":999999999}"#, #"{},"status":999999999,"message":"ok""#),
            ("[{}]", #"{"status":1e2}"#, uncaught), ("[{}]", #"{"status":"200"}"#, uncaught),
            ("[{}]", #"{"status":-200}"#, uncaught), ("[{}]", #"{"status":null}"#, uncaught),
            ("[{}]", #"{"status":99999999999999999999}"#, uncaught),
            ("[{}]", #"{"message":null}"#, uncaught),
            ("[{}]", "{}", #"{},"status":200,"message":"ok""#),
            ("[]", #"{"status":7}"#, #"{"status":7},"status":200,"message":"ok""#),
            (
                "[1]", #"{"status":201}"#,
                #"{"args":[1],"kwargs":{"status":201}},"status":200,"message":"ok""#
            ),
            (
                "[{},{}]", #"{"status":201}"#,
                #"{"args":[{},{}],"kwargs":{"status":201}},"status":200,"message":"ok""#
            ),
            (
                "[{}]", #"{"status":201,"x":1}"#,
                #"{"args":[{}],"kwargs":{"status":201,"x":1}},"status":200,"message":"ok""#
            ),
        ]
        for (list, keywords, expected) in cases {
            hub.send(#"{"method":"m","request_data":{},"request_id":1}"#, from: client)
            let octets = Array((list + keywords).utf8)
            let arguments = Arguments(
                octets: octets, serialization: .json, arguments: Extent(0..<list.utf8.count),
                keywords: Extent(list.utf8.count..<octets.count))
            hub.answerCall(of: client, .result(arguments))
            #expect(
                client.take() == [
                    .message(#"{"type":"response","response_data":\#(expected),"request_id":1}"#)
                ])
        }
    }

    @Test("joins its rooms when it opens, read as those of its endpoint")
    func rooms() throws {
        let endpoints = try [
            ShampooEndpoint(name: "a", path: "^/a$", rooms: ["r"]),
            ShampooEndpoint(name: "b", path: "^/b$", rooms: ["r", "s"], pushEvent: "e"),
        ]
        let hub = ModelHub(endpoints: endpoints)
        let (connection, _) = try hub.open("/b").get()
        #expect(connection.subscriptions.map(\.reading) == [1, 1])
        #expect(connection.subscriptions.map(\.room.text) == ["r", "s"])
    }

    @Test("closes with 1013 where the index has no room for it")
    func refusedRoom() throws {
        let endpoint = try ShampooEndpoint(name: "a", path: "/", rooms: ["r"])
        let (hub, client) = try open(endpoint)
        let room = client.subscriptions[0].room
        hub.carryOut(for: client) { client.session.refused(RawSpan(), .exact(room), 0, &$0) }
        #expect(client.take() == [.close(1013)])
        #expect(client.closeReason == "too many rooms")
    }

    @Test("leaves no traces without a back end to tell, and ignores notes of others")
    func quiet() throws {
        final class Other: SessionNote {}
        let (hub, client) = try open(ShampooEndpoint(name: "a", path: "/"))
        #expect(!client.session.leavesTraces)
        hub.tell(Other(), to: client)
        #expect(client.take().isEmpty)
    }

    @Test("pushes for handlers what is JSON in UTF-8, and drops the rest")
    func handlerPushes() throws {
        let (hub, client) = try open(ShampooEndpoint(name: "a", path: "/"))
        hub.tell(PushNote(event: "\"e\"", data: Array(#"{"a":1}"#.utf8)), to: client)
        #expect(
            client.take() == [
                .message(#"{"type":"push","push_event":"\"e\"","push_data":{"a":1}}"#)
            ])
        for data in [[], Array("{".utf8), Array("NaN".utf8), [0x22, 0xFF, 0x22]] as [[UInt8]] {
            hub.tell(PushNote(event: "e", data: data), to: client)
            #expect(client.take().isEmpty)
        }
    }

    @Test("names a method by its octets, not by what Unicode calls equal")
    func composed() throws {
        let endpoint = try ShampooEndpoint(
            name: "a", path: "/", methods: ["\u{E9}": ShampooMethod(procedure: "p")])
        let (hub, client) = try open(endpoint)
        hub.send("{\"method\":\"e\u{301}\",\"request_data\":{},\"request_id\":1}", from: client)
        #expect(client.pendingCall == nil)
        hub.send(#"{"method":"\u00e9","request_data":{},"request_id":1}"#, from: client)
        #expect(client.pendingCall != nil)
    }

    @Test("does not know a method whose procedure nobody can have")
    func impossibleProcedure() throws {
        let endpoint = try ShampooEndpoint(
            name: "a", path: "/",
            methods: ["m": ShampooMethod(procedure: String(repeating: "p", count: 300))])
        let (hub, client) = try open(endpoint)
        hub.send(#"{"method":"m","request_data":{},"request_id":1}"#, from: client)
        #expect(client.pendingCall == nil)
        #expect(client.take().count == 1)
    }

    @Test("ends with a reason of at most 123 octets, whatever the value was")
    func reasons() throws {
        let deep = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
        let many = (0..<1025).map { #""k\#($0)":0"# }.joined(separator: ",")
        let twice = (0..<5000).map { _ in #""k":0"# }.joined(separator: ",")
        let cases = [
            (deep, "more than 64 levels of nesting"), ("{\(many)}", "more than 1024 members"),
            ("[{\(twice)}]", "["), ("\"" + String(repeating: "😀", count: 5000) + "\"", "'"),
            ("[" + String(repeating: "\"\u{1F600}\",", count: 500) + "1]", "["),
            // Which quotes a text gets is decided by what is seen of it.
            ("\"" + String(repeating: "a", count: 2000) + "'\"", "'aaa"),
            (#"{"type":""# + String(repeating: "rrequesrequesrr", count: 1000) + "\"}", "'rreq"),
            ("-" + String(repeating: "7", count: 100_000), "-777"), ("[ 1, 2 ]", "[1, 2]"),
            (#"{"type":"\ud800","request_id":1}"#, #"'\ud800' does not match"#),
        ]
        for (text, expected) in cases {
            let (hub, client) = try open(ShampooEndpoint(name: "a", path: "/"))
            hub.send(text, from: client)
            guard case .close(3012)? = client.take().first, let reason = client.closeReason else {
                Issue.record("still open: \(text.prefix(50))")
                continue
            }
            #expect(reason.utf8.count <= 123)
            #expect(reason.hasPrefix("Protocol violation: " + expected), "\(reason)")
            #expect(!reason.unicodeScalars.contains("\u{FFFD}"))
        }
    }

    @Test("takes an id of 0 and of -0, and sends them back as they were")
    func zero() throws {
        let (hub, client) = try open(ShampooEndpoint(name: "a", path: "/"))
        for id in ["0", "-0"] {
            hub.send(#"{"method":"x","request_data":{},"request_id":\#(id)}"#, from: client)
            guard case .message(let text)? = client.take().first else {
                Issue.record("no message")
                return
            }
            #expect(text.hasSuffix(#""request_id":\#(id)}"#))
        }
    }
}
