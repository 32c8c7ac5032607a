// What a gate says reaches clients in the dialect's own words.

import Bytes
import DialectKit
import DialectTesting
import Hub
import Rooms
import Testing

@testable import Rohrpost

@Suite("rohrpost behind a gate")
struct GateTests {
    private func receive(
        _ text: String, _ session: any Session, _ clearance: Clearance
    ) -> (question: GateQuestion?, commands: [Command], reply: String) {
        var commands = Commands()
        commands.clearance = clearance
        session.receive(.text, unsafe Array(text.utf8).span.bytes, &commands)
        return (commands.takeQuestion(), commands.list, commands.octets.octets.text)
    }

    @Test("a group is asked about before anything is done, and denied like any other")
    func subscribe() throws {
        let request = #"{"id":1,"type":"subscribe","data":{"type":"a","id":1}}"#
        for isAllowed in [true, false] {
            let session: any Session = ModelHub().open().session
            let clearance = Clearance(GateGrant(), asking: .subscribe)
            clearance.canAsk = true
            let asked = receive(request, session, clearance)
            #expect(asked.question == .subscribe(.exact(try Room(text: "a-1"))))
            #expect(asked.commands.isEmpty)
            clearance.answer = (try #require(asked.question), isAllowed)
            let found = receive(request, session, clearance)
            #expect(found.question == nil)
            #expect(found.commands.count == (isAllowed ? 2 : 1))
            #expect(found.reply.contains("ACCESS_DENIED") == !isAllowed)
        }
    }

    @Test("a call outside the grant is denied, and one inside asks its procedure")
    func calls() throws {
        let settings = RohrpostSettings(
            calls: CallableTypes(every: CallRule(procedure: "app.{method}")))
        let request = #"{"id":1,"type":"add","data":{"n":1}}"#
        for (pattern, isAllowed) in [("app.add", true), ("app.other", false)] {
            let grant = GateGrant(only: [.call: [.exact(try Room(text: pattern))]])
            let found = receive(
                request, ModelHub(settings).open().session, Clearance(grant, asking: .connect))
            #expect(found.reply.contains("ACCESS_DENIED") == !isAllowed)
            let isCalled = found.commands.contains {
                if case .call = $0 { true } else { false }
            }
            #expect(isCalled == isAllowed)
        }
    }
}
