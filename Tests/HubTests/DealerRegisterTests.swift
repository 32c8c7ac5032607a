import Rooms
import Testing

@testable import Hub

@Suite("registering")
struct DealerRegisterTests {
    @Test("the answer comes first, then created before registered; the reverse at the end")
    func order() {
        let desk = Desk()
        desk.open(1)
        #expect(
            desk.register(exact("a.b"), 1, request: 7, meta: true)
                == ["1 registered 7 1", "on_create 1 1 single", "on_register 1 1"])
        #expect(
            desk.unregister(1, 1, request: 8, meta: true)
                == ["1 unregistered 8 1", "on_unregister 1 1", "on_delete 1 1"])
        #expect(desk.remains == [1, 0, 0])
    }

    @Test("a taken procedure, another policy and a second time are all refused as existing")
    func conflicts() {
        let desk = Desk()
        for party in 1...3 { desk.open(UInt64(party)) }
        desk.register(exact("single"), 1)
        desk.register(exact("shared"), 1, .init(.roundRobin))
        let refused = ["2 refused 1 wamp.error.procedure_already_exists"]
        #expect(desk.register(exact("single"), 2) == refused)
        #expect(desk.register(exact("single"), 2, .init(.roundRobin)) == refused)
        #expect(desk.register(exact("shared"), 2) == refused)
        #expect(desk.register(exact("shared"), 2, .init(.first)) == refused)
        #expect(desk.register(exact("shared"), 2, .init(.roundRobin)) == ["2 registered 1 2"])
        #expect(desk.register(exact("shared"), 2, .init(.roundRobin)) == refused)
        #expect(desk.callees(2) == [1, 2])
    }

    @Test("the same name is another registration under another kind of match")
    func kinds() {
        let desk = Desk()
        desk.open(1)
        #expect(desk.register(exact("a"), 1) == ["1 registered 1 1"])
        #expect(desk.register(prefix("a"), 1) == ["1 registered 1 2"])
        #expect(desk.register(wildcard("a"), 1) == ["1 registered 1 3"])
        #expect(desk.list == RegistrationList(exact: [1], prefix: [2], wildcard: [3]))
        #expect(desk.lookup(wildcard("a")) == 3)
        #expect(desk.lookup(wildcard("b")) == nil)
    }

    @Test("an id is not used again, and the policy of a procedure ends with its last callee")
    func reuse() {
        let desk = Desk()
        desk.open(1)
        desk.register(exact("a"), 1)
        desk.unregister(1, 1)
        #expect(desk.register(exact("a"), 1, .init(.last)) == ["1 registered 1 2"])
        #expect(desk.details(2)?.policy == .last)
    }

    @Test("unregistering what one is no callee of is refused")
    func strangers() {
        let desk = Desk()
        desk.open(1)
        desk.open(2)
        desk.register(exact("a"), 1)
        let refused = ["2 refused 1 wamp.error.no_such_registration"]
        #expect(desk.unregister(1, 2) == refused)
        #expect(desk.unregister(99, 2) == refused)
    }

    @Test("a takeover revokes all callees and begins a new registration")
    func takeover() {
        let desk = Desk()
        desk.open(1, owner: 5, .hearsRevocations)
        desk.open(2, owner: 5)
        desk.open(3, owner: 6)
        desk.register(exact("a"), 1, .init(.roundRobin))
        desk.register(exact("a"), 2, .init(.roundRobin))
        #expect(
            desk.register(exact("a"), 3, .init(.single, takeover: .ofSameOwner))
                == ["3 refused 1 wamp.error.procedure_already_exists"])
        #expect(
            desk.register(exact("a"), 3, .init(.single, takeover: .ofAnyone), meta: true) == [
                "1 revoked 1 wamp.error.unregistered", "on_unregister 1 1", "on_unregister 2 1",
                "on_delete 2 1", "3 registered 1 2", "on_create 3 2 single", "on_register 3 2",
            ])
        desk.open(4, owner: 6)
        #expect(
            desk.register(exact("a"), 4, .init(.single, takeover: .ofSameOwner))
                == ["4 registered 1 3"])
        #expect(desk.callees(3) == [4])
    }

    @Test("removing a callee tells it the reason, and is refused for strangers")
    func removal() throws {
        let desk = Desk()
        desk.open(1, .hearsRevocations)
        desk.open(2)
        desk.register(exact("a"), 1)
        #expect(throws: RegistrationError.noSuchRegistration) {
            try desk.revoke(9, 1, reason: "x")
        }
        #expect(throws: RegistrationError.noSuchParty) { try desk.revoke(1, 2, reason: "x") }
        #expect(
            try desk.revoke(1, 1, reason: "com.app.tired")
                == ["1 revoked 1 com.app.tired", "on_unregister 1 1", "on_delete 1 1"])
    }

    @Test("every limit is an answer and leaves nothing behind")
    func limits() {
        var limits = DealerLimits()
        limits.registrationsPerParty = 2
        limits.registrations = 3
        limits.calleesPerRegistration = 1
        let desk = Desk(limits: limits)
        for party in 1...3 { desk.open(UInt64(party)) }
        desk.register(exact("a"), 1, .init(.random))
        desk.register(exact("b"), 1)
        #expect(
            desk.register(exact("c"), 1) == ["1 refused 1 carillon.error.too_many_registrations"])
        #expect(
            desk.register(exact("a"), 2, .init(.random))
                == ["2 refused 1 carillon.error.too_many_registrations"])
        desk.register(exact("c"), 2)
        #expect(
            desk.register(exact("d"), 2) == ["2 refused 1 carillon.error.too_many_registrations"])
        for party in 1...3 { desk.close(UInt64(party)) }
        #expect(desk.remains == [0, 0, 0])
    }

    @Test("patterns without a segment, too long ones and globs are refused")
    func malformed() throws {
        let desk = Desk()
        desk.open(1)
        let invalid = ["1 refused 1 wamp.error.invalid_uri"]
        #expect(desk.register(.wildcard([]), 1) == invalid)
        #expect(desk.register(.exact(.init()), 1) == invalid)
        #expect(desk.register(prefix(String(repeating: "x", count: 256)), 1) == invalid)
        #expect(desk.register(wildcard(String(repeating: ".", count: 32)), 1) == invalid)
        #expect(
            desk.register(wildcard(String(repeating: ".", count: 31)), 1) == ["1 registered 1 1"])
        #expect(
            desk.register(.glob(parent: room("a"), try Glob(text: "*")), 1)
                == ["1 refused 1 wamp.error.invalid_argument"])
    }

    @Test("queries about an unknown registration find nothing")
    func unknown() {
        let desk = Desk()
        #expect(desk.details(1) == nil)
        #expect(desk.callees(1) == nil)
        #expect(desk.calleeCount(1) == nil)
        #expect(desk.match("a") == nil)
    }

    @Test("a party opened twice keeps what it had, and strangers are not heard")
    func strangersAtTheDoor() {
        let desk = Desk()
        #expect(desk.open(1))
        desk.register(exact("a"), 1)
        #expect(!desk.open(1))
        #expect(desk.calleeCount(1) == 1)
        #expect(desk.register(exact("b"), 9) == [])
        #expect(desk.unregister(1, 9) == [])
        #expect(desk.call("a", 9, request: 1) == [])
        #expect(desk.cancel(1, 9, .kill) == [])
        #expect(desk.yield(1, 9) == [])
        #expect(desk.close(9) == [])
    }
}
