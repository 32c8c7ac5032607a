import Rooms
import Testing

@testable import Hub

@Suite("calling")
struct DealerCallTests {
    /// A desk with callers 1 and 2 and callees 11 and 12 that can do everything.
    private func makeDesk(limits: DealerLimits = .standard) -> Desk {
        let desk = Desk(limits: limits)
        for party: UInt64 in [1, 2, 11, 12] { desk.open(party, .all) }
        return desk
    }

    @Test("an answer finds the question, and a second one is dropped (§18.10)")
    func roundTrip() {
        let desk = makeDesk()
        desk.register(exact("get_foo"), 11)
        #expect(desk.call("get_foo", 1, request: 70) == ["11 invoke 1 1 a"])
        #expect(desk.yield(1, 11) == ["1 result 70 r"])
        #expect(desk.call("get_foo", 2, request: 2) == ["11 invoke 2 1 a"])
        #expect(desk.fail(2, 11, "get_foo") == ["2 error 2 get_foo e"])
        #expect(desk.yield(2, 11) == [])
        #expect(desk.counters.late == 1)
        #expect(desk.call("get_bar", 1, request: 3) == ["1 error 3 wamp.error.no_such_procedure -"])
        #expect(desk.call("", 1, request: 3) == ["1 error 3 wamp.error.invalid_uri -"])
    }

    @Test("an error may be called by a megabyte of marks that are out of order")
    func marks() {
        // Swift compares such a text in minutes, and the dealer is everybody's.
        let marks = "a" + String(repeating: "\u{301}\u{323}", count: 250_000)
        let desk = makeDesk()
        desk.register(exact("a"), 11)
        desk.call("a", 1, request: 1)
        #expect(desk.fail(1, 11, marks).count == 1)
        let error = ProcedureError(uri: marks)
        #expect(error.status == 500 && error.message.utf8.count == marks.utf8.count)
        #expect(ProcedureError(uri: "carillon.error.status_418").status == 418)
        #expect(ProcedureError(uri: "carillon.error.status_18").status == 500)
        #expect(ProcedureError(uri: "carillon.error.status_").status == 500)
    }

    @Test("invocations count 1, 2, 3 per callee")
    func invocationIDs() {
        let desk = makeDesk()
        desk.register(exact("a"), 11)
        desk.register(exact("b"), 12)
        #expect(desk.call("a", 1, request: 1) == ["11 invoke 1 1 a"])
        #expect(desk.call("b", 1, request: 2) == ["12 invoke 1 2 a"])
        #expect(desk.call("a", 1, request: 3) == ["11 invoke 2 1 a"])
    }

    @Test("an answer to what was never asked is a violation; so is a pending id used again")
    func violations() {
        let desk = makeDesk()
        desk.register(exact("a"), 11)
        #expect(desk.yield(1, 11) == ["11 violation unknownInvocation(1)"])
        #expect(desk.fail(0, 11, "x") == ["11 violation unknownInvocation(0)"])
        desk.call("a", 1, request: 1)
        #expect(desk.yield(1, 12) == ["12 violation unknownInvocation(1)"])
        #expect(desk.call("a", 1, request: 1) == ["1 violation requestInUse(1)"])
        #expect(desk.call("a", 2, request: 1) == ["11 invoke 2 1 a"])
        #expect(desk.yield(1, 11) == ["1 result 1 r"])
        #expect(desk.call("a", 1, request: 1) == ["11 invoke 3 1 a"])
    }

