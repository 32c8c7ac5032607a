// Calls that their dialect refuses, and those under an id that was used before: one answer for each
// call, and none for what is no call of its own.

import Testing

@testable import Hub

@Suite("refused calls")
struct DealerRefusalTests {
    private func makeDesk() -> Desk {
        let desk = Desk()
        for party: UInt64 in [1, 2, 11] { desk.open(party, .all) }
        desk.register(exact("a"), 11)
        return desk
    }

    private let no = CallOptions(refusal: "no.way")
    private let noPart = CallOptions(part: true, refusal: "no.way")

    @Test("a refused call is answered with its refusal and asks nobody, whatever its procedure")
    func refused() {
        let desk = makeDesk()
        for procedure in ["a", "b", ""] {
            #expect(desk.call(procedure, 1, request: 1, no) == ["1 error 1 no.way -"])
        }
        #expect(desk.counters.calls == 3 && desk.counters.failed == 3)
        #expect(desk.remains == [3, 1, 0])
        #expect(desk.call("a", 1, request: 1) == ["11 invoke 1 1 a"])
    }

    @Test("the id of a pending call is a violation, refused or not; others may have the same id")
    func pending() {
        let desk = makeDesk()
        desk.call("a", 1, request: 7)
        #expect(desk.call("a", 2, request: 7, no) == ["2 error 7 no.way -"])
        #expect(desk.call("a", 1, request: 7, no) == ["1 violation requestInUse(7)"])
        #expect(desk.call("a", 1, request: 7, noPart) == ["1 violation requestInUse(7)"])
        #expect(desk.yield(1, 11) == ["1 result 7 r"])
        #expect(desk.call("a", 1, request: 7, no) == ["1 error 7 no.way -"])
    }

    @Test("a further part goes the way of the first one, whatever speaks against it (§8.10)")
    func parts() {
        let desk = makeDesk()
        desk.call("a", 1, request: 1, .init(part: true), "1")
        #expect(desk.call("", 1, request: 1, noPart, "2") == ["11 invoke 1 1 part 2"])
        #expect(desk.call("b", 1, request: 1, no, "3") == ["11 invoke 1 1 3"])
        #expect(desk.call("b", 1, request: 1, no) == ["1 violation requestInUse(1)"])
        #expect(desk.yield(1, 11) == ["1 result 1 r"])
    }

    @Test("the parts behind a refused one are dropped, as are those of an answered call")
    func late() {
        let desk = makeDesk()
        #expect(desk.call("a", 1, request: 1, noPart) == ["1 error 1 no.way -"])
        #expect(desk.call("a", 1, request: 1, noPart) == [])
        #expect(desk.call("a", 1, request: 1, no) == [])
        #expect(desk.call("a", 1, request: 1, no) == ["1 error 1 no.way -"])
        desk.call("a", 1, request: 2, .init(part: true))
        desk.yield(1, 11)
        #expect(desk.call("a", 1, request: 2, no) == [])
        #expect(desk.call("a", 1, request: 2, no) == ["1 error 2 no.way -"])
    }

    @Test("an id is known while its call is pending or parts of it may come")
    func known() {
        let desk = makeDesk()
        #expect(!desk.knows(1, 1) && !desk.knows(1, 99))
        desk.call("a", 1, request: 1)
        #expect(desk.knows(1, 1) && !desk.knows(1, 2) && !desk.knows(2, 1))
        desk.yield(1, 11)
        #expect(!desk.knows(1, 1))
        desk.call("a", 1, request: 1, .init(part: true))
        desk.yield(2, 11)
        #expect(desk.knows(1, 1))
        desk.now += 60_000 * millisecond
        #expect(!desk.knows(1, 1))
    }

    @Test("where ids count up, an old one is a late part, even when it is remembered no more")
    func repeated() {
        let desk = makeDesk()
        desk.call("a", 1, request: 1, .init(part: true), "1")
        let part = CallOptions(part: true, repeated: true)
        #expect(desk.call("a", 1, request: 1, part, "2") == ["11 invoke 1 1 part 2"])
        desk.yield(1, 11)
        desk.now += 3_600_000 * millisecond
        #expect(desk.call("a", 1, request: 1, part) == [])
        #expect(desk.call("a", 1, request: 1, .init(repeated: true)) == [])
        #expect(desk.call("a", 1, request: 1, .init(repeated: true, refusal: "no.way")) == [])
        #expect(desk.counters.late == 3)
        desk.call("a", 1, request: 2)
        #expect(
            desk.call("a", 1, request: 2, .init(repeated: true))
                == ["1 violation requestInUse(2)"])
    }
}
