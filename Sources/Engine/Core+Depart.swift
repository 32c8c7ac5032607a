// Departing — who has many subscriptions leaves them in slices, one per turn.
//
// Ten thousand subscriptions are 17 to 33 ms of waiting for memory, and one client must not keep a
// core from all others for so long. So what would end a connection, or all subscriptions of one, is
// put off: the connection departs first. Nothing is delivered to it from then on, nothing of it is
// read, and whatever comes for it meanwhile waits. When the index, the registry and the session's
// own books know nothing more of its subscriptions, all that happens in its order, as it would have
// with the few subscriptions that most have, who never come here. Until then it keeps its slot, and
// nobody who asks is told that it has left.
//
// What departs in a turn, over all connections, is bounded by ``Limits/leaveSlice``; who departs
// first is done first.

import Bytes
import DialectKit
import Telemetry
import WebSocket

/// What a connection has while it departs.
final class Departure {
    /// What waits for its end.
    enum Later {
        /// Of the message that ended its subscriptions, what stands behind that.
        case commands(PostponedCommands)
        /// A message, or the rest of one, that its session has to look at again.
        case message(DialectKit.MessageKind, [UInt8])
        case mail(Mail)
        case ending(Ending)
    }

    /// Subscriptions that the index still holds.
    var items: [SubscriptionTable.Item]
    /// The connection ends behind it, and its session as well.
    let isEnding: Bool
    /// What it sends is of no use to anybody any more.
    fileprivate(set) var isDeaf = false
    fileprivate(set) var later: [Later] = []

    init(_ items: [SubscriptionTable.Item], isEnding: Bool) {
        self.items = items
        self.isEnding = isEnding
    }
}

/// Commands that are carried out later, with the message they answer.
final class PostponedCommands {
    fileprivate var commands: Commands?
    fileprivate let inbound: [UInt8]

    init(_ commands: consuming Commands, _ inbound: [UInt8]) {
        self.commands = consume commands
        self.inbound = inbound
    }
}

/// The ways a connection ends, by the functions of `Core+Close.swift` and those beside it.
enum Ending {
    case closed(CloseCode, String, CloseReason)
    case failed(CloseCode, String, CloseReason)
    case peerClosed(CloseCode?)
    case peerFinished
    case shed(CloseReason)
    case aborted(CloseReason)
    case givenUp
    case closedNow

    /// What the peer still sends is read: what it sent before, or its close frame.
    fileprivate var isHeard: Bool {
        switch self {
        case .closed, .peerFinished: true
        case .failed, .peerClosed, .shed, .aborted, .givenUp, .closedNow: false
        }
    }
}

extension Core where Kernel: ~Copyable {
    /// Whether a connection departs before it ends, or departs already; then `ending` waits.
    @inline(never)
    mutating func departs(_ connection: Connection, then ending: Ending) -> Bool {
        guard connection.phase == .departing || mustDepart(connection) else { return false }
        let departure = connection.departure ?? depart(connection, isEnding: true)
        departure.later.append(.ending(ending))
        if !ending.isHeard {
            departure.isDeaf = true
            dropInput(of: connection)
        }
        return true
    }

    /// Ends all subscriptions of a connection that stays: at once, or in slices.
    ///
    /// - Returns: Whether it departs; then the commands behind the one at `place` wait, and
    ///   `commands` is empty.
    mutating func departs(
        _ connection: Connection, at place: Int, of commands: inout Commands, _ inbound: RawSpan
    ) -> Bool {
        guard mustDepart(connection) else {
            unsubscribeAll(connection)
            _ = connection.session?.forgetSubscriptions(atMost: .max, isEnding: false)
            return false
        }
        let departure = depart(connection, isEnding: false)
        let list = commands.list
        commands.keep(Array(list[(place + 1)...]))
        let needsInbound = list.contains {
            switch $0 {
            case .relay, .postpone: true
            default: false
            }
        }
        var rest = Commands(capacity: 0)
        swap(&rest, &commands)
        departure.later.append(
            .commands(PostponedCommands(rest, needsInbound ? inbound.array : [])))
        return true
    }

    private mutating func mustDepart(_ connection: Connection) -> Bool {
        guard connection.phase == .open, let count = connection.subscriptions?.count,
            count > limits.promptLeaveCount
        else { return false }
        if leaveTurn != turnNumber {
            leaveTurn = turnNumber
            leftCount = 0
        }
        guard leftCount + 2 * count > limits.leaveSlice else {
            leftCount += 2 * count
            return false
        }
        return true
    }

