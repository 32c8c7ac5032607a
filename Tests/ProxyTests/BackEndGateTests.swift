// A gate that asks a back end: what it asks, what answers grant, and that nothing else is a yes.

import DialectKit
import Hub
import Rooms
import Testing

@testable import Proxy

@Suite struct BackEndGateTests {
    private let backEnd = TableBackEnd()

    private func gate(_ change: (inout BackEndGateSettings) -> Void = { _ in }) -> BackEndGate {
        var settings = BackEndGateSettings(dialect: "wamp")
        settings.connect = ProxyTarget(backEnd, "/connect")
        settings.subscribe = ProxyTarget(backEnd, "/subscribe")
        settings.publish = ProxyTarget(backEnd, "/publish")
        change(&settings)
        return BackEndGate(settings)
    }

    private let request = OpeningRequest(
        path: "/a\"b", query: "x=1&y", subprotocols: ["wamp.2.json", "other"],
        headers: [
            ("host", "here"), ("cookie", "a=1"), ("x-list", "1"), ("cookie", "b=2"),
            ("x-list", "2"), ("sec-websocket-key", "k"), ("upgrade", "websocket"),
        ])

    private func verdict(_ status: Int, _ body: String = "") -> GateVerdict? {
        backEnd.answers["/connect"] = .success(BackEndAnswer(status, body))
        let found = Slot<GateVerdict>()
        _ = gate().admit(request) { found.value = $0 }
        return found.value
    }

    private func grant(_ body: String) -> GateGrant? {
        if case .admitted(let grant) = verdict(200, body) { grant } else { nil }
    }

    private func refusal(_ status: Int, _ body: String = "") -> Refusal? {
        if case .refused(let refusal) = verdict(status, body) { refusal } else { nil }
    }

    private func room(_ text: String) -> Room { try! Room(text: text) }

