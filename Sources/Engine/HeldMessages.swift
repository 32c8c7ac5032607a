// HeldMessages — what a client sends while an earlier message of its waits for an answer.
//
// The next message must not be looked at before that, but pings are answered at once and a Close is
// heard: a client that waits for a slow procedure is neither dead nor locked in. So frames are
// taken as ever, and whole messages wait here, in order, within the limit for parked octets. A
// Close ends the waiting for calls, whose answers reach nobody any more; what was sent before it
// still counts, and it comes into force behind that.
//
// In front of all that waits what a session has postponed of a message that holds many
// (`Command.postpone`): a batch is carried out in steps, between which others have their turns, its
// answers are read, and limits are looked at.

import Bytes
import DialectKit
import WebSocket

/// Exists only while something waits.
final class HeldMessages {
    enum Item {
        /// The message from an octet on: of one that was postponed, what is left.
        case message(DialectKit.MessageKind, [UInt8], from: Int = 0)
        /// The peer's close frame, with its code.
        case close(CloseCode?)
    }

    private var items = Queue<Item>()
    /// Octets of the messages.
    private(set) var size = 0

    var isEmpty: Bool { items.isEmpty }

    /// Octets of memory: each message has an allocation and a place in the list besides.
    var memorySize: Int { size + 64 * items.count }

    func append(_ item: Item) {
        size += Self.size(of: item)
        items.append(item)
    }

    /// Puts an item in front of all others.
    func prepend(_ item: Item) {
        size += Self.size(of: item)
        items.prepend(item)
    }

    /// Octets that are kept for an item, those read before included.
    private static func size(of item: Item) -> Int {
        if case .message(_, let octets, _) = item { octets.count + 16 } else { 0 }
    }

    /// Takes out the oldest; there must be one.
    func removeFirst() -> Item {
        guard let item = items.popFirst() else { preconditionFailure("nothing is held") }
        size -= Self.size(of: item)
        return item
    }
}

extension Core where Kernel: ~Copyable {
    /// Hands a message to its session, or keeps it until its turn comes.
    mutating func deliverInTurn(
        _ kind: DialectKit.MessageKind, _ payload: RawSpan, to connection: Connection
    ) {
        guard connection.awaitsReply || connection.held != nil else {
            deliver(kind, payload, to: connection)
            return
        }
        hold(.message(kind, payload.array), connection)
    }

    /// The peer's close frame, in its turn.
    mutating func closeInTurn(_ code: CloseCode?, _ connection: Connection) {
        guard connection.phase == .open, connection.awaitsReply || connection.held != nil else {
            peerClosed(connection, code)
            return
        }
        hold(.close(code), connection)
        connection.isLeaving = true
        connection.awaitsAnswer = false
        connection.awaitedCalls = []
        if !deliverHeld(connection) { makeRunnable(connection) }
    }

    private func hold(_ item: HeldMessages.Item, _ connection: Connection) {
        let held = connection.held ?? HeldMessages()
        connection.held = held
        held.append(item)
    }

    /// Keeps what is left of the message at hand until its connection's next turn.
    mutating func postpone(
        _ kind: DialectKit.MessageKind, _ inbound: RawSpan, from start: Int,
        _ connection: Connection
    ) {
        precondition(start >= 0 && start <= inbound.byteCount)
        let held = connection.held ?? HeldMessages()
        connection.held = held
        let whole = heldMessage
        if whole.isEmpty {
            held.prepend(.message(kind, inbound.extracting(start..<inbound.byteCount).array))
        } else {
            // It is the end of one that is kept, which is not copied again.
            held.prepend(.message(kind, whole, from: whole.count - inbound.byteCount + start))
        }
        makeRunnable(connection)
    }

    /// Delivers what is held, as far as nothing is waited for.
    ///
    /// - Returns: `false` while some of it could go on and has to wait for another turn.
    mutating func deliverHeld(_ connection: Connection) -> Bool {
        while let held = connection.held, connection.phase == .open, !connection.awaitsReply {
            guard mayTakeFrame(connection) else { return false }
            let item = held.removeFirst()
            if held.isEmpty { connection.held = nil }
            switch item {
            case .message(let kind, let octets, let start):
                heldMessage = octets
                unsafe deliver(
                    kind, octets.span.bytes.extracting(start..<octets.count), to: connection)
                heldMessage = []
            case .close(let code): peerClosed(connection, code)
            }
        }
        return true
    }
}
