// What a gate says reaches clients in the dialect's own words.

import Bytes
import DialectKit
import DialectTesting
import Hub
import Rooms
import Testing

@testable import HighTemplar

@Suite("high-templar behind a gate")
struct GateTests {
    private let message = #"{"type":"subscribe","room":{"t":"m"},"requestId":1}"#

    private func session() throws -> any Session {
        let hub = ModelHub()
        hub.api?.answer = .success(
            BackEndAnswer(
                status: 200, contentType: "application/json",
                body: Array(#"{"allowed_rooms":[{"t":"*"}]}"#.utf8)))
        return try #require(hub.open().session)
    }

    /// - Returns: What is asked, how many subscriptions are wanted, and the answer.
    private func receive(
        _ session: any Session, _ clearance: Clearance
    ) -> (question: GateQuestion?, count: Int, reply: String) {
        var commands = Commands()
        commands.clearance = clearance
        session.receive(.text, unsafe Array(message.utf8).span.bytes, &commands)
        let question = commands.takeQuestion()
        let count = commands.list.count { if case .subscribe = $0 { true } else { false } }
        return (question, count, commands.octets.octets.text)
    }

    @Test("a subscription is asked about before anything is done, and denied as a room is")
    func subscribe() throws {
        for isAllowed in [true, false] {
            let session = try session()
            let clearance = Clearance(GateGrant(), asking: .subscribe)
            clearance.canAsk = true
            let asked = receive(session, clearance)
            let question = try #require(asked.question)
            #expect(asked.count == 0 && asked.reply.isEmpty)
            clearance.answer = (question, isAllowed)
            let found = receive(session, clearance)
            #expect(found.question == nil)
            #expect(found.count == (isAllowed ? 1 : 0))
            #expect(found.reply.contains("room-not-found") == !isAllowed)
        }
    }

    @Test("a grant is held against rooms, and where nobody can be asked the answer is no")
    func grants() throws {
        let none = Clearance(GateGrant(only: [.subscribe: []]), asking: .connect)
        #expect(receive(try session(), none).reply.contains("room-not-found"))
        let all = Clearance(GateGrant(only: [.subscribe: [.prefix([])]]), asking: .connect)
        #expect(receive(try session(), all).count == 1)
        let silent = Clearance(GateGrant(), asking: .subscribe)
        #expect(receive(try session(), silent).reply.contains("room-not-found"))
    }
}
