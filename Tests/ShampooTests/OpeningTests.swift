import DialectKit
import DialectTesting
import PathExpressions
import Rooms
import Shampoo
import Testing

/// A back end that waits, and what became of one question to it.
private struct Asked {
    let backEnd = ModelBackEnd { $0.target == "/end" ? .success(BackEndAnswer(200)) : nil }
    let pending: any PendingOpening
    let answer = Kept()

    init(tellsEnd: Bool = true) throws {
        let endpoint = try ShampooEndpoint(
            name: "e", path: "^/(?P<a>[^/]+)(?:/(?P<b>.*))?$", headers: ["x-kept", "absent"],
            connect: ShampooHook(backEnd, target: "/begin", timeLimit: 7),
            disconnect: tellsEnd ? ShampooHook(backEnd, target: "/end") : nil)
        let hub = ModelHub(endpoints: [endpoint])
        let request = OpeningRequest(
            path: "/x", query: "q=1&q=%41+b&blank=&none&r=", subprotocols: ["shampoo"],
            headers: [
                (name: "host", value: "h"), (name: "x-kept", value: "1"),
                (name: "cookie", value: "a=1"), (name: "cookie", value: "b=2"),
                (name: "x-kept", value: "2"),
            ])
        guard case .later(let pending) = hub.dialect.open(request) else {
            throw Transcript.FormatError(description: "nobody was asked")
        }
        self.pending = pending
        let answer = answer
        pending.begin(connection: 18_446_744_073_709_551_615) { answer.decision = $0 }
    }

    var endCount: Int { backEnd.requests(to: "/end").count }

    /// The session, if the decision was to open.
    func session() -> (any Session)? {
        guard case .accept(let session, subprotocol: "shampoo")? = answer.decision?() else {
            return nil
        }
        return session
    }
}