    private mutating func depart(_ connection: Connection, isEnding: Bool) -> Departure {
        // What was published before still reaches it.
        settleDeliveries()
        unsafe (table.hot + connection.slot).pointee.flags.insert(.departing)
        let departure = Departure(
            connection.subscriptions?.takeItems() ?? [], isEnding: isEnding)
        connection.phase = .departing
        connection.departure = departure
        connection.subscriptions = nil
        wheel.remove(connection.slot)
        departing.append(connection.id)
        return departure
    }

    private mutating func dropInput(of connection: Connection) {
        connection.dropParked()
        connection.held = nil
        unsafe connection.receiver = nil
        connection.stream = nil
        if connection.mayHoldInput { countInput(connection) }
    }

    /// Lets mail wait that is for the session of a connection that departs.
    ///
    /// - Returns: Whether it does.
    mutating func waits(_ mail: Mail) -> Bool {
        switch mail {
        case .dealt(let id, _), .note(let id, _), .permission(let id, _, _):
            guard let departure = table.connection(id)?.departure else { return false }
            departure.later.append(.mail(mail))
            return true
        default: return false
        }
    }

    /// Lets the rest of a message wait, whose session has asked a gate about it.
    ///
    /// - Returns: `false` unless the connection departs.
    mutating func waits(
        _ kind: DialectKit.MessageKind, _ rest: RawSpan, of connection: Connection
    ) -> Bool {
        guard let departure = connection.departure else { return false }
        departure.later.append(.message(kind, rest.array))
        return true
    }

    /// A turn's share of the subscriptions that are being left.
    mutating func departSome() {
        guard !departing.isEmpty else { return }
        var share = limits.leaveSlice
        if leaveTurn == turnNumber { share = max(share - leftCount, 1) }
        var count = 0
        while count < departing.count, share > 0 {
            guard let connection = table.connection(departing[count]),
                let departure = connection.departure
            else { preconditionFailure("who departs keeps its slot") }
            guard forgetSome(of: departure, connection, &share) else { break }
            conclude(departure, connection)
            count += 1
        }
        departing.removeFirst(count)
    }

    /// - Returns: Whether nothing is left.
    private mutating func forgetSome(
        of departure: Departure, _ connection: Connection, _ share: inout Int
    ) -> Bool {
        while share > 0, let item = departure.items.popLast() {
            forget(item.key, item.entry, connection)
            share -= 1
        }
        guard share > 0, let session = connection.session else { return share > 0 }
        share -= session.forgetSubscriptions(atMost: share, isEnding: departure.isEnding)
        return share > 0
    }

    /// The last subscription is gone: what has waited happens.
    private mutating func conclude(_ departure: Departure, _ connection: Connection) {
        connection.departure = nil
        connection.phase = .open
        unsafe (table.hot + connection.slot).pointee.flags.remove(.departing)
        // First of all, so that a FIN finds that there may be something before it.
        if !departure.isEnding, !departure.isDeaf { makeRunnable(connection) }
        for (place, item) in departure.later.enumerated() {
            // What is carried out may have it depart again.
            if let next = connection.departure {
                next.later += departure.later[place...]
                return
            }
            switch item {
            case .commands(let postponed): carryOut(postponed, for: connection)
            case .message(let kind, let octets):
                guard connection.phase == .open else { break }
                unsafe deliverGated(kind, octets.span.bytes, to: connection)
            case .mail(let mail): read(mail)
            case .ending(let ending): end(connection, ending)
            }
        }
        guard connection.phase == .open || connection.phase == .closing else { return }
        makeRunnable(connection)
        guard connection.phase == .open else { return }
        setDeadline(of: connection)
        sendWaitingPong(to: connection)
    }

    private mutating func carryOut(_ postponed: PostponedCommands, for connection: Connection) {
        guard var commands = postponed.commands.take() else { return }
        let inbound = postponed.inbound
        unsafe carryOut(&commands, inbound.span.bytes, for: connection)
    }

    private mutating func end(_ connection: Connection, _ ending: Ending) {
        switch ending {
        case .closed(let code, let text, let reason):
            close(connection, code, text, because: reason)
        case .failed(let code, let text, let reason):
            fail(connection, code, text, reason: reason)
        case .peerClosed(let code): peerClosed(connection, code)
        case .peerFinished: peerFinished(connection)
        case .shed(let reason): shed(connection, reason: reason)
        case .aborted(let reason): abort(connection, reason: reason)
        case .givenUp: resetGivenUp(connection)
        case .closedNow: closeNow(connection)
        }
    }
}
