// NaiveDealer, calls — who is asked, what is told to whom, and every way a call ends.

@testable import Hub
@testable import Rooms

extension NaiveDealer {
    // MARK: Calls

    mutating func call(
        _ procedure: String, _ id: UInt64, request: UInt64, _ options: CallOptions, _ note: String,
        now: UInt64, random: UInt64
    ) {
        guard let index = parties.firstIndex(where: { $0.id == id }) else { return }
        if let call = calls.firstIndex(where: { $0.caller == id && $0.request == request }) {
            proceed(call, options, note)
            return
        }
        if let end = parties[index].late[request], end > now {
            if !options.isPart { parties[index].late[request] = nil }
            counters.late += 1
            return
        }
        if options.isRepeated {
            counters.late += 1
            return
        }
        counters.calls += 1
        func refuse(_ uri: String, _ naive: inout NaiveDealer) {
            naive.said.append("\(id) error \(request) \(uri) -")
            naive.counters.failed += 1
            if options.isPart { naive.parties[index].late[request] = now + naive.lateGrace }
        }
        if let refusal = options.refusal { return refuse(refusal.uri, &self) }
        guard let registration = best(procedure) else {
            return refuse("wamp.error.no_such_procedure", &self)
        }
        let free = registrations[registration].callees.filter { !isFull($0) }
        guard let callee = choose(registration, free, random) else {
            return refuse("crossbar.error.max_concurrency_reached", &self)
        }
        if options.isPart && !takesParts(callee.party) {
            return refuse("wamp.error.feature_not_supported", &self)
        }
        var call = Call(
            caller: id, request: request, procedure: procedure, options: options, note: note,
            due: now + options.timeout, isOpen: options.isPart)
        invoke(&call, registration, callee, timeout: options.timeout)
        calls.append(call)
    }

    func takesParts(_ id: UInt64) -> Bool {
        party(id)!.features.isSuperset(of: [.takesParts, .takesInterrupts])
    }

    func isFull(_ callee: Callee) -> Bool {
        callee.options.concurrencyLimit > 0
            && calls.count { $0.membership == callee.membership }
                >= Int(callee.options.concurrencyLimit)
    }

    /// Chooses among some callees of a registration.
    mutating func choose(
        _ registration: Int, _ some: [Callee], _ random: UInt64
    ) -> Callee? {
        if some.isEmpty { return nil }
        let all = registrations[registration].callees
        switch registrations[registration].policy {
        case .single, .first: return some.first
        case .last: return some.last
        case .roundRobin:
            let turn = registrations[registration].turn
            let chosen = some.first { $0.membership > turn } ?? some[0]
            registrations[registration].turn = chosen.membership
            return chosen
        case .random:
            let product = random.multipliedFullWidth(by: UInt64(all.count))
            let first = all[Int(product.high)]
            if some.contains(where: { $0.party == first.party }) { return first }
            return some[Int(product.low.multipliedFullWidth(by: UInt64(some.count)).high)]
        }
    }

    mutating func invoke(
        _ call: inout Call, _ registration: Int, _ callee: Callee, timeout: UInt64
    ) {
        let index = parties.firstIndex { $0.id == callee.party }!
        let features = parties[index].features
        parties[index].issued += 1
        call.callee = callee.party
        call.invocation = parties[index].issued
        call.registration = registrations[registration].id
        call.membership = callee.membership
        call.tried.append(callee.party)
        call.progress =
            call.options.wantsProgress
            && features.isSuperset(of: [.yieldsProgress, .takesInterrupts])
        let forwards = callee.options.forwardsTimeout || features.contains(.keepsTimeouts)
        call.forwarded = forwards ? timeout : 0
        call.words = ""
        if case .exact = registrations[registration].pattern {
        } else {
            call.words += " procedure=\(call.procedure)"
        }
        let isDisclosed = call.options.disclosesCaller || callee.options.disclosesCaller
        if isDisclosed && !call.options.hidesCaller {
            call.words += " caller=\(call.caller)"
        }
        if call.forwarded > 0 { call.words += " timeout=\(call.forwarded)" }
        if call.progress { call.words += " progress" }
        say(call, call.note)
    }

    mutating func say(_ call: Call, _ note: String) {
        said.append(
            "\(call.callee) invoke \(call.invocation) \(call.registration)\(call.words)"
                + (call.isOpen ? " part " : " ") + note)
    }

    mutating func proceed(_ index: Int, _ options: CallOptions, _ note: String) {
        guard calls[index].isOpen else {
            counters.violations += 1
            said.append("\(calls[index].caller) violation requestInUse(\(calls[index].request))")
            return
        }
        calls[index].isOpen = options.isPart
        if calls[index].isKilled {
            counters.late += 1
        } else {
            calls[index].isUnderway = true
            say(calls[index], note)
        }
    }