    @Test("a connection is asked about with path, query, headers, subprotocols and dialect")
    func connect() {
        _ = gate().admit(request) { _ in }
        #expect(
            backEnd.question
                == #"{"path":"/a\"b","query":"x=1&y","headers":{"host":"here","cookie":"a=1; b=2","x-list":"1, 2"},"subprotocols":["wamp.2.json","other"],"dialect":"wamp"}"#
        )
        #expect(!backEnd.requests[0].isShared)
        let chosen = gate {
            $0.headerNames = ["cookie"]
            $0.sharesConnect = true
        }
        _ = chosen.admit(request) { _ in }
        #expect(backEnd.question.contains(#""headers":{"cookie":"a=1; b=2"},"#))
        #expect(backEnd.requests[1].isShared)
        #expect(chosen.readsHeaders)
        #expect(!gate { $0.headerNames = [] }.readsHeaders)
    }

    @Test("what has no target is not asked")
    func questions() {
        #expect(gate().questions == .all)
        let open = gate {
            $0.connect = nil
            $0.publish = nil
        }
        #expect(open.questions == .subscribe)
        #expect(!open.readsHeaders)
    }

    @Test("a list restricts its own action, and what is absent restricts nothing")
    func grants() throws {
        for body in ["", "{}", #"{"subscribe":null,"context":null}"#] {
            let open = try #require(grant(body), "\(body)")
            for action in Permissions.Action.allCases {
                #expect(open.allows(action, on: room("a.b")))
                #expect(open.allows(action, on: .prefix([])))
            }
        }
        let some = try #require(
            grant(
                #"{"subscribe":["a.b",{"match":"prefix","room":"p."}],"publish":[{"match":"wildcard","room":"a..c"},{"match":"exact","room":"x"}],"call":[],"context":{"id": 7}}"#
            ))
        #expect(String(some.context) == #"{"id": 7}"#)
        #expect(some.allows(.subscribe, on: room("a.b")))
        #expect(some.allows(.subscribe, on: room("p.q.r")))
        #expect(some.allows(.subscribe, on: .prefix(Array("p.q".utf8))))
        #expect(!some.allows(.subscribe, on: .prefix(Array("p".utf8))))
        #expect(!some.allows(.subscribe, on: room("a.c")))
        #expect(!some.allows(.subscribe, on: .wildcard([nil, Array("b".utf8)])))
        #expect(
            some.allows(.subscribe, on: .glob(parent: room("p.q"), try Glob(text: "on*"))))
        #expect(!some.allows(.subscribe, on: .glob(parent: room("a"), try Glob(text: "*"))))
        #expect(some.allows(.publish, on: room("a.b.c")))
        #expect(some.allows(.publish, on: room("x")))
        #expect(!some.allows(.publish, on: room("a.b")))
        #expect(!some.allows(.call, on: room("a.b")))
        #expect(some.allows(.register, on: room("anything")))
        let all = try #require(grant(#"{"subscribe":[{"match":"prefix","room":""}]}"#))
        #expect(all.allows(.subscribe, on: .prefix([])))
    }

    @Test("what cannot be read lets nobody in")
    func wrongAnswers() {
        for body in [
            "yes", "[]", "true", #"{"subscribe":"a"}"#, #"{"subscribe":[1]}"#,
            #"{"subscribe":[""]}"#, #"{"subsribe":[]}"#, #"{"context":[]}"#,
            #"{"subscribe":[{"match":"glob","room":"a"}]}"#, #"{"subscribe":[{"room":"a"}]}"#,
            #"{"subscribe":[{"match":"exact","room":""}]}"#,
            #"{"subscribe":[{"match":"prefix","room":"a","x":1}]}"#,
            #"{"subscribe":[{"match":"prefix"}]}"#, #"{"call":{}}"#,
            #"{"context":{"x":"\#(String(repeating: "x", count: 9000))"}}"#,
            #"{"call":[\#(Array(repeating: #""a""#, count: 1001).joined(separator: ","))]}"#,
        ] {
            #expect(refusal(200, body)?.status == 502, "\(body)")
        }
        #expect(refusal(302)?.status == 502)
        #expect(verdict(204).map { if case .admitted = $0 { true } else { false } } == true)
    }

    @Test("a refusal has the back end's status and reason; a failure its own status")
    func refusals() {
        #expect(refusal(403)?.body == "refused\n")
        #expect(refusal(401, #"{"reason":"log in"}"#) == Refusal(status: 401, body: "log in\n"))
        #expect(refusal(503, #"{"reason":7}"#)?.body == "refused\n")
        for (cause, status) in [
            (BackEndFailure.timedOut, 504), (.unreachable("secret"), 502), (.overloaded, 503),
            (.circuitOpen, 503), (.tooLarge(limit: 1), 502), (.stopped, 503),
        ] {
            backEnd.answers["/connect"] = .failure(cause)
            let found = Slot<GateVerdict>()
            _ = gate().admit(request) { found.value = $0 }
            guard case .refused(let refusal) = found.value else {
                Issue.record("\(cause) lets somebody in")
                continue
            }
            #expect(refusal.status == status)
            #expect(!refusal.body.contains("secret"))
        }
    }

    private func answer(
        _ question: GateQuestion, context: String = "",
        _ answer: TableBackEnd.Answer = .success(BackEndAnswer(200))
    ) -> Bool? {
        backEnd.answers["/subscribe"] = answer
        backEnd.answers["/publish"] = answer
        let found = Slot<Bool>()
        _ = gate().ask(question, context: Array(context.utf8)) { found.value = $0 }
        return found.value
    }

    @Test("subscriptions and publications are asked about in the words of answers")
    func asking() throws {
        let end = #","dialect":"wamp","context":{}}"#
        for (pattern, text) in [
            (Pattern.exact(room("a.b%2Ec")), #"{"room":"a.b%2Ec""#),
            (.prefix(Array("a.b.".utf8)), #"{"pattern":{"match":"prefix","room":"a.b."}"#),
            (.prefix([]), #"{"pattern":{"match":"prefix","room":""}"#),
            (
                .wildcard([Array("a".utf8), nil, Array("c".utf8)]),
                #"{"pattern":{"match":"wildcard","room":"a..c"}"#
            ),
            (
                .glob(parent: room("a.b"), try Glob(text: "on*")),
                #"{"pattern":{"match":"glob","room":"a.b","event":"on*"}"#
            ),
        ] {
            #expect(answer(.subscribe(pattern)) == true)
            #expect(backEnd.question == text + end)
            #expect(backEnd.requests.last?.target == "/subscribe")
        }
        let data = Array(#"{"n":1.0}"#.utf8)
        #expect(answer(.publish(room("a.b"), data: data), context: #"{"id":7}"#) == true)
        #expect(
            backEnd.question
                == #"{"room":"a.b","data":{"n":1.0},"dialect":"wamp","context":{"id":7}}"#)
        #expect(backEnd.requests.last?.target == "/publish")
    }

    @Test("only 2xx is a yes, and what cannot be asked is a no")
    func denials() {
        let question = GateQuestion.subscribe(.exact(room("a")))
        for status in [200, 201, 204, 299] {
            #expect(answer(question, .success(BackEndAnswer(status))) == true)
        }
        for status in [100, 302, 400, 403, 500] {
            #expect(answer(question, .success(BackEndAnswer(status))) == false)
        }
        for failure in [BackEndFailure.timedOut, .unreachable(""), .overloaded, .canceled] {
            #expect(answer(question, .failure(failure)) == false)
        }
        let count = backEnd.requests.count
        #expect(answer(.subscribe(.wildcard([Array("a".utf8), []]))) == false)
        #expect(backEnd.requests.count == count)
    }

    @Test("handlers are told of the grant beside what the dialect says")
    func callContext() {
        let grant = GateGrant(context: Array(#"{"id":7}"#.utf8))
        func told(_ context: String) -> String {
            String(grant.context(addedTo: Array(context.utf8)))
        }
        #expect(told("") == #"{"granted":{"id":7}}"#)
        #expect(told("{}") == #"{"granted":{"id":7}}"#)
        #expect(told(#"{"a":1}"#) == #"{"a":1,"granted":{"id":7}}"#)
        #expect(String(GateGrant().context(addedTo: Array(#"{"a":1}"#.utf8))) == #"{"a":1}"#)
    }
}
