// The dealer behind its lock: what it wants is posted to the core of the party, in its order, and
// never to a party that has left.

import DialectKit
import Hub
import Lockfree
import Rooms
import Testing

@testable import Engine

@Suite struct SharedDealerTests {
    private let dealer = SharedDealer()
    private let state = EngineState(
        settings: EngineSettings(), registry: Registry(), coreCount: 2)

    /// A connection of a core, which need not exist: mail is only posted.
    private func connection(_ slot: Int, core: Int) -> ConnectionID {
        ConnectionID(core: core, slot: slot, generation: 1)
    }

    @discardableResult
    private func ask(
        _ party: UInt64, _ question: DealerRequest.Question, at slot: Int = 0, core: Int = 0,
        now: UInt64 = 0
    ) -> UInt64 {
        dealer.ask(
            DealerRequest(PartyID(rawValue: party), question),
            from: connection(slot, core: core), now: now, random: 0, state)
    }

    /// What was posted to a core: connection's slot and the action's name.
    private func mail(_ core: Int) -> [String] {
        var found: [Mail] = []
        state.mailboxes[core].drain(into: &found)
        return found.map { mail in
            guard case .dealt(let id, let action) = mail else { return "other mail" }
            let name =
                switch action {
                case .invoke: "invoke"
                case .interrupt: "interrupt"
                case .result: "result"
                case .error(_, _, let error, _): "error \(error)"
                case .registered: "registered"
                case .unregistered: "unregistered"
                case .revoked: "revoked"
                default: "other"
                }
            return "\(id.slot) \(name)"
        }
    }

    private func room(_ name: String) -> Room {
        let octets = Array(name.utf8)
        return try! Room(dotted: unsafe octets.span.bytes)
    }

    /// Party 1 at slot 1 of core 0 calls, party 2 at slot 2 of core 1 is called.
    private func openBoth() {
        ask(1, .open(owner: 0, [.cancelsCalls]), at: 1, core: 0)
        ask(2, .open(owner: 0, [.takesInterrupts]), at: 2, core: 1)
        ask(2, .register(.exact(room("p")), request: 1, RegisterOptions()), at: 2, core: 1)
    }

    @Test("actions go to the core of the party they are for, in the dealer's order")
    func addresses() {
        openBoth()
        ask(1, .call(room("p"), request: 1, CallOptions(), nil), at: 1)
        ask(1, .call(room("p"), request: 2, CallOptions(), nil), at: 1)
        ask(1, .cancel(request: 1, .killNoWait), at: 1)
        #expect(mail(1) == ["2 registered", "2 invoke", "2 invoke", "2 interrupt"])
        ask(2, .yield(invocation: 2, isProgress: false, nil), at: 2, core: 1)
        #expect(mail(0) == ["1 error canceled", "1 result"])
        #expect(mail(1).isEmpty)
    }

    @Test("of a callee with many registrations that leaves some are told of at a time, in order")
    func manyRegistrations() {
        let heard = Guarded<[String]>([])
        dealer.observe { event in heard.withLock { $0.append("\(event)") } }
        ask(2, .open(owner: 0, []), at: 2, core: 1)
        for number in 1...1000 as ClosedRange<UInt64> {
            ask(
                2, .register(.exact(room("p\(number)")), request: number, RegisterOptions()), at: 2,
                core: 1)
        }
        heard.withLock { $0 = [] }
        var due = ask(2, .close, at: 2, core: 1)
        #expect(heard.withLock { $0.count } == 256 && due == 0)
        // What happens meanwhile is told behind it.
        ask(3, .open(owner: 0, []), at: 3)
        ask(3, .register(.exact(room("p1000")), request: 1, RegisterOptions()), at: 3)
        var rounds = 0
        while due == 0, rounds < 20 {
            due = dealer.expire(now: 1, core: 0, state)
            rounds += 1
        }
        #expect(due == .max && rounds == 5)
        let events = heard.withLock { $0 }
        #expect(events.count == 2002 && Set(events).count == 2002)
        #expect(events[2000].hasPrefix("created") && events[2001].hasPrefix("registered"))
        let ended = events[..<2000].enumerated()
        #expect(ended.allSatisfy { $1.hasPrefix($0 % 2 == 0 ? "unregistered" : "deleted") })
    }

    @Test("nothing is posted to a party that has left, and its callers hear that it did")
    func leaving() {
        openBoth()
        ask(1, .call(room("p"), request: 1, CallOptions(), nil), at: 1)
        _ = mail(1)
        ask(2, .close, at: 2, core: 1)
        #expect(mail(0) == ["1 error calleeLeft"])
        #expect(mail(1).isEmpty)
        // What still comes from it is dropped.
        ask(2, .yield(invocation: 1, isProgress: false, nil), at: 2, core: 1)
        ask(2, .close, at: 2, core: 1)
        #expect(mail(0).isEmpty && mail(1).isEmpty)
        let left = dealer.query { ($0.partyCount, $0.registrationCount, $0.pendingCallCount) }
        #expect(left == (1, 0, 0))
    }