@Suite("shampoo opening")
struct OpeningTests {
    @Test("is claimed where the subprotocol is offered or an endpoint matches")
    func claims() throws {
        let hub = ModelHub(endpoints: [try ShampooEndpoint(name: "e", path: #"/n/\d"#)])
        #expect(hub.dialect.claims(path: "/other", subprotocols: ["x", "shampoo"]))
        #expect(hub.dialect.claims(path: "/n/1", subprotocols: []))
        #expect(!hub.dialect.claims(path: "/n/x", subprotocols: ["Shampoo"]))
        #expect(!ModelHub(endpoints: []).dialect.claims(path: "/", subprotocols: []))
        #expect(ModelHub(endpoints: []).dialect.claims(path: "/", subprotocols: ["shampoo"]))
    }

    @Test("fails where nobody can say whether an endpoint matches")
    func limitedSearch() throws {
        let endpoints = try [
            ShampooEndpoint(name: "slow", path: "^/(?:a+)+c"),
            ShampooEndpoint(name: "all", path: "/"),
        ]
        let hub = ModelHub(endpoints: endpoints)
        let path = "/" + String(repeating: "a", count: 4000) + "!c"
        #expect(hub.dialect.claims(path: path, subprotocols: []))
        #expect(throws: Refused.self) { try hub.open(path).get() }
        guard case .failure(let refused) = hub.open(path) else { return }
        #expect(refused.refusal.status == 500)
        #expect(refused.refusal.reason == "Internal server error")
        #expect(try hub.open("/a").get().subprotocol == "shampoo")
    }

    @Test("asks the back end for all of it: path, groups, query and headers")
    func question() throws {
        let asked = try Asked()
        let request = try #require(asked.backEnd.requests(to: "/begin").first)
        #expect(request.method == "POST")
        #expect(request.headers.map(\.name) == ["content-type"])
        #expect(request.timeLimit == 7)
        #expect(!request.isShared)
        #expect(
            try JSONTree(request.body)
                == JSONTree(
                    """
                    {"endpoint":"e","path":"/x","groups":{"a":"x","b":null},
                     "query":{"q":["1","A b"]},
                     "headers":{"host":"h","x-kept":"1, 2","cookie":"a=1; b=2"},
                     "connection":"18446744073709551615"}
                    """))
        // A question holds its back end, and the model holds what waits.
        asked.backEnd.settle(.success(BackEndAnswer(204)))
    }

    @Test("ends by telling the back end which connection it was")
    func end() throws {
        let asked = try Asked()
        asked.backEnd.settle(.success(BackEndAnswer(204)))
        let session = try #require(asked.session())
        var commands = Commands()
        commands.connection = 77
        session.opened(&commands)
        #expect(session.leavesTraces)
        session.closed(&commands)
        let request = try #require(asked.backEnd.requests(to: "/end").first)
        #expect(
            try JSONTree(request.body)
                == JSONTree(
                    """
                    {"endpoint":"e","path":"/x","groups":{"a":"x","b":null},
                     "query":{"q":["1","A b"]},"headers":{"x-kept":"1, 2"},"connection":"77"}
                    """))
    }

    @Test("that the back end accepts when the client has left is told of its end, once")
    func abandonedThenAccepted() throws {
        let asked = try Asked()
        asked.pending.abandon()
        #expect(asked.backEnd.canceledCount == 0)
        #expect(asked.endCount == 0)
        asked.backEnd.settle(.success(BackEndAnswer(200)))
        #expect(asked.endCount == 1)
        #expect(asked.session() == nil)
        #expect(asked.endCount == 1)
    }

    @Test("that was accepted and never opened is told of its end, once")
    func acceptedThenAbandoned() throws {
        let asked = try Asked()
        asked.backEnd.settle(.success(BackEndAnswer(200)))
        asked.pending.abandon()
        #expect(asked.endCount == 1)
        #expect(asked.session() == nil)
        #expect(asked.endCount == 1)
    }

    @Test("that is abandoned after it was decided says nothing more")
    func decidedThenAbandoned() throws {
        let accepted = try Asked()
        accepted.backEnd.settle(.success(BackEndAnswer(200)))
        #expect(accepted.session() != nil)
        accepted.pending.abandon()
        #expect(accepted.endCount == 0)
        let refused = try Asked()
        refused.backEnd.settle(.success(BackEndAnswer(403)))
        refused.pending.abandon()
        #expect(refused.session() == nil)
        #expect(refused.endCount == 0)
        let left = try Asked()
        left.pending.abandon()
        left.backEnd.settle(.failure(.timedOut))
        #expect(left.session() == nil)
        #expect(left.endCount == 0)
    }

    @Test("takes its question back where nobody has to be told of an end")
    func canceled() throws {
        let asked = try Asked(tellsEnd: false)
        asked.pending.abandon()
        #expect(asked.backEnd.canceledCount == 1)
        #expect(asked.session() == nil)
    }

    @Test("is refused with reasons that are one line of text")
    func reasons() throws {
        let cases: [(status: Int, body: String, expected: (Int, String))] = [
            (404, #"{"reason":"Number not available"}"#, (404, "Number not available")),
            (404, #"{"reason":""}"#, (404, "Endpoint initialization failed")),
            (404, #"{"reason":null}"#, (404, "Endpoint initialization failed")),
            (404, #"{"reason":"a","reason":"b"}"#, (404, "b")),
            (404, #"{"reason":"a"} x"#, (404, "Endpoint initialization failed")),
            (404, #"["reason"]"#, (404, "Endpoint initialization failed")),
            (404, #"{"reason":"\u0000a\u007f\u0085\u00e9 \ud83d\ude00"}"#, (404, "aé 😀")),
            (500, #"{"reason":"Out of order"}"#, (500, "Out of order")),
            (500, "", (500, "Internal server error")),
            (503, "", (503, "Endpoint initialization failed")),
            (199, "", (400, "Endpoint initialization failed")),
            (600, #"{"reason":"x"}"#, (400, "x")),
            (
                401, #"{"reason":"\#(String(repeating: "x", count: 1000))"}"#,
                (401, String(repeating: "x", count: 256))
            ),
        ]
        for (status, body, expected) in cases {
            let asked = try Asked()
            asked.backEnd.settle(.success(BackEndAnswer(status, body)))
            guard case .refuse(let refusal)? = asked.answer.decision?() else {
                Issue.record("\(status) \(body) was accepted")
                continue
            }
            #expect(refusal.status == expected.0, "\(body)")
            #expect(refusal.reason == expected.1, "\(body)")
            #expect(refusal.body == expected.1, "\(body)")
        }
        let asked = try Asked()
        asked.backEnd.settle(
            .success(BackEndAnswer(status: 404, body: [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D])))
        guard case .refuse(let refusal)? = asked.answer.decision?() else {
            Issue.record("an answer that is no text was accepted")
            return
        }
        #expect(refusal.reason == "Endpoint initialization failed")
    }

    @Test("reads headers only where somebody is told of them")
    func headers() throws {
        func readsHeaders(_ endpoint: ShampooEndpoint) -> Bool {
            ModelHub(endpoints: [endpoint]).dialect.readsHeaders
        }
        let hook = ShampooHook(ModelBackEnd { _ in nil }, target: "/")
        #expect(!readsHeaders(try ShampooEndpoint(name: "e", path: "/")))
        #expect(!readsHeaders(try ShampooEndpoint(name: "e", path: "/", disconnect: hook)))
        #expect(readsHeaders(try ShampooEndpoint(name: "e", path: "/", connect: hook)))
        #expect(readsHeaders(try ShampooEndpoint(name: "e", path: "/", headers: ["cookie"])))
    }

    @Test("is refused when the path makes a room too long, and joins each room once")
    func rooms() throws {
        let endpoint = try ShampooEndpoint(
            name: "e", path: "^/(?P<a>.*)$", rooms: ["x.{a}", "x.{a}", "{a}.x"])
        let hub = ModelHub(endpoints: [endpoint])
        let (connection, _) = try hub.open("/y").get()
        #expect(connection.subscriptions.map(\.room.text) == ["x.y", "y.x"])
        guard case .failure(let refused) = hub.open("/" + String(repeating: "y", count: 254))
        else {
            Issue.record("there is such a room")
            return
        }
        #expect(refused.refusal.status == 400)
        #expect(refused.refusal.reason == "Endpoint initialization failed")
    }

    @Test("has endpoints whose settings are right, or a sentence about them")
    func endpointErrors() {
        func sentence(path: String = "/(?P<a>x)", room: String = "a") -> String {
            do {
                _ = try ShampooEndpoint(name: "chat", path: path, rooms: [room])
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(sentence() == "")
        #expect(
            sentence(path: "/(")
                == "endpoint 'chat': the path expression '/(' is not valid at character 3: "
                + "missing closing parenthesis")
        #expect(
            sentence(room: "a.{b}")
                == "endpoint 'chat': the room 'a.{b}' names '{b}', which is no group of the path")
        #expect(sentence(room: "").hasSuffix("the room '' is empty"))
        #expect(sentence(room: "{a").hasSuffix("has a brace that is not closed"))
        #expect(sentence(room: "%4").hasSuffix("has a '%' without two hexadecimal digits"))
    }
}