    @Test("exact before the longest prefix before the most specific wildcard (§8.7)")
    func patterns() {
        let desk = makeDesk()
        let registered: [(Pattern, UInt64)] = [
            (exact("a1.b2.c3.d4"), 1), (prefix("a1.b2"), 2), (prefix("a1.b2.c3"), 3),
            (wildcard("a1.b2..d4.e5..g7"), 4), (wildcard("a1.b2..d4..f6.g7"), 5),
            (wildcard("x..z"), 6), (wildcard(".y."), 7), (wildcard(".."), 8),
        ]
        for (pattern, id) in registered {
            #expect(desk.register(pattern, 11) == ["11 registered 1 \(id)"])
        }
        let expected: [(String, RegistrationID?)] = [
            ("a1.b2.c3.d4", 1), ("a1.b2.c33.d4.e5", 3), ("a1.b2.d", 2), ("a1.b22", 2),
            ("a1.b2.c88.d4.e5.f6.g7", 2), ("x.y.z", 6), ("w.y.z", 7), ("x.y.y", 7), ("p.q.r", 8),
            ("p.q", nil), ("p.q.r.s", nil),
        ]
        for (procedure, id) in expected { #expect(desk.match(procedure) == id, "\(procedure)") }
        desk.unregister(2, 11)
        desk.unregister(3, 11)
        #expect(desk.match("a1.b2.c88.d4.e5.f6.g7") == 4)
        desk.unregister(4, 11)
        #expect(desk.match("a1.b2.c88.d4.e5.f6.g7") == 5)
        #expect(desk.call("p.q.r", 1, request: 1) == ["11 invoke 1 8 procedure=p.q.r a"])
    }

    @Test("the caller is disclosed when it or the callee wishes so")
    func disclosure() {
        let desk = makeDesk()
        desk.register(exact("a"), 11)
        desk.register(exact("b"), 11, .init(.single, disclosesCaller: true))
        #expect(
            desk.call("a", 1, request: 1, .init(disclose: true)) == ["11 invoke 1 1 caller=1 a"])
        #expect(desk.call("b", 1, request: 2) == ["11 invoke 2 2 caller=1 a"])
        var hidden = CallOptions(part: true)
        hidden.hidesCaller = true
        #expect(desk.call("b", 1, request: 3, hidden) == ["11 invoke 3 2 part a"])
        #expect(desk.call("b", 1, request: 3, .init(disclose: true)) == ["11 invoke 3 2 a"])
    }

    @Test("each policy chooses in its order, and those that leave disturb nobody's turn")
    func policies() {
        for policy in [InvocationPolicy.first, .last, .roundRobin, .random] {
            let desk = Desk()
            desk.open(1)
            for party: UInt64 in 11...14 {
                desk.open(party)
                desk.register(exact("a"), party, .init(policy))
            }
            var asked: [UInt64] = []
            for request: UInt64 in 1...6 {
                // The middle of an eighth of the range.
                desk.random = UInt64.max / 8 * (2 * request % 8 + 1)
                asked.append(UInt64(desk.call("a", 1, request: request)[0].prefix(2))!)
                if request == 2 { desk.close(11) }
            }
            switch policy {
            case .first: #expect(asked == [11, 11, 12, 12, 12, 12])
            case .last: #expect(asked == [14, 14, 14, 14, 14, 14])
            case .roundRobin: #expect(asked == [11, 12, 13, 14, 12, 13])
            case .random: #expect(asked == [12, 13, 14, 12, 13, 13])
            case .single: break
            }
        }
    }

