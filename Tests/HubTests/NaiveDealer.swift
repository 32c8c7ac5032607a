// NaiveDealer — what a dealer is to do, written as plainly as possible.
//
// Arrays, searched from the front, and actions as text at once. It shares no code with the dealer
// but the types of its inputs.

@testable import Hub
@testable import Rooms

struct NaiveDealer {
    struct Party {
        let id: UInt64
        let owner: UInt64
        let features: PartyFeatures
        var issued: UInt64 = 0
        /// Calls that ended before their last part, and until when parts are dropped.
        var late: [UInt64: UInt64] = [:]
    }

    struct Callee {
        let party: UInt64
        let membership: Int
        let options: RegisterOptions
    }

    struct Registration {
        let id: UInt64
        let pattern: Pattern
        let policy: InvocationPolicy
        var callees: [Callee] = []
        /// The membership whose turn came last with round robin.
        var turn = 0
    }

    struct Call {
        let caller: UInt64
        let request: UInt64
        let procedure: String
        let options: CallOptions
        let note: String
        var due: UInt64
        var isOpen: Bool
        var isKilled = false
        var isUnderway = false
        var tried: [UInt64] = []
        // The invocation at hand.
        var callee: UInt64 = 0
        var invocation: UInt64 = 0
        var registration: UInt64 = 0
        var membership = 0
        var progress = false
        var forwarded: UInt64 = 0
        var words = ""
    }

    let grace = DealerLimits.standard.forwardedTimeoutGrace
    let lateGrace = DealerLimits.standard.finishedCallGrace
    var parties: [Party] = []
    var registrations: [Registration] = []
    var calls: [Call] = []
    var counters = DealerCounters()
    var said: [String] = []
    private var lastRegistration: UInt64 = 0
    private var lastMembership = 0

    private func party(_ id: UInt64) -> Party? { parties.first { $0.id == id } }

    private func deadline(_ call: Call) -> UInt64? {
        if call.options.timeout == 0 { return nil }
        return call.due + (call.forwarded > 0 ? grace : 0)
    }

    var nextDeadline: UInt64? { calls.compactMap(deadline).min() }

    // MARK: Parties

    mutating func open(_ id: UInt64, owner: UInt64, _ features: PartyFeatures) -> Bool {
        if party(id) != nil { return false }
        parties.append(Party(id: id, owner: owner, features: features))
        return true
    }

    mutating func close(_ id: UInt64, now: UInt64) {
        guard party(id) != nil else { return }
        for call in calls where call.caller == id {
            if call.callee != id { interrupt(call, "killNoWait", "-") }
            counters.dropped += 1
        }
        calls.removeAll { $0.caller == id }
        // The oldest invocation first: they count up.
        for call in calls.filter({ $0.callee == id }).sorted(by: { $0.invocation < $1.invocation })
        {
            said.append("\(call.caller) error \(call.request) wamp.error.canceled -")
            counters.failed += 1
            end(call, now: now)
        }
        let memberships = registrations.flatMap { registration in
            registration.callees.filter { $0.party == id }.map { ($0.membership, registration.id) }
        }
        for (_, registration) in memberships.sorted(by: { $0.0 < $1.0 }) { leave(registration, id) }
        parties.removeAll { $0.id == id }
    }

    private mutating func leave(_ registration: UInt64, _ id: UInt64) {
        let index = registrations.firstIndex { $0.id == registration }!
        registrations[index].callees.removeAll { $0.party == id }
        said.append("on_unregister \(id) \(registration)")
        if registrations[index].callees.isEmpty {
            registrations.remove(at: index)
            said.append("on_delete \(id) \(registration)")
        }
    }

    // MARK: Registrations

