// Calls — from a session to its realm's dealer and from the dealer to sessions (DESIGN §8).
//
// The dealer runs under its realm's lock. What it wants of sessions is posted before the lock is let
// go, to the mailboxes of their cores, our own included: so every session sees the dealer's order.

import Bytes
import DialectKit
import Hub
import Lockfree
import Telemetry

extension Core where Kernel: ~Copyable {
    mutating func askDealer(_ request: DealerRequest, from connection: Connection) {
        let due = state.registry.dealer(of: connection.realm).ask(
            request, from: connection.id, now: now, random: kernel.random(), state)
        dealerAlarm = min(dealerAlarm, due)
        hasAskedDealer = true
    }

    /// Ends the calls that are due, if any may be.
    mutating func expireCalls() {
        guard now >= dealerAlarm else { return }
        dealerAlarm = .max
        for dealer in state.registry.dealers {
            dealerAlarm = min(dealerAlarm, dealer.expire(now: now, state))
        }
    }

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
