// SharedDealer — the dealer of one realm, shared by all cores and whoever else calls (DESIGN §8).
//
// One short lock. A party is known by a name that its session chose and that is never used twice, so
// that what was meant for a session that has ended cannot reach another one on its connection.

import DialectKit
package import Hub
import Lockfree

package final class SharedDealer: Sendable {
    private struct Desk: ~Copyable {
        var dealer: Dealer
        /// Where the parties are.
        var addresses: [PartyID: ConnectionID] = [:]
        var actions: [DealerAction] = []

        init(limits: DealerLimits) { dealer = Dealer(limits: limits) }
    }

    private let desk: Guarded<Desk>
    /// What those hear who watch registrations.
    private let observer = Guarded<(@Sendable (RegistrationEvent) -> Void)?>(nil)

    package init(limits: DealerLimits = .standard) {
        desk = Guarded(Desk(limits: limits))
    }

    /// Tells `observer` what happens to registrations, in order. Called under the lock.
    package func observe(_ observer: @escaping @Sendable (RegistrationEvent) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    /// Asks the dealer and posts what it answers.
    ///
    /// - Returns: When a call may be due next, `.max` for never.
    func ask(
        _ request: DealerRequest, from connection: ConnectionID, now: UInt64, random: UInt64,
        _ state: EngineState
    ) -> UInt64 {
        desk.withLock { desk in
            let party = request.party
            switch request.question {
            case .open(let owner, let features):
                guard desk.dealer.open(party, owner: owner, features: features) else { break }
                desk.addresses[party] = connection
            case .close:
                desk.dealer.close(party, now: now, &desk.actions)
                desk.addresses[party] = nil
            case .register(let pattern, let request, let options):
                desk.dealer.register(
                    pattern, request: request, by: party, options: options, now: now,
                    &desk.actions)
            case .unregister(let id, let request):
                desk.dealer.unregister(id, request: request, by: party, &desk.actions)
            case .revoke(let id, let reason):
                try? desk.dealer.revoke(id, from: party, reason: reason, &desk.actions)
            case .call(let procedure, let request, let options, let payload):
                desk.dealer.call(
                    procedure, request: request, by: party, options: options, payload: payload,
                    now: now, random: random, &desk.actions)
            case .cancel(let request, let mode):
                desk.dealer.cancel(request, by: party, mode: mode, now: now, &desk.actions)
            case .yield(let invocation, let isProgress, let payload):
                desk.dealer.yield(
                    invocation, by: party, isProgress: isProgress, payload: payload, now: now,
                    &desk.actions)
            case .fail(let invocation, let uri, let payload):
                desk.dealer.fail(
                    invocation, by: party, uri: uri, payload: payload, now: now, random: random,
                    &desk.actions)
            }
            post(&desk, state)
            return desk.dealer.nextDeadline ?? .max
        }
    }

    /// Ends the calls that are due.
    ///
    /// - Returns: When a call may be due next, `.max` for never.
    func expire(now: UInt64, _ state: EngineState) -> UInt64 {
        desk.withLock { desk in
            desk.dealer.expire(now: now, &desk.actions)
            post(&desk, state)
            return desk.dealer.nextDeadline ?? .max
        }
    }

    /// Lends the dealer to a question that changes nothing.
    package func query<R>(_ body: (inout Dealer) -> R) -> R {
        desk.withLock { body(&$0.dealer) }
    }

    private func post(_ desk: inout Desk, _ state: EngineState) {
        for action in desk.actions {
            if case .meta(let event) = action {
                observer.withLock { $0 }?(event)
            } else if let party = action.party, let connection = desk.addresses[party] {
                state.post(.dealt(connection, action), to: connection.core)
            }
        }
        desk.actions.removeAll(keepingCapacity: true)
    }
}