    mutating func register(
        _ pattern: Pattern, _ id: UInt64, request: UInt64, _ options: RegisterOptions
    ) {
        guard let party = party(id) else { return }
        if let old = registrations.first(where: { $0.pattern == pattern }) {
            let owners = old.callees.map { self.party($0.party)!.owner }
            let takesOver =
                switch options.takeover {
                case .none: false
                case .ofSameOwner: owners.allSatisfy { $0 == party.owner }
                case .ofAnyone: true
                }
            if takesOver {
                for callee in old.callees { revoke(old.id, callee.party) }
            } else if options.policy == .single || options.policy != old.policy
                || old.callees.contains(where: { $0.party == id })
            {
                said.append("\(id) refused \(request) wamp.error.procedure_already_exists")
                return
            }
        }
        let isNew = !registrations.contains { $0.pattern == pattern }
        if isNew {
            lastRegistration += 1
            registrations.append(
                Registration(id: lastRegistration, pattern: pattern, policy: options.policy))
        }
        lastMembership += 1
        let index = registrations.firstIndex { $0.pattern == pattern }!
        registrations[index].callees.append(
            Callee(party: id, membership: lastMembership, options: options))
        let registration = registrations[index].id
        said.append("\(id) registered \(request) \(registration)")
        if isNew { said.append("on_create \(id) \(registration) \(options.policy.rawValue)") }
        said.append("on_register \(id) \(registration)")
    }

    mutating func revoke(_ registration: UInt64, _ id: UInt64) {
        if party(id)!.features.contains(.hearsRevocations) {
            said.append("\(id) revoked \(registration) wamp.error.unregistered")
        }
        leave(registration, id)
    }

    mutating func unregister(_ registration: UInt64, _ id: UInt64, request: UInt64) {
        guard party(id) != nil else { return }
        let found = registrations.first { $0.id == registration }
        guard let found, found.callees.contains(where: { $0.party == id }) else {
            said.append("\(id) refused \(request) wamp.error.no_such_registration")
            return
        }
        said.append("\(id) unregistered \(request) \(registration)")
        leave(registration, id)
    }

    /// The registration that answers for a procedure, decided by the definition.
    func best(_ procedure: String) -> Int? {
        func size(_ pattern: Pattern) -> Int {
            if case .prefix(let octets) = pattern { octets.count } else { -1 }
        }
        /// Literals before wildcards, from the left.
        func literals(_ pattern: Pattern) -> String {
            guard case .wildcard(let components) = pattern else { return "" }
            return components.map { $0 == nil ? "0" : "1" }.joined()
        }
        let called = room(procedure)
        let matching = registrations.indices.filter { registrations[$0].pattern.matches(called) }
        if let exact = matching.first(where: { registrations[$0].pattern == .exact(called) }) {
            return exact
        }
        let prefixes = matching.filter { size(registrations[$0].pattern) >= 0 }
        if !prefixes.isEmpty {
            return prefixes.max {
                size(registrations[$0].pattern) < size(registrations[$1].pattern)
            }
        }
        return matching.max {
            literals(registrations[$0].pattern) < literals(registrations[$1].pattern)
        }
    }

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

    private func takesParts(_ id: UInt64) -> Bool {
        party(id)!.features.isSuperset(of: [.takesParts, .takesInterrupts])
    }

    private func isFull(_ callee: Callee) -> Bool {
        callee.options.concurrencyLimit > 0
            && calls.count { $0.membership == callee.membership }
                >= Int(callee.options.concurrencyLimit)
    }

    /// Chooses among some callees of a registration.
    private mutating func choose(
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

    private mutating func invoke(
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

    private mutating func say(_ call: Call, _ note: String) {
        said.append(
            "\(call.callee) invoke \(call.invocation) \(call.registration)\(call.words)"
                + (call.isOpen ? " part " : " ") + note)
    }

    private mutating func proceed(_ index: Int, _ options: CallOptions, _ note: String) {
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

    private mutating func end(_ call: Call, now: UInt64) {
        calls.removeAll { $0.caller == call.caller && $0.request == call.request }
        guard call.isOpen, let index = parties.firstIndex(where: { $0.id == call.caller }) else {
            return
        }
        parties[index].late[call.request] = now + lateGrace
    }

    private mutating func interrupt(_ call: Call, _ mode: String, _ reason: String) {
        guard party(call.callee)!.features.contains(.takesInterrupts), !call.isKilled else {
            return
        }
        said.append("\(call.callee) interrupt \(call.invocation) \(mode) \(reason)")
    }

    // MARK: Answers

    private mutating func answered(_ invocation: UInt64, _ id: UInt64) -> Int? {
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

    private func others(for call: Call, _ registration: Registration) -> [Callee] {
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
