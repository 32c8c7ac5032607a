// Commands — what a dialect wants done, in the order in which it wants it (DESIGN §2).
//
// One buffer per core, used again for every inbound message: a dialect writes its replies into
// `octets` and says what to do with them; the engine carries the list out and empties both.

package import Bytes
package import Hub
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
    /// Receive what is published to the rooms of the pattern, in the given reading. Where the index
    /// has no room for it, ``Session/refused(_:_:_:_:)`` is told, and the commands up to the next
    /// ``boundary`` are not carried out.
    case subscribe(Pattern, Reading)
    case unsubscribe(Pattern, Reading)
    case publish(Publication)
    /// Publish by the mailboxes of all interested cores, this one's included: behind what is
    /// announced there already (``RouterServices/announce(_:)``).
    case announce(Publication)
    /// Ask the procedure; ``Session/answered(_:_:_:)`` gets the outcome. `arguments` is one JSON
    /// value. With `holdsInput`, later messages of the connection wait for the answer.
    case call(CallToken, procedure: String, arguments: [UInt8], holdsInput: Bool)
    /// What follows belongs to another request than what came before.
    case boundary
    /// Start the closing handshake; what was queued before still leaves.
    case close(code: UInt16, reason: String)
    /// From now on the connection belongs to this realm and hears this form of the dialect.
    case join(Realm, DialectID)
    /// End all subscriptions of the connection.
    case unsubscribeAll
    /// Ask the realm's dealer; actions for the party come as ``Session/dealt(_:_:)``.
    case dealer(DealerRequest)
    /// Hand a note to the session of another connection (``connection``).
    case tell(UInt64, any SessionNote)
    /// Do work off the cores; its note comes back to this session.
    case workElsewhere(@Sendable () -> any SessionNote)
    /// Call ``Session/timePassed(_:)`` after so many nanoseconds; 0: not any more. There is one
    /// such time per connection.
    case wake(after: UInt64)
}

/// What a party asks its realm's dealer (``Dealer``).
package struct DealerRequest: Sendable {
    package enum Question: Sendable {
        case open(owner: UInt64, PartyFeatures)
        case close
        case register(Pattern, request: UInt64, RegisterOptions)
        case unregister(RegistrationID, request: UInt64)
        case revoke(RegistrationID, reason: String)
        case call(Room, request: UInt64, CallOptions, (any CallPayload)?)
        case cancel(request: UInt64, CancelMode)
        case yield(invocation: UInt64, isProgress: Bool, (any CallPayload)?)
        /// The error as the callee calls it.
        case fail(invocation: UInt64, uri: String, (any CallPayload)?)
    }

    package let party: PartyID
    package let question: Question

    package init(_ party: PartyID, _ question: Question) {
        self.party = party
        self.question = question
    }
}

/// What one session tells another, or work done elsewhere its own: a class of the dialect's.
package protocol SessionNote: AnyObject, Sendable {}

/// The commands of one inbound message.
package struct Commands: ~Copyable {
    package private(set) var list: [Command] = []
    /// Where replies are written. A reply is a range of it.
    package var octets: OctetBuffer
    /// Error replies among them; too many in a minute end the connection.
    package private(set) var errorCount = 0
    /// The connection at hand, as others address it (``Command/tell(_:_:)``). Set by the engine.
    package var connection: UInt64 = 0
    /// The core's clock, in nanoseconds. Set by the engine.
    package var now: UInt64 = 0

    package init(capacity: Int = 4096) { octets = OctetBuffer(capacity: capacity) }

    /// Queues what `body` writes as one message to this connection.
    package mutating func reply(
        _ kind: MessageKind = .text, _ body: (inout OctetBuffer) -> Void
    ) {
        let start = octets.count
        body(&octets)
        precondition(octets.count >= start)
        list.append(.reply(kind, start..<octets.count))
    }

    /// Queues what was written to ``octets`` since `start` as one message to this connection.
    package mutating func appendReply(_ kind: MessageKind, from start: Int) {
        precondition(start >= 0 && start <= octets.count)
        list.append(.reply(kind, start..<octets.count))
    }

    package mutating func append(_ command: Command) { list.append(command) }

    /// Counts an error reply, which the engine limits per minute.
    package mutating func noteError() { errorCount += 1 }

    /// Counts none of its error replies; somebody else does.
    package mutating func forgetErrors() { errorCount = 0 }

    /// Forgets all commands but these, which are some of them.
    package mutating func keep(_ rest: [Command]) { list = rest }

    /// Forgets everything and keeps the room, up to `sizeLimit` octets of it.
    package mutating func removeAll(keeping sizeLimit: Int = 262_144) {
        list.removeAll(keepingCapacity: true)
        if octets.capacity > sizeLimit { octets = OctetBuffer(capacity: 4096) }
        octets.removeAll()
        errorCount = 0
    }
}
