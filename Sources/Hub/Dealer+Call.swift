// Dealer+Call — from a call to an invocation (WAMP §8.2, §8.3, §8.6, §8.10 of the reference).

package import Rooms

extension Dealer {
    /// Asks the procedure, or passes on a further part of a call that comes in parts.
    ///
    /// Whether the party may call it, and procedures that the dialect answers itself, have been
    /// decided before; a refusal is said here (``CallOptions/refusal``), so that no request id is
    /// answered twice. A part (the request id of a pending call whose last part has not come) goes
    /// where the first one went; only ``CallOptions/isPart`` and the payload of it count.
    ///
    /// - Parameters:
    ///   - request: The caller's name for the call, free to use again after the final answer.
    ///   - random: 64 random bits, for ``InvocationPolicy/random``.
    /// - Complexity: O(1) for a procedure called before and callees that accept; see
    ///   ``Registration/choose(random:where:)``.
    package mutating func call(
        _ procedure: Room, request: UInt64, by caller: PartyID,
        options: CallOptions = CallOptions(), payload: (any CallPayload)?, now: UInt64,
        random: UInt64, _ actions: inout [DealerAction]
    ) {
        guard let place = parties.place(of: caller) else { return }
        if let call = calls.find(request: request, of: place) {
            continueCall(call, options, payload, &actions)
            return
        }
        let isLate = parties[place].lateParts.takes(request, isLast: !options.isPart, now: now)
        if isLate || options.isRepeated {
            counters.late += 1
            return
        }
        let serial = nextCall()
        do throws(CallError) {
            if let refusal = options.refusal {
                throw .refused(uri: refusal.uri, text: refusal.text)
            }
            let registration = try check(procedure, place)
            let position = try choose(registration, options, random)
            // Another callee, and further parts, need more than the call itself remembers.
            let callee = registrations[registration].callees[position].place
            let isKept = options.isPart || mayHandOn(registration, callee)
            var call = Call(
                serial: serial, request: request, caller: place, timeout: options.timeout,
                due: options.timeout == 0 ? .max : now.saturatingSum(options.timeout))
            if options.isPart { call.flags.insert(.inputIsOpen) }
            if isKept { call.template = CallTemplate(procedure: procedure, options: options) }
            let pending = calls.insert(call, to: &parties[place].asCaller)
            assign(
                pending, to: position, of: registration, procedure, options, payload,
                timeout: options.timeout, &actions)
        } catch {
            // Its other parts are on their way and must not be answered again.
            if options.isPart { expectParts(of: request, from: place, now: now) }
            counters.failed += 1
            actions.append(.error(caller, request: request, error, nil))
        }
    }

    /// Whether a callee can send a call on to another one.
    private func mayHandOn(_ registration: UInt32, _ callee: UInt32) -> Bool {
        parties[callee].features.contains(.reroutes)
            && registrations[registration].details.policy != .single
    }

    private mutating func check(
        _ procedure: Room, _ caller: UInt32
    ) throws(CallError) -> UInt32 {
        guard procedure.segmentCount > 0 else { throw .invalidProcedure }
        guard let registration = registrations.best(for: procedure) else {
            throw .noSuchProcedure(procedure)
        }
        guard parties[caller].asCaller.count < limits.callsPerParty, calls.count < limits.calls
        else { throw .tooManyCalls }
        return registration
    }

    private mutating func choose(
        _ registration: UInt32, _ options: CallOptions, _ random: UInt64
    ) throws(CallError) -> Int {
        let position = registrations[registration].choose(random: random) { !$1.isFull }
        guard let position else { throw .concurrencyReached }
        if options.isPart {
            let callee = registrations[registration].callees[position].place
            guard parties[callee].features.isSuperset(of: [.takesParts, .takesInterrupts]) else {
                throw .featureNotSupported
            }
        }
        return position
    }

