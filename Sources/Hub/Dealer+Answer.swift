// Dealer+Answer — what callees say (WAMP §8.4, §8.9, §8.14 of the reference).

internal import Bytes

extension Dealer {
    /// A result: the final one, or one of several.
    ///
    /// Progress that the caller did not ask for is dropped, as is every answer to an invocation
    /// that has ended.
    package mutating func yield(
        _ invocation: UInt64, by callee: PartyID, isProgress: Bool,
        payload: (any CallPayload)?, now: UInt64, _ actions: inout [DealerAction]
    ) {
        guard let call = answered(invocation, by: callee, &actions) else { return }
        let caller = parties[calls[call].caller].id
        let request = calls[call].request
        if isProgress {
            guard calls[call].flags.contains(.getsProgress) else { return }
            if calls[call].timeout > 0 {
                // The caller has heard something: its time begins anew.
                calls[call].due = now.saturatingSum(calls[call].timeout)
                setDeadline(call)
            }
            calls[call].flags.insert(.isUnderway)
            calls[call].template?.payload = nil
            actions.append(.result(caller, request: request, isProgress: true, payload))
            return
        }
        counters.answered += 1
        actions.append(.result(caller, request: request, isProgress: false, payload))
        finish(call, now: now)
    }

    /// An error, relayed as it is, unless it sends the call on to another callee.
    package mutating func fail(
        _ invocation: UInt64, by callee: PartyID, uri: String, payload: (any CallPayload)?,
        now: UInt64, random: UInt64, _ actions: inout [DealerAction]
    ) {
        guard let call = answered(invocation, by: callee, &actions) else { return }
        if uri.isExactly(CallError.unavailable), canReroute(call) {
            reroute(call, now: now, random: random, &actions)
            return
        }
        let caller = parties[calls[call].caller].id
        counters.answered += 1
        actions.append(.error(caller, request: calls[call].request, .relayed(uri), payload))
        finish(call, now: now)
    }

    /// The call that an answer is for, if it is pending.
    private mutating func answered(
        _ invocation: UInt64, by callee: PartyID, _ actions: inout [DealerAction]
    ) -> UInt32? {
        guard let place = parties.place(of: callee) else { return nil }
        if let call = calls.find(invocation: invocation, of: place) { return call }
        // Ids count up, so one in range was sent once and has ended.
        if invocation > 0 && invocation <= parties[place].issued {
            counters.late += 1
        } else {
            counters.violations += 1
            actions.append(.violation(callee, .unknownInvocation(invocation)))
        }
        return nil
    }

    /// Whether nothing has happened yet that a second callee would have to know.
    private func canReroute(_ call: UInt32) -> Bool {
        parties[calls[call].callee].features.contains(.reroutes)
            && calls[call].flags.isDisjoint(with: [.isKilled, .isUnderway])
    }

    private mutating func reroute(
        _ call: UInt32, now: UInt64, random: UInt64, _ actions: inout [DealerAction]
    ) {
        guard let template = calls[call].template,
            template.tried.count <= limits.reroutesPerCall,
            let registration = registrations.place(of: calls[call].registration),
            let position = chooseAnother(call, template, of: registration, random)
        else {
            fail(call, .noAvailableCallee, now: now, &actions)
            return
        }
        counters.rerouted += 1
        withdraw(call)
        var options = CallOptions()
        options.wantsProgress = template.wantsProgress
        options.disclosesCaller = template.disclosesCaller
        options.hidesCaller = template.hidesCaller
        // The timeout keeps running; one that is over shows in the next turn, not as "none".
        let due = calls[call].due
        let left = calls[call].timeout == 0 ? 0 : max(due > now ? due - now : 0, 1_000_000)
        assign(
            call, to: position, of: registration, template.procedure, options, template.payload,
            timeout: left, &actions)
    }

    /// Another callee by the registration's policy, and none that was tried before.
    private mutating func chooseAnother(
        _ call: UInt32, _ template: CallTemplate, of registration: UInt32, _ random: UInt64
    ) -> Int? {
        let policy = registrations[registration].details.policy
        let membership = calls[call].membership
        let comesInParts = calls[call].flags.contains(.inputIsOpen)
        // Read before the table is called mutably.
        let eligible = registrations[registration].callees.map { callee in
            if callee.isFull || template.tried.contains(callee.party) { return false }
            if comesInParts {
                let features = parties[callee.place].features
                if !features.isSuperset(of: [.takesParts, .takesInterrupts]) { return false }
            }
            switch policy {
            case .single: return false
            case .first: return callee.serial > membership
            case .last: return callee.serial < membership
            case .roundRobin, .random: return true
            }
        }
        return registrations[registration].choose(random: random) { position, _ in
            eligible[position]
        }
    }
}
