// Registration — one procedure or pattern of procedures, and the parties that answer for it.
//
// A shared registration has several callees; its policy says which of them is asked. Callees stand
// in the order in which they registered, so first, last and round robin are walks over one array.

package import Rooms

/// Names a registration in its realm; counts up and is never used twice.
package typealias RegistrationID = UInt64

/// Which callee of a registration is asked. The first one to register decides it for all.
package enum InvocationPolicy: String, Sendable, CaseIterable {
    case single, first, last
    case roundRobin = "roundrobin"
    case random
}

/// Whose registrations a new one may push aside (`force_reregister`).
package enum Takeover: Sendable {
    case none
    /// Only when every callee at present has the same owner.
    case ofSameOwner
    /// Whoever they are: the party has been permitted that.
    case ofAnyone
}

/// What a callee can ask for with a registration.
package struct RegisterOptions: Sendable {
    package var policy = InvocationPolicy.single
    /// Unanswered invocations that this callee accepts; 0 is any number.
    package var concurrencyLimit: UInt32 = 0
    /// Wants to know who calls.
    package var disclosesCaller = false
    /// Keeps timeouts itself, whatever the party announced.
    package var forwardsTimeout = false
    package var takeover = Takeover.none

    package init() {}
}

/// A registration as the meta procedures describe it.
package struct RegistrationDetails: Equatable, Sendable {
    package let id: RegistrationID
    package let pattern: Pattern
    package let policy: InvocationPolicy
    /// The `now` of the registering call, in nanoseconds.
    package let created: UInt64
}

/// One member of a registration.
struct Callee {
    let party: PartyID
    let place: UInt32
    /// Counts memberships of the whole realm, so it is the order of registering and tells a party
    /// that left and came back from what it was.
    let serial: UInt64
    let concurrencyLimit: UInt32
    let disclosesCaller: Bool
    let forwardsTimeout: Bool
    /// Invocations of this membership that are not answered; counted where there is a limit.
    var pending: UInt32 = 0

    var isFull: Bool { concurrencyLimit > 0 && pending >= concurrencyLimit }
}

struct Registration {
    let details: RegistrationDetails
    /// Where the index has it.
    let entry: EntryID
    /// Among matching registrations the one of the highest rank is asked; no two have the same.
    let rank: UInt64
    var callees: [Callee] = []
    /// Whose turn it is with round robin: a position in `callees`, or its count.
    private var turn = 0

    init(details: RegistrationDetails, entry: EntryID) {
        self.details = details
        self.entry = entry
        rank = Self.rank(of: details.pattern)
    }

    var isPattern: Bool {
        if case .exact = details.pattern { return false }
        return true
    }

    func position(of place: UInt32) -> Int? { callees.firstIndex { $0.place == place } }

    /// Removes a callee; the others keep their turns.
    mutating func removeCallee(at position: Int) {
        callees.remove(at: position)
        if position < turn { turn -= 1 }
    }

    /// The position of the callee that is asked, among those that are eligible.
    ///
    /// - Complexity: O(1) while the callees that come first are eligible; else O(callees).
    mutating func choose(random: UInt64, where isEligible: (Int, Callee) -> Bool) -> Int? {
        switch details.policy {
        case .single, .first:
            return callees.indices.first { isEligible($0, callees[$0]) }
        case .last:
            return callees.indices.last { isEligible($0, callees[$0]) }
        case .roundRobin:
            for step in callees.indices {
                let position = (turn + step) % callees.count
                guard isEligible(position, callees[position]) else { continue }
                turn = position + 1
                return position
            }
            return nil
        case .random:
            guard !callees.isEmpty else { return nil }
            let product = random.multipliedFullWidth(by: UInt64(callees.count))
            let first = Int(product.high)
            if isEligible(first, callees[first]) { return first }
            // The low half is the part of the random word that the first choice did not use.
            let others = callees.indices.filter { isEligible($0, callees[$0]) }
            guard !others.isEmpty else { return nil }
            return others[Int(product.low.multipliedFullWidth(by: UInt64(others.count)).high)]
        }
    }

    /// Exact before prefix before wildcard; longer prefixes first; among wildcards, the one with a
    /// literal at the first position where they differ (WAMP: the leftmost one decides).
    ///
    /// Two wildcards that match one name have as many segments, and differ in what they fix.
    static func rank(of pattern: Pattern) -> UInt64 {
        switch pattern {
        case .exact: return 2 << 32
        case .prefix(let octets): return 1 << 32 | UInt64(octets.count)
        case .wildcard(let components):
            return components.enumerated().reduce(0) { mask, component in
                component.element == nil ? mask : mask | 1 << (31 - UInt64(component.offset))
            }
        case .glob: preconditionFailure("no procedure is registered by a glob")
        }
    }

    func checkInvariants() {
        precondition(!callees.isEmpty)
        precondition(turn <= callees.count)
        precondition(details.policy != .single || callees.count == 1)
        for (earlier, later) in zip(callees, callees.dropFirst()) {
            precondition(earlier.serial < later.serial)
        }
    }
}