    @Test("a name that is open stays with the connection that opened it")
    func nameTwice() {
        openBoth()
        ask(2, .open(owner: 0, []), at: 7, core: 0)
        ask(1, .call(room("p"), request: 1, CallOptions(), nil), at: 1)
        #expect(mail(1) == ["2 registered", "2 invoke"])
        #expect(mail(0).isEmpty)
    }

    @Test("whoever asks is told when a call is due next, and the end of a call is posted then")
    func deadlines() {
        openBoth()
        var options = CallOptions()
        options.timeout = 100
        #expect(
            ask(1, .call(room("p"), request: 1, options, nil), at: 1, now: 1000) == 1100)
        options.timeout = 50
        #expect(ask(1, .call(room("p"), request: 2, options, nil), at: 1, now: 1000) == 1050)
        #expect(dealer.expire(now: 1049, core: 0, state) == 1050)
        #expect(mail(0).isEmpty)
        #expect(dealer.expire(now: 1050, core: 0, state) == 1100)
        #expect(mail(0).count == 1)
        #expect(dealer.expire(now: 5000, core: 0, state) == .max)
        #expect(mail(0).count == 1)
        _ = mail(1)
    }

    @Test("who watches registrations hears of them in order, under the lock")
    func observer() {
        let heard = Guarded<[String]>([])
        dealer.observe { event in heard.withLock { $0.append(event.topic) } }
        openBoth()
        ask(2, .close, at: 2, core: 1)
        #expect(
            heard.withLock { $0 } == [
                "wamp.registration.on_create", "wamp.registration.on_register",
                "wamp.registration.on_unregister", "wamp.registration.on_delete",
            ])
    }

    @Test(
        "many threads at once: every call gets one answer, and invocations of a caller keep order")
    func threads() async {
        let dealer = dealer
        let state = state
        let procedure = room("p")
        openBoth()
        _ = mail(1)
        let callsPerCaller = 200
        await withTaskGroup(of: Void.self) { group in
            for caller in 10..<14 as Range<UInt64> {
                group.addTask {
                    let id = ConnectionID(core: 0, slot: Int(caller), generation: 1)
                    func ask(_ question: DealerRequest.Question) {
                        _ = dealer.ask(
                            DealerRequest(PartyID(rawValue: caller), question), from: id, now: 0,
                            random: 0, state)
                    }
                    ask(.open(owner: 0, [.cancelsCalls]))
                    for request in 1...UInt64(callsPerCaller) {
                        ask(.call(procedure, request: request, CallOptions(), nil))
                        if request % 3 == 0 { ask(.cancel(request: request, .skip)) }
                    }
                }
            }
            group.addTask {
                // The callee answers by number, also what was not asked yet: violations are dropped.
                for invocation in 1...UInt64(4 * callsPerCaller) {
                    _ = dealer.ask(
                        DealerRequest(
                            PartyID(rawValue: 2),
                            .yield(invocation: invocation, isProgress: false, nil)),
                        from: ConnectionID(core: 1, slot: 2, generation: 1), now: 0, random: 0,
                        state)
                }
            }
        }
        for invocation in 1...UInt64(4 * callsPerCaller) {
            ask(2, .yield(invocation: invocation, isProgress: false, nil), at: 2, core: 1)
        }
        var answers: [UInt64: [UInt64: Int]] = [:]
        var found: [Mail] = []
        state.mailboxes[0].drain(into: &found)
        for case .dealt(_, let action) in found {
            switch action {
            case .result(let party, let request, _, _), .error(let party, let request, _, _):
                answers[party.rawValue, default: [:]][request, default: 0] += 1
            default: break
            }
        }
        for caller in 10..<14 as Range<UInt64> {
            #expect(answers[caller]?.count == callsPerCaller)
            #expect(answers[caller]?.values.allSatisfy { $0 == 1 } == true)
        }
        #expect(dealer.query { $0.pendingCallCount } == 0)
        // Invocations count up as they were made.
        var posted: [Mail] = []
        state.mailboxes[1].drain(into: &posted)
        var last: UInt64 = 0
        for case .dealt(_, .invoke(let invocation)) in posted {
            #expect(invocation.id == last + 1)
            last = invocation.id
        }
        #expect(last == UInt64(4 * callsPerCaller))
    }
}
