// SharedDealer — the dealer of one realm, shared by all cores and whoever else calls.
//
// One short lock. A party is known by a name that its session chose and that is never used twice,
// so that what was meant for a session that has ended cannot reach another one on its connection.

import DialectKit
package import Hub
import Lockfree

package final class SharedDealer: Sendable {
    private enum Address {
        case connection(ConnectionID)
        case handler(HandlerParty)
    }

    private struct Desk: ~Copyable {
        var dealer: Dealer
        /// Where the parties are.
        var addresses: [PartyID: Address] = [:]
        var actions: [DealerAction] = []
        /// What happened to registrations and has not been told yet, in order.
        var untold: [RegistrationEvent] = []
        /// Calls whose records are counted (``CallMemory``).
        var countedCalls = 0

        init(limits: DealerLimits) { dealer = Dealer(limits: limits) }

        /// When ``SharedDealer/expire(now:core:_:)`` has something to do, `.max` for never.
        var due: UInt64 { untold.isEmpty ? dealer.nextDeadline ?? .max : 0 }
    }

    /// In a struct, for ``Guarded``.
    private struct Observer {
        var observe: (@Sendable (RegistrationEvent) -> Void)?
    }

    private let desk: Guarded<Desk>
    /// What those hear who watch registrations.
    private let observer = Guarded(Observer())

    package init(limits: DealerLimits = .standard) {
        desk = Guarded(Desk(limits: limits))
    }

    /// Events about registrations that are told at once; a few microseconds each, where somebody
    /// watches. Who leaves may have ended thousands, and the dealer is everybody's.
    private static var tellLimit: Int { 256 }

    /// Tells `observer` what happens to registrations, in order. Called under the lock.
    package func observe(_ observer: @escaping @Sendable (RegistrationEvent) -> Void) {
        self.observer.withLock { $0.observe = observer }
    }

    /// Lets a handler in, with its registration.
    ///
    /// - Returns: `false` when the procedure is taken.
    func open(_ handler: HandlerParty, _ state: EngineState) -> Bool {
        desk.withLock { desk in
            guard desk.dealer.open(handler.id, features: [.takesInterrupts, .cancelsCalls]) else {
                return false
            }
            desk.addresses[handler.id] = .handler(handler)
            var options = RegisterOptions()
            options.policy = .single
            desk.dealer.register(
                handler.registration.procedures, request: 1, by: handler.id, options: options,
                now: 0, &desk.actions)
            let isRegistered = desk.actions.contains {
                if case .registered = $0 { true } else { false }
            }
            post(&desk, from: 0, state)
            return isRegistered
        }
    }

    /// Asks the dealer and posts what it answers.
    ///
    /// - Parameter connection: Whom the party is; its core carries out what handlers are asked.
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
                desk.addresses[party] = .connection(connection)
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
            post(&desk, from: connection.core, state)
            return desk.due
        }
    }

    /// Tells the dealer what a handler has answered; `core` is where it was asked.
    ///
    /// - Returns: When a call may be due next, `.max` for never.
    func answer(
        _ handler: HandlerParty, _ invocation: UInt64, _ outcome: CallOutcome, now: UInt64,
        random: UInt64, core: Int, _ state: EngineState
    ) -> UInt64 {
        desk.withLock { desk in
            switch outcome {
            case .result(let arguments):
                desk.dealer.yield(
                    invocation, by: handler.id, isProgress: false, payload: arguments, now: now,
                    &desk.actions)
            case .failure(let error):
                desk.dealer.fail(
                    invocation, by: handler.id, uri: error.uri, payload: error.arguments, now: now,
                    random: random, &desk.actions)
            }
            post(&desk, from: core, state)
            return desk.due
        }
    }

    /// Ends the calls that are due, on `core`, and tells more of what is untold.
    ///
    /// - Returns: When a call may be due next, `.max` for never.
    func expire(now: UInt64, core: Int, _ state: EngineState) -> UInt64 {
        desk.withLock { desk in
            desk.dealer.expire(now: now, &desk.actions)
            post(&desk, from: core, state)
            return desk.due
        }
    }

    /// Lends the dealer to a question that changes nothing.
    package func query<R>(_ body: (inout Dealer) -> R) -> R {
        desk.withLock { body(&$0.dealer) }
    }

    /// Carries out what the dealer wants, and counts the calls that it has now.
    private func post(_ desk: inout Desk, from core: Int, _ state: EngineState) {
        let more = desk.dealer.pendingCallCount - desk.countedCalls
        if more != 0 {
            desk.countedCalls += more
            state.callMemory.add(more * CallMemory.recordSize)
        }
        for action in desk.actions {
            if case .meta(let event) = action {
                desk.untold.append(event)
                continue
            }
            guard let party = action.party else { continue }
            switch desk.addresses[party] {
            case nil: break
            case .connection(let connection):
                state.post(
                    .dealt(connection, action), of: action.mailSize, to: connection.core)
            case .handler(let handler):
                switch action {
                case .invoke(let invocation):
                    handler.asked(invocation.id, on: core)
                    state.post(
                        .invoke(handler, invocation), of: invocation.mailSize, to: core)
                case .interrupt(_, let invocation, _, _):
                    // Behind its invocation: whichever core's clock found the call due.
                    guard let home = handler.core(of: invocation) else { break }
                    state.post(.interrupt(handler, invocation), to: home)
                default: break
                }
            }
        }
        desk.actions.removeAll(keepingCapacity: true)
        if !desk.untold.isEmpty { tell(&desk) }
    }

    private func tell(_ desk: inout Desk) {
        guard let observe = observer.withLock({ $0.observe }) else {
            desk.untold = []
            return
        }
        let part = desk.untold.prefix(Self.tellLimit)
        for event in part { observe(event) }
        desk.untold.removeFirst(part.count)
    }
}
