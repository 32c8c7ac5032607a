// Commands — what a dialect asked for, carried out in its order.

import Bytes
import DialectKit
import Rooms
import Telemetry
import WebSocket

extension Core where Kernel: ~Copyable {
    /// Carries out everything in `commands` and empties it.
    ///
    /// - Parameter inbound: The message they answer; empty when there is none.
    mutating func carryOut(
        _ commands: inout Commands, _ inbound: RawSpan, for connection: Connection
    ) {
        var isRefused = false
        for command in commands.list {
            guard connection.phase == .open, !isRefused else { break }
            switch command {
            case .reply(let kind, let range):
                sendMessage(kind, commands.octets.octets.extracting(range), to: connection)
            case .relay(let kind, let range):
                sendMessage(kind, inbound.extracting(range), to: connection)
            case .subscribe(let pattern, let reading):
                isRefused = !subscribe(connection, pattern, reading)
            case .unsubscribe(let pattern, let reading):
                unsubscribe(connection, pattern, reading)
            case .publish(let publication):
                publish(publication)
                if state.isCongested { holdForMail(connection) }
            case .call(let token, let procedure, let arguments, let holdsInput):
                if holdsInput { connection.awaitsAnswer = true }
                call(token, procedure, arguments, from: connection)
            case .close(let code, let reason):
                close(connection, CloseCode(rawValue: code), reason, because: .asked)
            }
        }
        if isRefused, let session = connection.session {
            commands.removeAll()
            session.refused(inbound, &commands)
            carryOut(&commands, inbound, for: connection)
            return
        }
        if commands.errorCount > 0 { countErrors(commands.errorCount, connection) }
        commands.removeAll()
    }

    /// Too many error replies in a minute: whoever that is does not listen.
    private mutating func countErrors(_ count: Int, _ connection: Connection) {
        if now >= connection.errorWindow + 60_000_000_000 {
            connection.errorWindow = now
            connection.errorCount = 0
        }
        connection.errorCount += count
        guard connection.errorCount > limits.errorsPerMinute, connection.phase == .open else {
            return
        }
        hit(.errorsPerMinute, connection)
        fail(connection, .policyViolation, "too many errors", reason: .limit)
    }

    /// - Returns: `false` when the index is at one of its limits.
    private mutating func subscribe(
        _ connection: Connection, _ pattern: Pattern, _ reading: Reading
    ) -> Bool {
        let key = SubscriptionSet.Key(pattern: pattern, reading: reading)
        if connection.subscriptions?.contains(key) == true { return true }
        let route = state.settings.routes[connection.route]
        let lane = Self.lane(route.dialectID, connection.wire)
        let envelope = EnvelopeClass(lane: lane, reading: reading)
        guard
            let entry = try? rooms.add(
                pattern, in: route.realm, class: envelope, connection: UInt32(connection.slot))
        else {
            hit(.wildcardsPerPattern, connection)
            return false
        }
        connection.subscriptions = connection.subscriptions ?? SubscriptionSet()
        connection.subscriptions?.insert(key, entry)
        // Registry and summary know before the reply is queued (DESIGN §5).
        interest.add(pattern, in: route.realm)
        state.registry.subscribed(pattern, route.dialectID, in: route.realm)
        metrics.adjust(.subscriptions, by: 1)
        return true
    }

    private mutating func unsubscribe(
        _ connection: Connection, _ pattern: Pattern, _ reading: Reading
    ) {
        let key = SubscriptionSet.Key(pattern: pattern, reading: reading)
        guard let entry = connection.subscriptions?.remove(key) else { return }
        forget(key, entry, state.settings.routes[connection.route])
        if connection.subscriptions?.count == 0 { connection.subscriptions = nil }
    }

    private mutating func forget(
        _ key: SubscriptionSet.Key, _ entry: EntryID, _ route: Route
    ) {
        rooms.remove(entry)
        interest.remove(key.pattern, in: route.realm)
        state.registry.unsubscribed(key.pattern, route.dialectID, in: route.realm)
        metrics.adjust(.subscriptions, by: -1)
    }

    /// Takes a connection out of session table, index, registry and summary, at once and before
    /// anything is said about it: who asks after the close gets the right answer.
    mutating func leaveRooms(_ connection: Connection) {
        guard connection.session != nil else { return }
        connection.session = nil
        let route = state.settings.routes[connection.route]
        if let subscriptions = connection.subscriptions {
            connection.subscriptions = nil
            var entries: [(SubscriptionSet.Key, EntryID)] = []
            subscriptions.forEach { entries.append(($0, $1)) }
            for (key, entry) in entries { forget(key, entry, route) }
        }
        state.registry.closed(route.dialectID, in: route.realm)
        metrics.adjust(.openWebSockets, by: -1)
    }

    /// Too much is under way between the cores: this publisher is not read for a tick.
    private mutating func holdForMail(_ connection: Connection) {
        hit(.mailSize, connection)
        connection.waitsForTick = true
        wheel.set(connection.slot, at: now + TimingWheel.tick)
    }

    private mutating func call(
        _ token: CallToken, _ procedure: String, _ arguments: [UInt8], from connection: Connection
    ) {
        let id = connection.id
        let state = self.state
        guard let handler = state.procedures[procedure] else {
            state.answer(id, token, .unknownProcedure)
            return
        }
        handler(arguments) { answer in state.answer(id, token, answer) }
    }

    /// The outcome of a call reaches the session that asked.
    mutating func answered(_ id: ConnectionID, _ token: CallToken, _ answer: Answer) {
        guard let connection = table.connection(id), connection.phase == .open,
            let session = connection.session, var commands = commands.take()
        else { return }
        session.answered(token, answer, &commands)
        carryOut(&commands, RawSpan(), for: connection)
        self.commands = consume commands
        releaseInput(connection)
    }
}
