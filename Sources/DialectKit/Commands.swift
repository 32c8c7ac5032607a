// Commands — what a dialect wants done, in the order in which it wants it (DESIGN §2).
//
// One buffer per core, used again for every inbound message: a dialect writes its replies into
// `octets` and says what to do with them; the engine carries the list out and empties both.

package import Bytes
package import Rooms

/// What a WebSocket data message is made of.
package enum MessageKind: Sendable { case text, binary }

/// Numbers a session's calls, so that an answer finds the question. The session chooses it.
package typealias CallToken = UInt64

package enum Command {
    /// Send `Commands.octets[range]` to this connection as one message.
    case reply(MessageKind, Range<Int>)
    /// Send `range` of the inbound message itself back to this connection.
    case relay(MessageKind, Range<Int>)
    /// Receive what is published to the rooms of the pattern, in the given reading.
    case subscribe(Pattern, Reading)
    case unsubscribe(Pattern, Reading)
    case publish(Publication)
    /// Ask the procedure; ``Session/answered(_:_:_:)`` gets the outcome. `arguments` is one JSON
    /// value. With `holdsInput`, later messages of the connection wait for the answer.
    case call(CallToken, procedure: String, arguments: [UInt8], holdsInput: Bool)
    /// Start the closing handshake; what was queued before still leaves.
    case close(code: UInt16, reason: String)
}

/// The commands of one inbound message.
package struct Commands: ~Copyable {
    package private(set) var list: [Command] = []
    /// Where replies are written. A reply is a range of it.
    package var octets: OctetBuffer
    /// Error replies among them; too many in a minute end the connection.
    package private(set) var errorCount = 0

    package init() { octets = OctetBuffer(capacity: 4096) }

    /// Queues what `body` writes as one message to this connection.
    package mutating func reply(
        _ kind: MessageKind = .text, _ body: (inout OctetBuffer) -> Void
    ) {
        let start = octets.count
        body(&octets)
        precondition(octets.count >= start)
        list.append(.reply(kind, start..<octets.count))
    }

    package mutating func append(_ command: Command) { list.append(command) }

    /// Counts an error reply, which the engine limits per minute.
    package mutating func noteError() { errorCount += 1 }

    /// Forgets everything and keeps the room, up to `sizeLimit` octets of it.
    package mutating func removeAll(keeping sizeLimit: Int = 262_144) {
        list.removeAll(keepingCapacity: true)
        if octets.capacity > sizeLimit { octets = OctetBuffer(capacity: 4096) }
        octets.removeAll()
        errorCount = 0
    }
}
