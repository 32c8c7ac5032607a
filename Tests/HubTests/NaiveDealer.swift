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

    func party(_ id: UInt64) -> Party? { parties.first { $0.id == id } }

    func deadline(_ call: Call) -> UInt64? {
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

    mutating func leave(_ registration: UInt64, _ id: UInt64) {
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
}
