// A party with many calls leaves: some end at once, the others in steps, and nobody can tell but by
// the time it takes.

import Rooms
import Testing

@testable import Hub

@Suite("leaving with many calls")
struct DealerLeavingTests {
    private func end(_ dealer: inout Dealer, _ first: [DealerAction]) -> (
        steps: Int, actions: [DealerAction]
    ) {
        var all = first
        var steps = 1
        while dealer.nextDeadline == 0, steps < 100 {
            var actions: [DealerAction] = []
            dealer.expire(now: 5, &actions)
            #expect(actions.count <= 1024)
            dealer.checkInvariants()
            all += actions
            steps += 1
        }
        return (steps, all)
    }

    private func call(
        _ dealer: inout Dealer, _ count: Int, by caller: UInt64, timeout: UInt64 = 0
    ) {
        var actions: [DealerAction] = []
        for request in 1...UInt64(count) {
            var options = CallOptions()
            options.timeout = timeout
            dealer.call(
                room("p"), request: request, by: PartyID(rawValue: caller), options: options,
                payload: nil, now: 1, random: 0, &actions)
        }
        #expect(actions.count == count)
    }

    private func dealer(_ callee: UInt64) -> Dealer {
        var dealer = Dealer()
        var actions: [DealerAction] = []
        for party: UInt64 in [1, 2, callee] {
            let isOpen = dealer.open(PartyID(rawValue: party), features: .all)
            #expect(isOpen)
        }
        dealer.register(
            exact("p"), request: 1, by: PartyID(rawValue: callee), now: 1, &actions)
        return dealer
    }

    @Test("who is asked by many is answered for in steps, each caller in its order")
    func callee() {
        var dealer = dealer(11)
        call(&dealer, 3000, by: 1, timeout: 1_000_000_000)
        call(&dealer, 1500, by: 2)
        var first: [DealerAction] = []
        dealer.close(PartyID(rawValue: 11), now: 5, &first)
        #expect(first.count <= 1024 + 2)
        dealer.checkInvariants()
        let (parties, registrations) = (dealer.partyCount, dealer.registrationCount)
        #expect(parties == 2 && registrations == 0)
        // What it still says is nobody's, and nobody asks it any more.
        var actions: [DealerAction] = []
        dealer.yield(
            4500, by: PartyID(rawValue: 11), isProgress: false, payload: nil, now: 5, &actions)
        #expect(actions.isEmpty)
        dealer.call(
            room("p"), request: 9000, by: PartyID(rawValue: 1), payload: nil, now: 5, random: 0,
            &actions)
        #expect(actions.count == 1)
        // A caller takes one back meanwhile, another one leaves.
        actions = []
        dealer.cancel(2999, by: PartyID(rawValue: 1), mode: .skip, now: 5, &actions)
        #expect(actions.count == 1)
        var second: [DealerAction] = []
        dealer.close(PartyID(rawValue: 2), now: 5, &second)
        let (steps, all) = end(&dealer, first + second)
        #expect(steps > 3)
        var answered: [UInt64] = []
        for case .error(let party, let request, .calleeLeft, _) in all where party.rawValue == 1 {
            answered.append(request)
        }
        #expect(answered == (1...3000).filter { $0 != 2999 })
        let left = (dealer.pendingCallCount, dealer.partyCount, dealer.nextDeadline)
        #expect(left.0 == 0 && left.1 == 1 && left.2 == nil)
    }

    @Test("who waits for many answers is forgotten in steps, and its callee is told of each")
    func caller() {
        var dealer = dealer(11)
        call(&dealer, 5000, by: 1, timeout: 1_000_000_000)
        var first: [DealerAction] = []
        dealer.close(PartyID(rawValue: 1), now: 5, &first)
        #expect(first.count <= 1024)
        dealer.checkInvariants()
        // The same name may come again at once.
        let isOpen = dealer.open(PartyID(rawValue: 1), features: .all)
        #expect(isOpen)
        call(&dealer, 10, by: 1)
        let (steps, all) = end(&dealer, first)
        #expect(steps > 3 && all.count == 5000)
        let pending = dealer.pendingCallCount
        #expect(pending == 10)
        // One that is in both roles at once.
        var actions: [DealerAction] = []
        call(&dealer, 3000, by: 11)
        dealer.close(PartyID(rawValue: 11), now: 5, &actions)
        _ = end(&dealer, actions)
        let left = (dealer.pendingCallCount, dealer.partyCount)
        #expect(left.0 == 0 && left.1 == 2)
    }
}
