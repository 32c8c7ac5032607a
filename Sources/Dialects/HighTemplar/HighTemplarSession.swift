// HighTemplarSession — one client: the hello, and what it asks for (specification §3).
//
// Every request is answered at once, so replies come in the order of the requests. A client that
// was rejected hears its hello and is closed; one that has not spoken for a while is closed, too.

import Bytes
import Codecs
import DialectKit
import Rooms

/// The state of one connection.
internal final class HighTemplarSession: Session {
    internal let dialect: HighTemplarDialect
    /// What it may join; `nil` once it is or was to be closed.
    internal var rooms: AllowedRooms?
    internal var subscriptions = RequestList()
    /// Subscriptions refused because the connection has too many.
    internal var refusalCount: Int32 = 0
    private let presence: Presence?
    /// When the client last said something, by the core's clock.
    private var lastHeard: UInt64 = 0
    /// What errors call the connection; empty until one does.
    private var name: [UInt8] = []

    /// - Parameter rooms: `nil` for a client that is rejected.
    init(of dialect: HighTemplarDialect, rooms: AllowedRooms?, presence: Presence?) {
        self.dialect = dialect
        self.rooms = rooms
        self.presence = presence
    }

    /// §1: the first message is the hello.
    func opened(_ commands: inout Commands) {
        let settings = dialect.settings
        commands.reply { hello in
            let isWelcome: StaticString = rooms == nil ? "false" : "true"
            hello.append(#"{"is_authorized":"# as StaticString)
            hello.append(isWelcome)
            if settings.helloKeys == .both {
                hello.append(#","is_authenticated":"# as StaticString)
                hello.append(isWelcome)
            }
            if let rooms {
                hello.append(#","allowed_rooms":"# as StaticString)
                hello.append(rooms.list)
            }
            hello.append(0x7D)
        }
        guard rooms != nil else {
            end(&commands)
            return
        }
        lastHeard = commands.now
        if settings.idleTime > 0 { commands.append(.wake(after: settings.idleTime)) }
    }

    /// Answers one message. Binary ones are taken for text, but no binary message is a ping.
    func receive(_ kind: MessageKind, _ octets: RawSpan, _ commands: inout Commands) {
        guard rooms != nil else { return }
        lastHeard = commands.now
        if kind == .text {
            if octets.equals("ping") {
                commands.reply { $0.append("pong" as StaticString) }
                presence?.noteOnline()
                return
            }
        } else if !UTF8Checker.accepts(octets) {
            end(&commands)
            return
        }
        do throws(JSONError) {
            var scanner = JSONScanner(octets)
            if scanner.isAtObject() {
                answer(try Envelope(scanning: octets), &commands)
            } else {
                _ = try scanner.value(digitLimit: Envelope.digitLimit)
                try scanner.end()
                end(&commands)
            }
        } catch {
            refuseMessage("non-json-message", &commands)
        }
    }

    private func answer(_ message: borrowing Envelope, _ commands: inout Commands) {
        if let type = message.type, type.isComposite {
            end(&commands)
            return
        }
        switch message.request {
        case .subscribe: subscribe(message, &commands)
        case .unsubscribe: unsubscribe(message, &commands)
        case .status: tellStatus(&commands)
        case nil: refuseMessage("message-type-not-allowed", &commands)
        }
    }

    /// Closes with 1000: a failure of the protocol (§3.5), silence (§3.6) or a rejection (§2).
    internal func end(_ commands: inout Commands) {
        rooms = nil
        commands.append(.close(code: 1000, reason: ""))
    }

    /// The first two rows of §3.5.
    private func refuseMessage(_ reason: StaticString, _ commands: inout Commands) {
        if name.isEmpty { name = dialect.makeConnectionName() }
        commands.noteError()
        commands.reply { reply in
            reply.append(#"{"requestId":""# as StaticString)
            reply.append(name)
            reply.append(#"","code":"error","message":""# as StaticString)
            reply.append(reason)
            reply.append(#""}"# as StaticString)
        }
    }

    /// §3.4, over all cores.
    private func tellStatus(_ commands: inout Commands) {
        let (directory, id, realm) = (dialect.directory, dialect.id, dialect.realm)
        commands.reply { reply in
            reply.append(#"{"open_connections":"# as StaticString)
            // Who is rejected is closed in its first turn, so all that are open are authorized.
            reply.append(decimal: directory.connectionCount(of: id, in: realm))
            reply.append(#","num_rooms":"# as StaticString)
            reply.append(decimal: directory.subscribedPatternCount(of: id, in: realm))
            reply.append(#","online_since":""# as StaticString)
            reply.append(dialect.onlineSince)
            reply.append(#"","rabbitmq_messages_received":"# as StaticString)
            reply.append(decimal: dialect.triggers.receivedCount)
            reply.append(#","ws_messages_received":0,"ws_messages_send":"# as StaticString)
            reply.append(decimal: directory.deliveryCount(of: id))
            // A message that cannot be sent ends its connection, and none waits in the dialect.
            reply.append(
                #","ws_messages_send_error":0,"ws_messages_send_queued":0}"# as StaticString)
        }
    }

    /// §3.6. The clock is not set anew with each message; it is looked at when it rings.
    func timePassed(_ commands: inout Commands) {
        let limit = dialect.settings.idleTime
        guard rooms != nil, limit > 0 else { return }
        let silence = commands.now >= lastHeard ? commands.now - lastHeard : 0
        if silence >= limit {
            end(&commands)
        } else {
            commands.append(.wake(after: limit - silence))
        }
    }

    func closed(_ commands: inout Commands) { presence?.noteOffline() }

    var leavesTraces: Bool { presence != nil }
}
