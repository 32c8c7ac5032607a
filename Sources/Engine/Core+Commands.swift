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
        if let answer = commands.takeOnlyAnswer() {
            if connection.phase == .open {
                if answer.isRelay {
                    sendMessage(answer.kind, inbound.extracting(answer.range), to: connection)
                } else {
                    sendMessage(
                        answer.kind, commands.octets.octets.extracting(answer.range),
                        to: connection)
                }
            }
        } else {
            carryOutAll(&commands, inbound, for: connection)
        }
        if commands.errorCount > 0 { countErrors(commands.errorCount, connection) }
        commands.removeAll()
    }

    private mutating func carryOutAll(
        _ commands: inout Commands, _ inbound: RawSpan, for connection: Connection
    ) {
        // By their places: an iterator would copy each command out of the list, field by field.
        let list = commands.list
        for place in list.indices {
            guard connection.phase == .open else { break }
            switch list[place] {
            case .reply(let kind, let range):
                sendMessage(kind, commands.octets.octets.extracting(range), to: connection)
            case .relay(let kind, let range):
                sendMessage(kind, inbound.extracting(range), to: connection)
            case .subscribe(let pattern, let reading, let tail):
                guard !subscribe(connection, pattern, reading, tail) else { break }
                refuse(pattern, reading, at: place, &commands, inbound, connection)
                return
            case .unsubscribe(let pattern, let reading, let tail):
                unsubscribe(connection, pattern, reading, tail)
            case .unsubscribeAll:
                if departs(connection, at: place, of: &commands, inbound) { return }
            case .publish(let publication):
                guard mayPublish(publication, connection) else { break }
                publish(publication)
                if state.isCongested { holdForMail(connection) }
            case .announce(let publication): state.publish(publication)
            case .call(let token, let request):
                call(token, request, from: connection)
                if state.isCongested { holdForMail(connection) }
            case .cancelCall(let token): cancelCall(token, of: connection)
            case .holdInput: connection.awaitsAnswer = !connection.isLeaving
            case .releaseInput: releaseInput(connection)
            case .postpone(let kind, let start): postpone(kind, inbound, from: start, connection)
            case .boundary: break
            case .close(let code, let reason):
                close(connection, CloseCode(rawValue: code), reason, because: closeCause)
            case .join(let realm, let dialect): join(connection, realm, dialect)
            case .dealer(let request):
                askDealer(request, from: connection)
                // Callees above all may go on without end, with progress.
                if state.isCongested { holdForMail(connection) }
            case .tell(let address, let note): tell(ConnectionID(rawValue: address), note)
            case .workElsewhere(let job):
                // Who leaves waits for nothing, so its notes would come to nobody, and as many at
                // once as it has sent messages.
                if !connection.isLeaving { state.workElsewhere(job, for: connection.id) }
            case .wake(let delay):
                connection.sessionDeadline = delay == 0 ? 0 : now + delay
                setDeadline(of: connection)
            }
        }
    }

    /// Says where and when its session is called. Mutating for the reason told in `Core+Receive`.
    mutating func introduce(_ connection: Connection, to commands: inout Commands) {
        commands.connection = connection.id.rawValue
        commands.now = now
        if let gated = connection.gated {
            commands.clearance = gated.clearance
        } else if commands.clearance != nil {
            commands.clearance = nil
        }
    }

    /// The index had no room: the session says so, and what belongs to other requests goes on.
    private mutating func refuse(
        _ pattern: Pattern, _ reading: Reading, at place: Int, _ commands: inout Commands,
        _ inbound: RawSpan, _ connection: Connection
    ) {
        let rest = commands.list[place...].drop { if case .boundary = $0 { false } else { true } }
        let later = Array(rest)
        commands.keep(later)
        var answer = Commands(capacity: 256)
        introduce(connection, to: &answer)
        connection.session?.refused(inbound, pattern, reading, &answer)
        // Counted behind all of it: too many errors end the connection, and what others have to
        // know of it may still be in the rest.
        for _ in 0..<answer.errorCount { commands.noteError() }
        answer.forgetErrors()
        carryOut(&answer, inbound, for: connection)
        carryOut(&commands, inbound, for: connection)
    }

    private mutating func join(
        _ connection: Connection, _ realm: Realm, _ dialect: DialectID
    ) {
        precondition(connection.subscriptions == nil, "a connection joins before it subscribes")
        precondition(!connection.isParty, "and before it calls")
        state.registry.closed(connection.dialect, in: connection.realm)
        connection.realm = realm
        connection.dialect = dialect
        state.registry.opened(dialect, in: realm)
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

    /// - Returns: `false` when the index is at one of its limits, or a gate granted no such thing.
    private mutating func subscribe(
        _ connection: Connection, _ pattern: Pattern, _ reading: Reading, _ tail: [UInt8]
    ) -> Bool {
        precondition(tail.count <= Command.tailLimit)
        precondition(tail.isEmpty || !connection.wire.isStream, "streams know no tails")
        guard maySubscribe(pattern, connection) else { return false }
        let key = SubscriptionSet.Key(pattern: pattern, reading: reading, tail: tail)
        if connection.subscriptions?.contains(key) == true { return true }
        let lane = Self.lane(connection.dialect, connection.wire)
        let envelope = EnvelopeClass(lane: lane, reading: reading, hasTails: !tail.isEmpty)
        settleDeliveries()
        guard
            let entry = try? rooms.add(
                pattern, in: connection.realm, class: envelope, connection: UInt32(connection.slot))
        else {
            hit(.wildcardsPerPattern, connection)
            return false
        }
        guard tail.isEmpty || tails.set(tail, of: entry) else {
            rooms.remove(entry)
            hit(.wildcardsPerPattern, connection)
            return false
        }
        connection.subscriptions = connection.subscriptions ?? SubscriptionSet()
        connection.subscriptions?.insert(key, entry)
        // Registry and summary know before the reply is queued.
        interest.add(pattern, in: connection.realm)
        state.registry.subscribed(pattern, connection.dialect, in: connection.realm)
        metrics.adjust(.subscriptions, by: 1)
        return true
    }

    private mutating func unsubscribe(
        _ connection: Connection, _ pattern: Pattern, _ reading: Reading, _ tail: [UInt8]
    ) {
        let key = SubscriptionSet.Key(pattern: pattern, reading: reading, tail: tail)
        guard let entry = connection.subscriptions?.remove(key) else { return }
        forget(key, entry, connection)
        if connection.subscriptions?.count == 0 { connection.subscriptions = nil }
    }

    mutating func forget(
        _ key: SubscriptionSet.Key, _ entry: EntryID, _ connection: Connection
    ) {
        settleDeliveries()
        if !key.tail.isEmpty { tails.remove(entry) }
        rooms.remove(entry)
        interest.remove(key.pattern, in: connection.realm)
        state.registry.unsubscribed(key.pattern, connection.dialect, in: connection.realm)
        metrics.adjust(.subscriptions, by: -1)
    }

    mutating func unsubscribeAll(_ connection: Connection) {
        guard let subscriptions = connection.subscriptions else { return }
        connection.subscriptions = nil
        subscriptions.forEach { forget($0, $1, connection) }
    }

    /// Takes a connection out of session table, index, registry and summary, at once and before
    /// anything is said about it: who asks after the close gets the right answer.
    mutating func leaveRooms(_ connection: Connection) {
        guard let session = connection.session else { return }
        connection.session = nil
        leaveGate(connection)
        unsubscribeAll(connection)
        leaveDealer(connection)
        state.registry.closed(connection.dialect, in: connection.realm)
        metrics.adjust(.openWebSockets, by: -1)
        if session.leavesTraces { sendOff(session, of: connection) }
    }

    /// What the others have to know about a session that is no more.
    private mutating func sendOff(_ session: any Session, of connection: Connection) {
        var commands = Commands(capacity: 0)
        introduce(connection, to: &commands)
        session.closed(&commands)
        for command in commands.list {
            switch command {
            // By mail: a connection may end while sends are being settled, and nothing may be
            // queued for those that are not.
            case .publish(let publication), .announce(let publication):
                state.publish(publication)
            case .dealer(let request): askDealer(request, from: connection)
            case .tell(let address, let note): tell(ConnectionID(rawValue: address), note)
            default: preconditionFailure("nothing can be sent to a session that is closed")
            }
        }
    }

    /// Too much is under way between the cores: who sent some of it is not read for a tick.
    private mutating func holdForMail(_ connection: Connection) {
        hit(.mailSize, connection)
        connection.waitsForTick = true
        wheel.set(connection.slot, at: now + TimingWheel.tick)
    }
}
