// Dealer+Register — becoming and ceasing to be a callee (WAMP §8.1, §8.8, §8.12 of the reference).

package import Rooms

extension Dealer {
    /// Makes `party` a callee of the procedures in `pattern`.
    ///
    /// Answered with `.registered` or `.registrationRefused`; the registration is in force when
    /// this returns. `pattern` is well-formed by the rules of the party's protocol and allowed to
    /// it.
    ///
    /// - Complexity: O(callees of the pattern); with a takeover, O(their registrations).
    package mutating func register(
        _ pattern: Pattern, request: UInt64, by party: PartyID,
        options: RegisterOptions = RegisterOptions(), now: UInt64,
        _ actions: inout [DealerAction]
    ) {
        guard let place = parties.place(of: party) else { return }
        let registration: UInt32
        do throws(RegistrationError) {
            let takesOver = try check(pattern, place, options)
            // A takeover frees a place in the index before the new registration takes it.
            if takesOver, let old = registrations.place(at: pattern) {
                revokeAll(of: old, &actions)
            }
            registration = try findOrMake(pattern, options.policy, now: now)
        } catch {
            actions.append(.registrationRefused(party, request: request, error))
            return
        }
        let isNew = registrations[registration].callees.isEmpty
        let serial = nextMembership()
        registrations[registration].callees.append(
            Callee(
                party: party, place: place, serial: serial,
                concurrencyLimit: options.concurrencyLimit,
                disclosesCaller: options.disclosesCaller,
                forwardsTimeout: options.forwardsTimeout))
        parties[place].registrations.append(registration)
        let details = registrations[registration].details
        actions.append(.registered(party, request: request, details.id))
        if isNew { actions.append(.meta(.created(party, details))) }
        actions.append(.meta(.registered(party, details.id)))
    }

    /// Ends a membership; invocations that are pending stay so, and their answers count.
    ///
    /// Answered with `.unregistered` or `.unregistrationRefused`.
    package mutating func unregister(
        _ id: RegistrationID, request: UInt64, by party: PartyID,
        _ actions: inout [DealerAction]
    ) {
        guard let place = parties.place(of: party) else { return }
        guard let registration = registrations.place(of: id),
            registrations[registration].position(of: place) != nil
        else {
            actions.append(
                .unregistrationRefused(party, request: request, .noSuchRegistration))
            return
        }
        forget(registration, by: place)
        actions.append(.unregistered(party, request: request, id))
        leave(registration, place, &actions)
    }

    /// Takes a registration from one of its callees, who did not ask for it (`remove_callee`).
    ///
    /// - Parameter reason: A URI for the callee, if it wants to hear of it.
    /// - Throws: ``RegistrationError/noSuchRegistration``, ``RegistrationError/noSuchParty``.
    package mutating func revoke(
        _ id: RegistrationID, from party: PartyID, reason: String,
        _ actions: inout [DealerAction]
    ) throws(RegistrationError) {
        guard let registration = registrations.place(of: id) else { throw .noSuchRegistration }
        guard let place = parties.place(of: party),
            registrations[registration].position(of: place) != nil
        else { throw .noSuchParty }
        revoke(registration, from: place, reason: reason, &actions)
    }

    /// Decides whether the registration can be made.
    ///
    /// - Returns: Whether it pushes the callees at present aside.
    private func check(
        _ pattern: Pattern, _ place: UInt32, _ options: RegisterOptions
    ) throws(RegistrationError) -> Bool {
        if case .glob = pattern { throw .invalidPattern }
        guard parties[place].registrations.count < limits.registrationsPerParty else {
            throw .tooManyRegistrations
        }
        guard let registration = registrations.place(at: pattern) else { return false }
        let callees = registrations[registration].callees
        switch options.takeover {
        case .ofAnyone: return true
        case .ofSameOwner:
            let owner = parties[place].owner
            if callees.allSatisfy({ parties[$0.place].owner == owner }) { return true }
        case .none: break
        }
        guard options.policy != .single,
            registrations[registration].details.policy == options.policy,
            registrations[registration].position(of: place) == nil
        else { throw .alreadyExists }
        guard callees.count < limits.calleesPerRegistration else { throw .tooManyRegistrations }
        return false
    }

    private mutating func findOrMake(
        _ pattern: Pattern, _ policy: InvocationPolicy, now: UInt64
    ) throws(RegistrationError) -> UInt32 {
        if let registration = registrations.place(at: pattern) { return registration }
        guard registrations.count < limits.registrations else { throw .tooManyRegistrations }
        do throws(IndexError) {
            return try registrations.insert(pattern, policy: policy, now: now)
        } catch {
            switch error {
            case .emptyPattern, .tooLong, .tooManySegments: throw .invalidProcedure
            case .tooManyWildcards, .tooManyShapes, .tooManyGlobs, .full:
                throw .tooManyRegistrations
            }
        }
    }

    private mutating func revokeAll(
        of registration: UInt32, _ actions: inout [DealerAction]
    ) {
        // Callees of one registration are all different, so the last one ends it.
        for callee in registrations[registration].callees {
            revoke(registration, from: callee.place, reason: Self.pushedAside, &actions)
        }
    }

    private mutating func revoke(
        _ registration: UInt32, from place: UInt32, reason: String,
        _ actions: inout [DealerAction]
    ) {
        forget(registration, by: place)
        if parties[place].features.contains(.hearsRevocations) {
            let id = registrations[registration].details.id
            actions.append(.revoked(parties[place].id, id, reason: reason))
        }
        leave(registration, place, &actions)
    }

    /// Why a callee lost a registration to a takeover.
    package static var pushedAside: String { "wamp.error.unregistered" }

    private mutating func forget(_ registration: UInt32, by place: UInt32) {
        guard let position = parties[place].registrations.firstIndex(of: registration) else {
            preconditionFailure("a registration lists a party that does not list it")
        }
        parties[place].registrations.remove(at: position)
    }
}
