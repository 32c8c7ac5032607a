// ModelHub, commands — what sessions want done, carried out in their order, and publications on their
// way to whoever subscribes.

import Bytes
import DialectKit
import Rooms

@testable import WAMPRouter

extension ModelHub {
    func carryOut(
        _ commands: inout Commands, for connection: ModelConnection, inbound: [UInt8]
    ) {
        connection.errorCount += commands.errorCount
        for (place, command) in commands.list.enumerated() {
            guard connection.isOpen else { return }
            switch command {
            case .reply(let kind, let range):
                precondition(kind == connection.form.messageKind)
                connection.arrivals.append(
                    .message(commands.octets.octets.extracting(range).array))
            case .subscribe(let pattern, let reading, tail: _):
                precondition(connection.realm != nil, "nobody subscribes before joining")
                // As in the engine, subscribing twice changes nothing.
                guard
                    !connection.subscriptions.contains(where: {
                        $0.pattern == pattern && $0.reading == reading
                    })
                else { break }
                guard subscriptionCount < indexLimit else {
                    refuse(pattern, reading, at: place, &commands, connection, inbound)
                    return
                }
                connection.subscriptions.append((pattern, reading))
            case .unsubscribe(let pattern, let reading, tail: _):
                connection.subscriptions.removeAll {
                    $0.pattern == pattern && $0.reading == reading
                }
            case .unsubscribeAll:
                connection.subscriptions = []
                _ = connection.session.forgetSubscriptions(atMost: .max, isEnding: false)
            case .boundary: break
            case .close(let code, _):
                connection.arrivals.append(.close(code))
                end(connection)
            case .join(let realm, let dialect):
                precondition(connection.subscriptions.isEmpty)
                connection.realm = realm
                connection.dialect = dialect
            case .wake(let delay): connection.deadline = delay == 0 ? 0 : now + delay
            case .holdInput: connection.holdsInput = true
            case .releaseInput: connection.holdsInput = false
            case .postpone(let kind, let start):
                precondition(connection.postponed == nil && start < inbound.count)
                connection.postponed = (kind, Array(inbound[start...]))
            case .workElsewhere(let job):
                work.append((connection.id, job))
                if !keepsWork { finishWork() }
            default: spread(command, of: connection)
            }
        }
    }

    /// Commands that others hear of.
    func spread(_ command: Command, of connection: ModelConnection) {
        switch command {
        case .publish(let publication):
            published.append(publication)
            fanOut(publication)
        case .announce(let publication): mail.append(.publication(publication))
        case .tell(let address, let note): mail.append(.note(address, note))
        case .dealer(let request): ask(request, from: connection)
        default: preconditionFailure("no command of this dialect")
        }
    }

    func refuse(
        _ pattern: Pattern, _ reading: Reading, at place: Int, _ commands: inout Commands,
        _ connection: ModelConnection, _ inbound: [UInt8]
    ) {
        let rest = commands.list[place...].drop { if case .boundary = $0 { false } else { true } }
        commands.keep(Array(rest))
        var answer = Commands(capacity: 256)
        connection.session.refused(unsafe inbound.span.bytes, pattern, reading, &answer)
        carryOut(&answer, for: connection, inbound: inbound)
        carryOut(&commands, for: connection, inbound: inbound)
    }

    func end(_ connection: ModelConnection) {
        connection.isOpen = false
        connection.subscriptions = []
        guard connection.session.leavesTraces else { return }
        var commands = Commands(capacity: 0)
        commands.connection = connection.id
        commands.now = now
        connection.session.closed(&commands)
        for command in commands.list { spread(command, of: connection) }
    }

    var subscriptionCount: Int { connections.reduce(0) { $0 + $1.subscriptions.count } }

    func fanOut(_ publication: Publication) {
        for connection in connections
        where connection.isOpen && connection.realm == publication.realm {
            if publication.reach.excluded == connection.id { continue }
            let dialect = dialects.first { $0.id == connection.dialect }!
            for (pattern, reading) in connection.subscriptions
            where pattern.matches(publication.room) {
                if publication.reach.isSelective,
                    !connection.session.admits(publication, reading)
                {
                    continue
                }
                var message = OctetBuffer()
                let payload = dialect.encode(publication, reading: reading, into: &message)
                guard let payload else { continue }
                let count = message.count
                precondition(0 <= payload.lowerBound && payload.upperBound <= count)
                connection.arrivals.append(.message(message.octets.array))
            }
        }
    }
}
