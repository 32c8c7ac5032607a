// Errors between all dialects: every row of the table from both sides, and the ends that the server
// makes itself: no procedure, no callee any more, no time left, no caller any more.

import Codecs
import DialectKit
import Engine
import Hub
import Rooms
import Testing
import WebSocket

@Suite struct HubErrorTests {
    private static let plain: [Tongue] = [.openAPI, .rohrpost, .shampoo]

    private func world(_ calls: HeldCalls, callTime: UInt64 = 0) throws -> HubWorld {
        var options = HubOptions()
        options.methods = ["com.swift", "com.wamp", "com.nobody"]
        options.handlers = [calls.registration("com.swift")]
        options.callTime = callTime
        return try HubWorld(options)
    }

    /// Expects that a caller hears of a failure, or is closed with 1011 where that is how it hears.
    private func expect(
        _ failure: Failure, by caller: HubClient, _ procedure: String, _ comment: String
    ) {
        let heard = caller.heard()
        if let expected = failure.heard(by: caller.tongue, procedure) {
            #expect(heard == [expected], "\(comment)")
        } else {
            #expect(heard.isEmpty && caller.client.receivedCode == 1011, "\(comment)")
        }
    }

    @Test("every row of the table is said to every caller, whoever failed")
    func rows() throws {
        let calls = HeldCalls()
        let hub = try world(calls)
        let callees = Tongue.wamp.map { hub.join($0, core: 1) }
        #expect(callees[0].register("com.wamp"))
        var rows = ProcedureError.rows.map { ($0.status, $0.uri, $0.sentence) }
        rows += [
            (418, "carillon.error.status_418", "carillon.error.status_418"),
            (500, "carillon.error.status_600", "carillon.error.status_600"),
            (500, "com.shop.sold_out", "com.shop.sold_out"),
        ]
        for (status, uri, sentence) in rows {
            for isSaid in [true, false] {
                let message = isSaid ? "no \"tea\" left" : sentence
                let details = isSaid ? JSONTree(#"{"left":0}"#) : .object([])
                let failure = Failure(
                    uri: uri, status: status, message: message, isSaid: isSaid, details: details)
                let arguments = isSaid ? "[\(quoted(message))],\(details)" : ""
                for tongue in Self.plain + Tongue.wamp {
                    let comment = "\(uri) to \(tongue), \(isSaid)"
                    let caller = hub.join(tongue)
                    for procedure in ["com.wamp", "com.swift"] {
                        // Whom a crash closed asks again.
                        let caller = caller.client.receivedCode == nil ? caller : hub.join(tongue)
                        caller.call(procedure, "{}")
                        if procedure == "com.wamp" {
                            let invocation = try #require(callees[0].takeInvocation(), "\(comment)")
                            callees[0].fail(invocation.id, uri, arguments)
                        } else {
                            let said =
                                isSaid
                                ? Arguments(list: "[\(quoted(message))]", map: "\(details)")
                                : Arguments()
                            let call = try #require(calls.take(), "\(comment)")
                            call.answer(.failure(ProcedureError(uri: uri, arguments: said)))
                        }
                        guard tongue.serialization != nil else {
                            expect(failure, by: caller, procedure, comment)
                            continue
                        }
                        let items: [JSONTree] =
                            [.number("8"), .text(uri)]
                            + (isSaid ? [JSONTree("[\(quoted(message))]"), details] : [])
                        #expect(
                            caller.heard().map { withoutCallIDs($0, tongue) } == [.array(items)],
                            "\(comment)")
                    }
                    caller.client.socket.reset()
                }
            }
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("a status becomes the first URI of its row and is that status again")
    func statuses() {
        for status in 400...599 {
            let error = ProcedureError(
                status: status, message: "m", keywords: Array(#"{"a":1}"#.utf8))
            let row = ProcedureError.rows.first { $0.status == status }
            #expect(error.uri == row?.uri ?? "carillon.error.status_\(status)")
            #expect(error.status == status && error.message == "m")
            #expect(
                JSONTree(String(decoding: error.details, as: UTF8.self)) == JSONTree(#"{"a":1}"#))
        }
        for status in [-1, 0, 200, 399, 600, 1000] {
            #expect(ProcedureError(status: status, message: "m").status == 500)
        }
    }

    @Test("a procedure that nobody has is unknown to everybody")
    func unknown() throws {
        let hub = try world(HeldCalls())
        let failure = Failure(uri: "wamp.error.no_such_procedure", status: 404, message: "")
        for tongue in Self.plain {
            let caller = hub.join(tongue)
            caller.call("com.nobody", "{}")
            expect(failure, by: caller, "com.nobody", "\(tongue)")
        }
        for tongue in Tongue.wamp {
            let caller = hub.join(tongue)
            caller.call("com.nobody", "{}")
            let heard = caller.heard().map { withoutCallIDs($0, tongue) }
            #expect(heard.count == 1 && heard[0].items?[1] == .text(failure.uri), "\(heard)")
        }
        // What an endpoint does not expose is unknown there, whoever has it.
        let callee = hub.join(.json)
        #expect(callee.register("com.hidden"))
        let caller = hub.join(.shampoo)
        caller.call("com.hidden", "{}")
        expect(failure, by: caller, "com.hidden", "hidden")
        #expect(callee.takeInvocation() == nil)
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("a callee that is lost ends its calls, once, for every caller")
    func calleeLost() throws {
        let hub = try world(HeldCalls())
        let failure = Failure(
            uri: "wamp.error.canceled", status: 499,
            message: "the callee left before it answered")
        for tongue in Self.plain + Tongue.wamp {
            let callee = hub.join(.messagePack, core: 1)
            #expect(callee.register("com.wamp"))
            let caller = hub.join(tongue)
            caller.call("com.wamp", "{}")
            #expect(callee.takeInvocation() != nil)
            callee.client.socket.reset()
            guard tongue.serialization != nil else {
                expect(failure, by: caller, "com.wamp", "\(tongue)")
                continue
            }
            let heard = caller.heard().map { withoutCallIDs($0, tongue) }
            #expect(heard.count == 1 && heard[0].items?[1] == .text(failure.uri), "\(heard)")
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("a call whose time is over ends for its caller, and late answers are nobody's")
    func timeLimit() throws {
        let calls = HeldCalls()
        let hub = try world(calls, callTime: 500_000_000)
        let callee = hub.join(.cbor, core: 1)
        #expect(callee.register("com.wamp"))
        let failure = Failure(
            uri: "wamp.error.timeout", status: 504, message: "call timed out after 500 ms")
        for tongue in Self.plain + Tongue.wamp {
            let caller = hub.join(tongue)
            for procedure in ["com.wamp", "com.swift"] {
                if tongue.serialization == nil {
                    caller.call(procedure, "{}")
                } else {
                    caller.call(procedure, arguments: "", options: #"{"timeout":500}"#)
                }
                let invocation = procedure == "com.wamp" ? callee.takeInvocation() : nil
                let call = calls.take()
                #expect((invocation == nil) != (call == nil))
                hub.world.pass(490_000_000)
                #expect(caller.heard().isEmpty, "\(tongue)")
                hub.world.pass(30_000_000)
                if tongue.serialization == nil {
                    expect(failure, by: caller, procedure, "\(tongue)")
                } else {
                    let heard = caller.heard().map { withoutCallIDs($0, tongue) }
                    #expect(heard.count == 1 && heard[0].items?[1] == .text(failure.uri))
                }
                if let invocation {
                    // It was told to stop.
                    #expect(callee.heard().map { $0.items?.first } == [.number("69")])
                    callee.yield(invocation.id, "[1]")
                }
                call?.answer(.result(Arguments()))
                #expect(caller.heard().isEmpty, "\(tongue)")
            }
        }
        #expect(calls.canceledCount == 6)
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("a caller that leaves takes its calls along: who works for it is told")
    func callerGone() throws {
        let calls = HeldCalls()
        let hub = try world(calls)
        let callee = hub.join(.json, core: 1)
        #expect(callee.register("com.wamp"))
        for (place, tongue) in (Self.plain + Tongue.wamp).enumerated() {
            for procedure in ["com.wamp", "com.swift"] {
                let caller = hub.join(tongue)
                caller.call(procedure, "{}")
                #expect((callee.takeInvocation() != nil) == (procedure == "com.wamp"))
                caller.client.socket.reset()
                let heard = callee.heard().map { $0.items?.first }
                #expect(heard == (procedure == "com.wamp" ? [.number("69")] : []), "\(tongue)")
            }
            #expect(calls.canceledCount == place + 1, "\(tongue)")
            calls.take()?.answer(.result(Arguments()))
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }
}
