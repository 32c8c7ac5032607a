// Dealer+Cancel — calls that end before they are answered (WAMP §8.6, §8.11 of the reference).

extension Dealer {
    /// Takes a call back.
    ///
    /// | mode | to the callee | to the caller |
    /// |---|---|---|
    /// | skip | nothing | `canceled` at once |
    /// | killNoWait | interrupt | `canceled` at once |
    /// | kill | interrupt | what the callee answers |
    ///
    /// A callee that takes no interrupt makes every mode skip. A caller that never announced
    /// ``PartyFeatures/cancelsCalls`` is not answered at all. A call that has ended or was canceled
    /// before is left alone.
    package mutating func cancel(
        _ request: UInt64, by caller: PartyID, mode: CancelMode, now: UInt64,
        _ actions: inout [DealerAction]
    ) {
        guard let place = parties.place(of: caller),
            let call = calls.find(request: request, of: place),
            !calls[call].flags.contains(.isKilled)
        else { return }
        let callee = parties[calls[call].callee]
        let isHeard = parties[place].features.contains(.cancelsCalls)
        if mode == .kill && isHeard && callee.features.contains(.takesInterrupts) {
            interrupt(call, .kill, &actions)
            calls[call].flags.insert(.isKilled)
            return
        }
        if isHeard {
            counters.failed += 1
            actions.append(.error(caller, request: request, .canceled, nil))
        } else {
            counters.dropped += 1
        }
        if mode != .skip { interrupt(call, mode, &actions) }
        finish(call, now: now)
    }

    /// Ends what parties have left behind, and the calls that are due: the caller gets
    /// ``CallError/timedOut(after:)`` and the callee is interrupted. At most
    /// ``DealerLimits/callsPerExpiry`` at once; ask ``nextDeadline`` again.
    package mutating func expire(now: UInt64, _ actions: inout [DealerAction]) {
        var count = limits.callsPerExpiry
        endLeftCalls(atMost: &count, now: now, &actions)
        while count > 0 {
            count -= 1
            guard let call = deadlines.first, let due = deadlines.nextDue, due <= now else {
                return
            }
            let caller = parties[calls[call].caller].id
            let error = CallError.timedOut(after: calls[call].timeout)
            actions.append(.error(caller, request: calls[call].request, error, nil))
            interrupt(call, .killNoWait, reason: error, &actions)
            counters.failed += 1
            finish(call, now: now)
        }
    }
}