    @Test("a callee at its limit is passed over, and all at theirs refuse (§8.13)")
    func concurrency() {
        let desk = makeDesk()
        desk.register(exact("a"), 11, .init(.first, concurrency: 1))
        desk.register(exact("a"), 12, .init(.first, concurrency: 1))
        #expect(desk.call("a", 1, request: 1) == ["11 invoke 1 1 a"])
        #expect(desk.call("a", 1, request: 2) == ["12 invoke 1 1 a"])
        #expect(
            desk.call("a", 1, request: 3) == ["1 error 3 crossbar.error.max_concurrency_reached -"])
        desk.yield(1, 11)
        #expect(desk.call("a", 1, request: 4) == ["11 invoke 2 1 a"])
    }

    @Test("a callee that left and came back does not count what it was asked before")
    func concurrencyAfterReturn() {
        let desk = makeDesk()
        desk.register(exact("a"), 11, .init(.first, concurrency: 1))
        desk.register(exact("a"), 12, .init(.first, concurrency: 1))
        desk.call("a", 1, request: 1)
        desk.unregister(1, 11)
        desk.register(exact("a"), 11, .init(.first, concurrency: 1))
        desk.call("a", 1, request: 2)
        #expect(desk.call("a", 1, request: 3) == ["11 invoke 2 1 a"])
        #expect(desk.yield(1, 11) == ["1 result 1 r"])
        #expect(
            desk.call("a", 1, request: 4) == ["1 error 4 crossbar.error.max_concurrency_reached -"])
    }

    @Test("a callee that unregistered still answers what it was asked")
    func answersAfterUnregister() {
        let desk = makeDesk()
        desk.register(exact("a"), 11)
        desk.call("a", 1, request: 1)
        desk.unregister(1, 11)
        #expect(desk.call("a", 1, request: 2) == ["1 error 2 wamp.error.no_such_procedure -"])
        #expect(desk.yield(1, 11) == ["1 result 1 r"])
    }

    @Test("too many calls of one party, and of all, are refused")
    func limits() {
        var limits = DealerLimits()
        limits.callsPerParty = 2
        limits.calls = 3
        let desk = makeDesk(limits: limits)
        desk.register(exact("a"), 11)
        for request: UInt64 in 1...2 { desk.call("a", 1, request: request) }
        #expect(desk.call("a", 1, request: 3) == ["1 error 3 carillon.error.too_many_calls -"])
        desk.call("a", 2, request: 1)
        #expect(desk.call("a", 2, request: 2) == ["2 error 2 carillon.error.too_many_calls -"])
        desk.yield(1, 11)
        #expect(desk.call("a", 2, request: 2) == ["11 invoke 4 1 a"])
    }

    @Test("a caller that leaves is forgotten and its callee told, if it listens (§18.11)")
    func callerLeaves() {
        let desk = makeDesk()
        desk.open(13)
        desk.register(exact("a"), 11)
        desk.register(exact("b"), 13)
        desk.call("a", 1, request: 1)
        desk.call("b", 1, request: 2)
        #expect(desk.close(1) == ["11 interrupt 1 killNoWait -"])
        #expect(desk.yield(1, 11) == [])
        #expect(desk.yield(1, 13) == [])
        #expect(desk.counters.dropped == 2)
    }

    @Test("a callee that leaves cancels its callers' calls, and is not replaced (§8.5)")
    func calleeLeaves() {
        let desk = makeDesk()
        desk.register(exact("a"), 11, .init(.first))
        desk.register(exact("a"), 12, .init(.first))
        desk.call("a", 1, request: 1)
        desk.call("a", 2, request: 5)
        #expect(
            desk.close(11, meta: true) == [
                "1 error 1 wamp.error.canceled -", "2 error 5 wamp.error.canceled -",
                "on_unregister 11 1",
            ])
        #expect(desk.call("a", 1, request: 2) == ["12 invoke 1 1 a"])
    }

    @Test("a party may call itself, and leaves without a word")
    func itself() {
        let desk = makeDesk()
        desk.register(exact("a"), 11)
        #expect(desk.call("a", 11, request: 1) == ["11 invoke 1 1 a"])
        #expect(desk.yield(1, 11) == ["11 result 1 r"])
        desk.call("a", 11, request: 2)
        #expect(desk.close(11) == [])
        #expect(desk.remains == [3, 0, 0])
    }

    @Test("an unavailable callee hands the call on by the policy, once to each (§8.14, §18.15)")
    func rerouting() {
        let orders: [(InvocationPolicy, [UInt64])] = [
            (.first, [11, 12, 13]), (.last, [13, 12, 11]), (.roundRobin, [11, 12, 13]),
            (.random, [11, 12, 13]), (.single, [11]),
        ]
        for (policy, order) in orders {
            let desk = Desk()
            desk.open(1, .all)
            let callees: [UInt64] = policy == .single ? [11] : [11, 12, 13]
            for party in callees {
                desk.open(party, .reroutes)
                desk.register(exact("a"), party, .init(policy))
            }
            #expect(desk.call("a", 1, request: 1) == ["\(order[0]) invoke 1 1 a"])
            for (current, next) in zip(order, order.dropFirst()) {
                #expect(desk.fail(1, current, CallError.unavailable) == ["\(next) invoke 1 1 a"])
            }
            #expect(
                desk.fail(1, order.last!, CallError.unavailable)
                    == ["1 error 1 wamp.error.no_available_callee -"])
            #expect(desk.yield(1, order[0]) == [])
            #expect(desk.remains[2] == 0)
        }
    }

    @Test("without the feature, and after progress, unavailable is an error like any other")
    func notRerouted() {
        let desk = makeDesk()
        desk.open(13)
        desk.register(exact("a"), 13, .init(.first))
        desk.register(exact("a"), 11, .init(.first))
        desk.call("a", 1, request: 1)
        #expect(
            desk.fail(1, 13, CallError.unavailable) == ["1 error 1 wamp.error.unavailable e"])
        desk.close(13)
        desk.register(exact("a"), 12, .init(.first))
        desk.call("a", 1, request: 2, .init(progress: true))
        desk.yield(1, 11, progress: true)
        #expect(
            desk.fail(1, 11, CallError.unavailable) == ["1 error 2 wamp.error.unavailable e"])
    }

    @Test("a call is handed on only so often")
    func rerouteLimit() {
        var limits = DealerLimits()
        limits.reroutesPerCall = 1
        let desk = makeDesk(limits: limits)
        desk.open(13, .all)
        for party: UInt64 in 11...13 { desk.register(exact("a"), party, .init(.first)) }
        desk.call("a", 1, request: 1)
        #expect(desk.fail(1, 11, CallError.unavailable) == ["12 invoke 1 1 a"])
        #expect(
            desk.fail(1, 12, CallError.unavailable)
                == ["1 error 1 wamp.error.no_available_callee -"])
    }
}
