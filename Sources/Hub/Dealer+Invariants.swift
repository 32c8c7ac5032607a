// Dealer+Invariants — what tests and the simulator check between two inputs.

extension Dealer {
    package func checkInvariants() {
        calls.checkInvariants()
        deadlines.checkInvariants()
        registrations.checkInvariants()
        var asked = 0
        var asking = 0
        var memberships = 0
        var timed = 0
        parties.forEach { place, party in
            for call in calls.places(in: party.asCaller, .caller) {
                precondition(calls[call].caller == place)
                if calls[call].timeout > 0 { timed += 1 }
                asking += 1
            }
            for call in calls.places(in: party.asCallee, .callee) {
                precondition(calls[call].callee == place)
                precondition(calls[call].invocation <= party.issued)
                asked += 1
            }
            for registration in party.registrations {
                precondition(registrations[registration].position(of: place) != nil)
                memberships += 1
            }
        }
        precondition(asking == calls.count && asked == calls.count)
        precondition(timed == deadlines.count)
        let counters = counters
        precondition(
            counters.calls
                == counters.answered + counters.failed + counters.dropped + calls.count)
        for id in registrations.ids {
            guard let place = registrations.place(of: id) else { continue }
            memberships -= registrations[place].callees.count
            for callee in registrations[place].callees where callee.concurrencyLimit > 0 {
                let pending = calls.places(in: parties[callee.place].asCallee, .callee).count {
                    calls[$0].membership == callee.serial
                }
                precondition(Int(callee.pending) == pending)
                precondition(callee.pending <= callee.concurrencyLimit)
            }
        }
        precondition(memberships == 0)
    }
}