    mutating func end(_ call: Call, now: UInt64) {
        calls.removeAll { $0.caller == call.caller && $0.request == call.request }
        guard call.isOpen, let index = parties.firstIndex(where: { $0.id == call.caller }) else {
            return
        }
        parties[index].late[call.request] = now + lateGrace
    }

    mutating func interrupt(_ call: Call, _ mode: String, _ reason: String) {
        guard party(call.callee)!.features.contains(.takesInterrupts), !call.isKilled else {
            return
        }
        said.append("\(call.callee) interrupt \(call.invocation) \(mode) \(reason)")
    }

    // MARK: Answers

    mutating func answered(_ invocation: UInt64, _ id: UInt64) -> Int? {
        guard let party = party(id) else { return nil }
        let found = calls.firstIndex { $0.callee == id && $0.invocation == invocation }
        if let found { return found }
        if (1...max(party.issued, 1)).contains(invocation) && party.issued > 0 {
            counters.late += 1
        } else {
            counters.violations += 1
            said.append("\(id) violation unknownInvocation(\(invocation))")
        }
        return nil
    }

    mutating func yield(
        _ invocation: UInt64, _ id: UInt64, isProgress: Bool, _ note: String, now: UInt64
    ) {
        guard let index = answered(invocation, id) else { return }
        let call = calls[index]
        if isProgress {
            guard call.progress else { return }
            calls[index].due = now + call.options.timeout
            calls[index].isUnderway = true
            said.append("\(call.caller) result \(call.request) progress \(note)")
        } else {
            said.append("\(call.caller) result \(call.request) \(note)")
            counters.answered += 1
            end(call, now: now)
        }
    }

    mutating func fail(
        _ invocation: UInt64, _ id: UInt64, uri: String, _ note: String, now: UInt64,
        random: UInt64
    ) {
        guard let index = answered(invocation, id) else { return }
        let call = calls[index]
        let isPlain =
            uri != CallError.unavailable || !party(id)!.features.contains(.reroutes)
            || call.isKilled || call.isUnderway
        if isPlain {
            said.append("\(call.caller) error \(call.request) \(uri) \(note)")
            counters.answered += 1
            end(call, now: now)
            return
        }
        let registration = registrations.firstIndex { $0.id == call.registration }
        let others = registration.map { self.others(for: call, registrations[$0]) } ?? []
        guard let registration, let callee = choose(registration, others, random) else {
            said.append("\(call.caller) error \(call.request) wamp.error.no_available_callee -")
            counters.failed += 1
            end(call, now: now)
            return
        }
        counters.rerouted += 1
        let left = call.due > now ? max(call.due - now, millisecond) : millisecond
        var handedOn = call
        invoke(&handedOn, registration, callee, timeout: call.options.timeout == 0 ? 0 : left)
        calls[index] = handedOn
    }

    func others(for call: Call, _ registration: Registration) -> [Callee] {
        registration.callees.filter { callee in
            if isFull(callee) || call.tried.contains(callee.party) { return false }
            if call.isOpen && !takesParts(callee.party) { return false }
            switch registration.policy {
            case .single: return false
            case .first: return callee.membership > call.membership
            case .last: return callee.membership < call.membership
            case .roundRobin, .random: return true
            }
        }
    }

    // MARK: Other ends

    mutating func cancel(_ request: UInt64, _ id: UInt64, _ mode: CancelMode, now: UInt64) {
        guard let party = party(id),
            let index = calls.firstIndex(where: { $0.caller == id && $0.request == request }),
            !calls[index].isKilled
        else { return }
        let call = calls[index]
        let isHeard = party.features.contains(.cancelsCalls)
        let isTold = self.party(call.callee)!.features.contains(.takesInterrupts)
        if mode == .kill && isHeard && isTold {
            interrupt(call, "kill", "-")
            calls[index].isKilled = true
            return
        }
        if isHeard {
            said.append("\(id) error \(request) wamp.error.canceled -")
            counters.failed += 1
        } else {
            counters.dropped += 1
        }
        if mode != .skip { interrupt(call, "\(mode)", "-") }
        end(call, now: now)
    }

    mutating func expire(now: UInt64) {
        while true {
            // `calls` is in order of time, so the older of two that are due at once comes first.
            guard let due = nextDeadline, due <= now else { return }
            let call = calls.first { deadline($0) == due }!
            said.append("\(call.caller) error \(call.request) wamp.error.timeout -")
            interrupt(call, "killNoWait", "wamp.error.timeout")
            counters.failed += 1
            end(call, now: now)
        }
    }
}
