import Testing

@testable import Hub

@Suite("calls in parts and results in parts")
struct DealerProgressTests {
    private func makeDesk(limits: DealerLimits = .standard) -> Desk {
        let desk = Desk(limits: limits)
        for party: UInt64 in [1, 11] { desk.open(party, .all) }
        desk.register(exact("a"), 11)
        return desk
    }

    @Test("progress reaches the caller that asked, in order, and ends with the final result")
    func results() {
        let desk = makeDesk()
        #expect(
            desk.call("a", 1, request: 1, .init(progress: true)) == ["11 invoke 1 1 progress a"])
        #expect(desk.yield(1, 11, progress: true, "10") == ["1 result 1 progress 10"])
        #expect(desk.yield(1, 11, progress: true, "20") == ["1 result 1 progress 20"])
        #expect(desk.yield(1, 11, "30") == ["1 result 1 30"])
        #expect(desk.yield(1, 11, progress: true, "40") == [])
    }

    @Test("progress that nobody asked for is dropped, the final result is not")
    func unwanted() {
        let desk = makeDesk()
        desk.call("a", 1, request: 1)
        #expect(desk.yield(1, 11, progress: true) == [])
        #expect(desk.yield(1, 11) == ["1 result 1 r"])
    }

    @Test("a callee that lacks a feature is not asked for progress")
    func unable() {
        for features: PartyFeatures in [[.yieldsProgress], [.takesInterrupts]] {
            let desk = makeDesk()
            desk.open(12, features)
            desk.register(exact("b"), 12)
            #expect(desk.call("b", 1, request: 1, .init(progress: true)) == ["12 invoke 1 2 a"])
        }
    }

    @Test("parts go to the same callee under the same invocation (§18.16)")
    func parts() {
        let desk = makeDesk()
        let part = CallOptions(progress: true, part: true, disclose: true)
        #expect(
            desk.call("a", 1, request: 1, part, "1")
                == ["11 invoke 1 1 caller=1 progress part 1"])
        #expect(
            desk.call("a", 1, request: 1, .init(part: true), "2")
                == ["11 invoke 1 1 caller=1 progress part 2"])
        #expect(desk.yield(1, 11, progress: true) == ["1 result 1 progress r"])
        #expect(
            desk.call("a", 1, request: 1, .init(), "3") == ["11 invoke 1 1 caller=1 progress 3"])
        #expect(desk.call("a", 1, request: 1) == ["1 violation requestInUse(1)"])
        #expect(desk.yield(1, 11) == ["1 result 1 r"])
        #expect(desk.call("a", 1, request: 1) == ["11 invoke 2 1 a"])
    }

    @Test("arguments are kept only while another callee may have to hear them")
    func keptArguments() {
        for policy: InvocationPolicy in [.single, .roundRobin] {
            for isPart in [false, true] {
                for features: PartyFeatures in [.all, .all.subtracting(.reroutes)] {
                    var dealer = Dealer()
                    var actions: [DealerAction] = []
                    let caller = PartyID(rawValue: 1)
                    let callee = PartyID(rawValue: 11)
                    _ = dealer.open(caller, features: .all)
                    _ = dealer.open(callee, features: features)
                    dealer.register(
                        exact("a"), request: 1, by: callee, options: .init(policy), now: 0,
                        &actions)
                    weak var kept: Note?
                    do {
                        let note = Note("kept")
                        kept = note
                        dealer.call(
                            room("a"), request: 1, by: caller,
                            options: .init(progress: true, part: isPart), payload: note, now: 0,
                            random: 0, &actions)
                    }
                    actions.removeAll()
                    let mayReroute = policy != .single && features.contains(.reroutes)
                    #expect((kept != nil) == mayReroute)
                    // A result on its way: too late for another.
                    dealer.yield(
                        1, by: callee, isProgress: true, payload: nil, now: 0, &actions)
                    #expect(kept == nil)
                }
            }
        }
    }

    @Test("a callee that cannot take parts is refused once, however many parts come")
    func incapable() {
        let desk = makeDesk()
        for features: PartyFeatures in [[.takesParts], [.takesInterrupts]] {
            desk.open(12, features)
            desk.register(exact("b"), 12)
            #expect(
                desk.call("b", 1, request: 1, .init(part: true))
                    == ["1 error 1 wamp.error.feature_not_supported -"])
            #expect(desk.call("b", 1, request: 1, .init(part: true)) == [])
            #expect(desk.call("b", 1, request: 1) == [])
            desk.close(12)
        }
    }

    @Test("parts of an answered call are dropped until the last one, or the grace is over")
    func late() {
        let desk = makeDesk()
        desk.call("a", 1, request: 1, .init(part: true))
        desk.yield(1, 11)
        #expect(desk.call("a", 1, request: 1, .init(part: true)) == [])
        #expect(desk.call("a", 1, request: 1) == [])
        #expect(desk.call("a", 1, request: 1) == ["11 invoke 2 1 a"])
        desk.call("a", 1, request: 2, .init(part: true))
        desk.yield(3, 11)
        desk.now += 60_000 * millisecond
        #expect(desk.call("a", 1, request: 2, .init(part: true)) == ["11 invoke 4 1 part a"])
    }

    @Test("only so many answered calls are remembered, the oldest goes first")
    func remembered() {
        var limits = DealerLimits()
        limits.finishedCallsPerParty = 2
        let desk = makeDesk(limits: limits)
        for request: UInt64 in 1...3 {
            desk.call("a", 1, request: request, .init(part: true))
            desk.yield(request, 11)
        }
        #expect(desk.call("a", 1, request: 2) == [])
        #expect(desk.call("a", 1, request: 3) == [])
        #expect(desk.call("a", 1, request: 1) == ["11 invoke 4 1 a"])
    }

    @Test("a call in parts moves on only while one part was sent, to a callee that takes parts")
    func reroute() {
        let desk = Desk()
        desk.open(1, .all)
        desk.open(11, .all)
        desk.open(12, .reroutes)
        desk.open(13, .all)
        for party: UInt64 in 11...13 { desk.register(exact("a"), party, .init(.first)) }
        desk.call("a", 1, request: 1, .init(part: true), "1")
        #expect(desk.fail(1, 11, CallError.unavailable) == ["13 invoke 1 1 part 1"])
        #expect(desk.call("a", 1, request: 1, .init(part: true), "2") == ["13 invoke 1 1 part 2"])
        #expect(desk.fail(1, 13, CallError.unavailable) == ["1 error 1 wamp.error.unavailable e"])
        #expect(desk.call("a", 1, request: 1, .init(), "3") == [])
    }
}