    /// Gives a call without a callee to the one at `position` and invokes it.
    ///
    /// - Parameter timeout: What is left of it, in nanoseconds, for a callee that keeps it; 0 is
    ///   none.
    mutating func assign(
        _ call: UInt32, to position: Int, of registration: UInt32, _ procedure: Room,
        _ options: CallOptions, _ payload: (any CallPayload)?, timeout: UInt64,
        _ actions: inout [DealerAction]
    ) {
        let member = registrations[registration].callees[position]
        let features = parties[member.place].features
        let getsProgress =
            options.wantsProgress
            && features.isSuperset(of: [.yieldsProgress, .takesInterrupts])
        let isForwarded =
            timeout > 0 && (member.forwardsTimeout || features.contains(.keepsTimeouts))
        if member.concurrencyLimit > 0 {
            registrations[registration].callees[position].pending += 1
        }
        parties[member.place].issued += 1
        let isPattern = registrations[registration].isPattern
        let isDisclosed =
            !options.hidesCaller && (options.disclosesCaller || member.disclosesCaller)
        calls[call].callee = member.place
        calls[call].invocation = parties[member.place].issued
        calls[call].registration = registrations[registration].details.id
        calls[call].membership = member.serial
        calls[call].flags.set(.getsProgress, to: getsProgress)
        calls[call].flags.set(.isForwarded, to: isForwarded)
        calls[call].flags.set(.isCounted, to: member.concurrencyLimit > 0)
        if let template = calls[call].template {
            template.payload = mayHandOn(registration, member.place) ? payload : nil
            template.tried.append(member.party)
            template.isPattern = isPattern
            template.isDisclosed = isDisclosed
            template.timeout = isForwarded ? timeout : 0
        }
        calls.assign(call, to: &parties[member.place].asCallee)
        setDeadline(call)
        actions.append(
            .invoke(
                Invocation(
                    callee: member.party, id: calls[call].invocation,
                    registration: calls[call].registration,
                    procedure: isPattern ? procedure : nil,
                    caller: isDisclosed ? parties[calls[call].caller].id : nil,
                    timeout: isForwarded ? timeout : 0, receivesProgress: getsProgress,
                    isPart: calls[call].flags.contains(.inputIsOpen), payload: payload)))
    }

    private mutating func continueCall(
        _ call: UInt32, _ options: CallOptions, _ payload: (any CallPayload)?,
        _ actions: inout [DealerAction]
    ) {
        let caller = parties[calls[call].caller].id
        guard calls[call].flags.contains(.inputIsOpen), let template = calls[call].template else {
            counters.violations += 1
            actions.append(.violation(caller, .requestInUse(calls[call].request)))
            return
        }
        calls[call].flags.set(.inputIsOpen, to: options.isPart)
        // The callee has been told to stop; what the caller still sends would only confuse it.
        if calls[call].flags.contains(.isKilled) {
            counters.late += 1
            return
        }
        calls[call].flags.insert(.isUnderway)
        template.payload = nil
        actions.append(
            .invoke(
                Invocation(
                    callee: parties[calls[call].callee].id, id: calls[call].invocation,
                    registration: calls[call].registration,
                    procedure: template.isPattern ? template.procedure : nil,
                    caller: template.isDisclosed ? caller : nil, timeout: template.timeout,
                    receivesProgress: calls[call].flags.contains(.getsProgress),
                    isPart: options.isPart, payload: payload)))
    }

    /// Puts the call where its timeout says.
    mutating func setDeadline(_ call: UInt32) {
        if calls[call].timeout == 0 { return }
        let grace = calls[call].flags.contains(.isForwarded) ? limits.forwardedTimeoutGrace : 0
        deadlines.set(
            call, due: calls[call].due.saturatingSum(grace), serial: calls[call].serial)
    }
}

extension Call.Flags {
    mutating func set(_ flag: Call.Flags, to isSet: Bool) {
        if isSet { insert(flag) } else { remove(flag) }
    }
}

extension UInt64 {
    /// The sum, or the end of time: timeouts come from the network.
    func saturatingSum(_ other: UInt64) -> UInt64 {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? .max : sum
    }
}
