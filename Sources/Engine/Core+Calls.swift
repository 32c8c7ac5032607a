// Calls — from a session to its realm's dealer and from the dealer to sessions.
//
// The dealer runs under its realm's lock. What it wants of sessions is posted before the lock is
// let go, to the mailboxes of their cores, our own included: so every session sees the dealer's
// order.

import Bytes
import DialectKit
import Hub
import Lockfree
import Telemetry

extension Core where Kernel: ~Copyable {
    mutating func askDealer(_ request: DealerRequest, from connection: Connection) {
        var request = request
        if case .call(let procedure, let number, var options, let payload) = request.question,
            let arguments = payload as? CallArguments,
            !arguments.count(in: callAccount(of: connection))
        {
            // The dealer says it: what this is may be a part of a call that goes on.
            hit(.processReceiveQueueShare, connection)
            options.refusal = options.refusal ?? .outOfMemory
            request = DealerRequest(
                request.party, .call(procedure, request: number, options, payload))
        }
        let due = state.registry.dealer(of: connection.realm).ask(
            request, from: connection.id, now: now, random: kernel.random(), state)
        dealerAlarm = min(dealerAlarm, due)
        hasAskedDealer = true
    }

    private mutating func callAccount(of connection: Connection) -> CallAccount {
        if let account = connection.callAccount { return account }
        let account = CallAccount(of: state.callMemory)
        connection.callAccount = account
        return account
    }

    /// Ends the calls that are due, if any may be.
    mutating func expireCalls() {
        guard now >= dealerAlarm else { return }
        dealerAlarm = .max
        for dealer in state.registry.dealers {
            dealerAlarm = min(dealerAlarm, dealer.expire(now: now, core: index, state))
        }
    }

    // MARK: sessions that only call

    /// The party that a connection is to its dealer while it does not choose one itself.
    private static func party(of connection: Connection) -> PartyID {
        PartyID(rawValue: connection.id.rawValue | 1 << 63)
    }

    /// Whether an action is for such a party.
    private static func isOurs(_ party: PartyID?) -> Bool {
        party.map { $0.rawValue >> 63 == 1 } ?? false
    }

    mutating func call(_ token: CallToken, _ request: CallRequest, from connection: Connection) {
        if request.holdsInput && !connection.isLeaving { connection.awaitedCalls.append(token) }
        let party = Self.party(of: connection)
        if !connection.isParty {
            connection.isParty = true
            askDealer(
                DealerRequest(party, .open(owner: 0, .cancelsCalls)), from: connection)
        }
        var options = CallOptions()
        options.timeout = request.timeLimit
        var context = request.context
        if let grant = connection.gated?.clearance.grant {
            context = grant.context(addedTo: context)
            if !grant.allows(.call, on: request.procedure) {
                options.refusal = CallRefusal(
                    uri: "wamp.error.not_authorized", text: "not authorized")
            }
        }
        let payload = CallArguments(
            request.arguments, origin: connection.id.rawValue, context: context)
        askDealer(
            DealerRequest(party, .call(request.procedure, request: token, options, payload)),
            from: connection)
    }

    mutating func cancelCall(_ token: CallToken, of connection: Connection) {
        guard connection.isParty else { return }
        askDealer(
            DealerRequest(Self.party(of: connection), .cancel(request: token, .killNoWait)),
            from: connection)
    }

    /// The connection calls no more: its calls are forgotten.
    mutating func leaveDealer(_ connection: Connection) {
        guard connection.isParty else { return }
        connection.isParty = false
        askDealer(DealerRequest(Self.party(of: connection), .close), from: connection)
    }

    /// What a dealer wants of a connection.
    mutating func dealt(_ id: ConnectionID, _ action: DealerAction) {
        guard Self.isOurs(action.party) else {
            callSession(id) { $0.dealt(action, &$1) }
            return
        }
        switch action {
        case .result(_, let token, let isProgress, let payload):
            guard !isProgress else { return }
            answered(id, token, .result(payload as? Arguments ?? Arguments()))
        case .error(_, let token, let error, let payload):
            answered(id, token, .failure(ProcedureError(error, payload as? Arguments)))
        default: break
        }
    }

    /// The outcome of a call reaches the session that asked.
    private mutating func answered(
        _ id: ConnectionID, _ token: CallToken, _ outcome: CallOutcome
    ) {
        guard let connection = table.connection(id) else { return }
        let wasAwaited = connection.awaitedCalls.contains(token)
        if wasAwaited { connection.awaitedCalls.removeAll { $0 == token } }
        callSession(id) { session, commands in
            session.answered(token, outcome, &commands)
            // What a procedure says is no mistake of whoever asked; a name that nobody has may be.
            if case .failure(let error) = outcome,
                error.isCalled(ProcedureError.noSuchProcedureURI)
            {
                return
            }
            commands.forgetErrors()
        }
        if wasAwaited { resumeHeldInput(connection) }
    }

    // MARK: handlers

    mutating func handled(
        _ handler: HandlerParty, _ invocation: UInt64, _ outcome: CallOutcome
    ) {
        let due = state.registry.dealer(of: handler.registration.realm).answer(
            handler, invocation, outcome, now: now, random: kernel.random(), core: index, state)
        dealerAlarm = min(dealerAlarm, due)
        hasAskedDealer = true
    }

    // MARK: notes

    /// Hands a note to another session.
    mutating func tell(_ id: ConnectionID, _ note: any SessionNote) {
        state.post(.note(id, note), to: id.core)
    }

    /// Calls the session of a connection, if it is still there, and carries out what it wants.
    mutating func callSession(
        _ id: ConnectionID, _ body: (any Session, inout Commands) -> Void
    ) {
        guard let connection = table.connection(id), connection.phase == .open,
            let session = connection.session, var commands = commands.take()
        else { return }
        introduce(connection, to: &commands)
        body(session, &commands)
        carryOut(&commands, RawSpan(), for: connection)
        self.commands = consume commands
    }

    /// Tells the session of an open connection that the server goes.
    mutating func sayGoodbye(to connection: Connection) {
        guard connection.phase == .open else { return }
        closeCause = .drain
        callSession(connection.id) { $0.drained(&$1) }
        closeCause = .asked
    }
}
