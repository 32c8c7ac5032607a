// Dealer+Queries — what the meta procedures about registrations ask (WAMP §9.2 of the reference).

package import Rooms

/// All registration ids of a realm, oldest first.
package struct RegistrationList: Equatable, Sendable {
    package var exact: [RegistrationID] = []
    package var prefix: [RegistrationID] = []
    package var wildcard: [RegistrationID] = []
}

extension Dealer {
    /// `wamp.registration.list`.
    package func list() -> RegistrationList {
        var list = RegistrationList()
        for id in registrations.ids {
            guard let place = registrations.place(of: id) else { continue }
            switch registrations[place].details.pattern {
            case .exact: list.exact.append(id)
            case .prefix: list.prefix.append(id)
            case .wildcard: list.wildcard.append(id)
            case .glob: preconditionFailure("no procedure is registered by a glob")
            }
        }
        return list
    }

    /// `wamp.registration.lookup`: the registration of exactly that pattern.
    package func lookup(_ pattern: Pattern) -> RegistrationID? {
        registrations.place(at: pattern).map { registrations[$0].details.id }
    }

    /// `wamp.registration.match`: the registration that a call of `procedure` would go to.
    package mutating func match(_ procedure: Room) -> RegistrationID? {
        registrations.best(for: procedure).map { registrations[$0].details.id }
    }

    /// `wamp.registration.get`.
    package func details(of id: RegistrationID) -> RegistrationDetails? {
        registrations.place(of: id).map { registrations[$0].details }
    }

    /// `wamp.registration.list_callees`: in order of registration; `nil` for an unknown id.
    package func callees(of id: RegistrationID) -> [PartyID]? {
        registrations.place(of: id).map { registrations[$0].callees.map(\.party) }
    }

    /// `wamp.registration.count_callees`; `nil` for an unknown id.
    package func calleeCount(of id: RegistrationID) -> Int? {
        registrations.place(of: id).map { registrations[$0].callees.count }
    }

    /// Whether a call with this request id would not be a new one: it is pending, or parts of it
    /// may still come. A dialect that answers a call itself asks before.
    package func knows(_ request: UInt64, of party: PartyID, now: UInt64) -> Bool {
        guard let place = parties.place(of: party) else { return false }
        return calls.find(request: request, of: place) != nil
            || parties[place].lateParts.expects(request, now: now)
    }

    /// Calls that `party` waits for, and invocations it has not answered.
    package func pending(of party: PartyID) -> (asCaller: Int, asCallee: Int)? {
        parties.place(of: party).map {
            (parties[$0].asCaller.count, parties[$0].asCallee.count)
        }
    }
}
