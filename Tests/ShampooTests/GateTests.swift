// What a gate grants holds for an endpoint's rooms and methods.

import Bytes
import DialectKit
import DialectTesting
import Hub
import Rooms
import Shampoo
import Testing

@Suite("shampoo behind a gate")
struct GateTests {
    private func session() throws -> any Session {
        let endpoint = try ShampooEndpoint(
            name: "e", path: "^/x$",
            methods: [
                "m": ShampooMethod(procedure: "app.m"), "n": ShampooMethod(procedure: "app.n"),
            ], rooms: ["one", "two"])
        return try ModelHub(endpoints: [endpoint]).open("/x").get().0.session
    }

    @Test("rooms that were not granted are not joined, without a word and without a question")
    func rooms() throws {
        let one = try Room(text: "one")
        for questions in [GateQuestions.connect, .all] {
            let grant = GateGrant(only: [.subscribe: [.exact(one)]])
            var commands = Commands()
            commands.clearance = Clearance(grant, asking: questions)
            let endpoint = try ShampooEndpoint(
                name: "e", path: "^/x$", methods: [:], rooms: ["one", "two"])
            let hub = ModelHub(endpoints: [endpoint])
            let request = OpeningRequest(
                path: "/x", query: "", subprotocols: ["shampoo"], headers: [])
            guard case .accept(let session, _) = hub.dialect.open(request) else {
                Issue.record("the endpoint is open")
                return
            }
            session.opened(&commands)
            #expect(commands.question == nil)
            let joined = commands.list.compactMap {
                if case .subscribe(.exact(let room), _, _) = $0 { room } else { nil }
            }
            #expect(joined == [one])
        }
    }

    @Test("a method outside the grant is answered with 403")
    func calls() throws {
        let grant = GateGrant(only: [.call: [.exact(try Room(text: "app.m"))]])
        for (method, isAllowed) in [("m", true), ("n", false)] {
            var commands = Commands()
            commands.clearance = Clearance(grant, asking: .connect)
            let text = #"{"method":"\#(method)","request_data":{},"request_id":1}"#
            try session().receive(.text, unsafe Array(text.utf8).span.bytes, &commands)
            #expect(commands.octets.octets.text.contains(#""status":403"#) == !isAllowed)
            let isCalled = commands.list.contains { if case .call = $0 { true } else { false } }
            #expect(isCalled == isAllowed)
        }
    }
}
