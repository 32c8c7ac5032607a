// Dealer — who answers which call, in one realm (the rules are those of WAMP, §8 of the
// protocol's reference, and hold for every dialect and handler).
//
// Pure and deterministic: parties, registrations, calls and answers come in with the time and a
// random word, actions come out. It takes no lock, reads no clock and touches no payload. The
// engine keeps one per realm behind a lock and carries the actions out by mailboxes.
//
// A caller may rely on this: every call ends once, with one final answer, unless its caller has
// left or has canceled without announcing that it can. Whatever comes after the end is dropped.
// Input from a party that is not open is ignored: it left while the message was under way.

package struct Dealer: ~Copyable {
    let limits: DealerLimits
    var parties = PartyTable()
    var registrations: RegistrationTable
    var calls = CallTable()
    var deadlines = DeadlineHeap()
    /// Parties that have left and whose calls are not all ended yet, the first to leave first.
    var leaving: [UInt32] = []
    package internal(set) var counters = DealerCounters()
    private var lastCall: UInt64 = 0
    private var lastMembership: UInt64 = 0

    package init(limits: DealerLimits = .standard) {
        self.limits = limits
        registrations = RegistrationTable(limits: limits.index)
    }

    package var partyCount: Int { parties.count }
    package var registrationCount: Int { registrations.count }
    package var pendingCallCount: Int { calls.count }

    /// When ``expire(now:_:)`` has something to do, in nanoseconds.
    package var nextDeadline: UInt64? { leaving.isEmpty ? deadlines.nextDue : 0 }

    // MARK: Coming and going

    /// Lets a party call and be called.
    ///
    /// - Parameter owner: Who is behind it, for ``Takeover/ofSameOwner``.
    /// - Returns: `false` when a party of that name is open; nothing has changed then.
    package mutating func open(
        _ party: PartyID, owner: UInt64 = 0, features: PartyFeatures
    ) -> Bool {
        parties.insert(Party(id: party, owner: owner, features: features))
    }

    /// Ends everything a party has part in: its calls are forgotten, what it was asked is
    /// answered with ``CallError/calleeLeft``, its registrations end. No action names it as
    /// receiver.
    ///
    /// Of more calls than ``DealerLimits/callsPerExpiry`` the others end with
    /// ``expire(now:_:)``, which has something to do at once. Nobody finds the party meanwhile.
    ///
    /// - Complexity: O(its registrations, and so many of its calls).
    package mutating func close(
        _ party: PartyID, now: UInt64, _ actions: inout [DealerAction]
    ) {
        guard let place = parties.place(of: party) else { return }
        parties.retire(at: place)
        var count = limits.callsPerExpiry
        let isDone = endCalls(of: place, atMost: &count, now: now, &actions)
        for registration in parties[place].registrations {
            leave(registration, place, &actions)
        }
        parties[place].registrations = []
        if isDone {
            parties.free(at: place)
        } else {
            leaving.append(place)
        }
    }

    /// Goes on where ``close(_:now:_:)`` has stopped.
    mutating func endLeftCalls(
        atMost count: inout Int, now: UInt64, _ actions: inout [DealerAction]
    ) {
        while let place = leaving.first {
            guard endCalls(of: place, atMost: &count, now: now, &actions) else { return }
            parties.free(at: place)
            leaving.removeFirst()
        }
    }

    /// - Returns: Whether the party that has left has no calls any more.
    private mutating func endCalls(
        of place: UInt32, atMost count: inout Int, now: UInt64, _ actions: inout [DealerAction]
    ) -> Bool {
        while count > 0, parties[place].asCaller.first != noCall {
            let call = parties[place].asCaller.first
            if calls[call].callee != place { interrupt(call, .killNoWait, &actions) }
            finish(call, now: now)
            counters.dropped += 1
            count -= 1
        }
        while count > 0, parties[place].asCallee.first != noCall {
            fail(parties[place].asCallee.first, .calleeLeft, now: now, &actions)
            count -= 1
        }
        return parties[place].asCaller.count == 0 && parties[place].asCallee.count == 0
    }

    // MARK: What the facets share

    /// Ends the membership of a party and, with the last one, the registration. The party's own
    /// list is left to the caller.
    mutating func leave(
        _ registration: UInt32, _ place: UInt32, _ actions: inout [DealerAction]
    ) {
        guard let position = registrations[registration].position(of: place) else {
            preconditionFailure("a party lists a registration that does not list it")
        }
        let id = registrations[registration].details.id
        let party = parties[place].id
        registrations[registration].removeCallee(at: position)
        actions.append(.meta(.unregistered(party, id)))
        guard registrations[registration].callees.isEmpty else { return }
        registrations.remove(at: registration)
        actions.append(.meta(.deleted(party, id)))
    }

    mutating func nextMembership() -> UInt64 {
        lastMembership += 1
        return lastMembership
    }

    mutating func nextCall() -> UInt64 {
        lastCall += 1
        counters.calls += 1
        return lastCall
    }

    /// Tells the callee of `call` to stop, if it understands that and was not told before.
    func interrupt(
        _ call: UInt32, _ mode: CancelMode, reason: CallError? = nil,
        _ actions: inout [DealerAction]
    ) {
        let callee = calls[call].callee
        guard parties[callee].features.contains(.takesInterrupts),
            !calls[call].flags.contains(.isKilled)
        else { return }
        let invocation = calls[call].invocation
        actions.append(
            .interrupt(parties[callee].id, invocation: invocation, mode, reason: reason))
    }

    /// Ends a call with an error that no callee sent.
    mutating func fail(
        _ call: UInt32, _ error: CallError, now: UInt64, _ actions: inout [DealerAction]
    ) {
        let caller = parties[calls[call].caller].id
        actions.append(.error(caller, request: calls[call].request, error, nil))
        counters.failed += 1
        finish(call, now: now)
    }

    /// The one transition that ends a call. What it was to be answered with is the caller's
    /// matter.
    mutating func finish(_ call: UInt32, now: UInt64) {
        let caller = calls[call].caller
        let request = calls[call].request
        if calls[call].flags.contains(.inputIsOpen) {
            expectParts(of: request, from: caller, now: now)
        }
        withdraw(call)
        deadlines.remove(call)
        calls.remove(call, from: &parties[caller].asCaller)
    }

    /// Takes the call from its callee, which may then take another one.
    mutating func withdraw(_ call: UInt32) {
        let callee = calls[call].callee
        calls.withdraw(call, from: &parties[callee].asCallee)
        guard calls[call].flags.contains(.isCounted),
            let place = registrations.place(of: calls[call].registration),
            let position = registrations[place].position(of: callee)
        else { return }
        // Another serial: it left and came back, and does not count what it was asked before.
        let member = registrations[place].callees[position]
        if member.serial == calls[call].membership {
            registrations[place].callees[position].pending -= 1
        }
    }

    /// Notes that parts of an ended call may still come.
    mutating func expectParts(of request: UInt64, from caller: UInt32, now: UInt64) {
        parties[caller].lateParts.expect(
            request, until: now.saturatingSum(limits.finishedCallGrace), now: now,
            limit: limits.finishedCallsPerParty)
    }
}
