// Commands — what a dialect wants done, in the order in which it wants it.
//
// One buffer per core, used again for every inbound message: a dialect writes its replies into
// `octets` and says what to do with them; the engine carries the list out and empties both.

package import Bytes
package import Rooms

/// What a WebSocket data message is made of.
@frozen
@usableFromInline
package enum MessageKind: Sendable {
    case text, binary

    /// By pattern: `==` of another module's enum is a call by witness.
    @inlinable
    package var isText: Bool { if case .text = self { true } else { false } }
}

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
    ///
    /// `tail` are octets of this subscription's own that end each of its messages, behind what
    /// ``Dialect/encode(_:reading:into:)`` writes for all; at most ``tailLimit``. A
    /// connection may hold one pattern in one reading with several tails. A dialect of streams has
    /// none.
    case subscribe(Pattern, Reading, tail: [UInt8] = [])
    case unsubscribe(Pattern, Reading, tail: [UInt8] = [])
    case publish(Publication)
    /// Publish by the mailboxes of all interested cores, this one's included: behind what is
    /// announced there already (``RouterServices/announce(_:)``).
    case announce(Publication)
    /// Ask a procedure; ``Session/answered(_:_:_:)`` gets the outcome under the token, which the
    /// session has used for no other call that waits.
    case call(CallToken, CallRequest)
    /// Take a question back; its outcome still comes, if only to say so.
    case cancelCall(CallToken)
    /// What follows belongs to another request than what came before.
    case boundary
    /// Start the closing handshake; what was queued before still leaves.
    case close(code: UInt16, reason: String)
    /// From now on the connection belongs to this realm and hears this form of the dialect.
    case join(Realm, DialectID)
    /// End all subscriptions of the connection, and have the session forget those it has left
    /// (``Session/forgetSubscriptions(atMost:isEnding:)``). With many of them that takes several
    /// turns; what is asked for behind it is done afterwards.
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
    /// Later messages of the connection wait until ``releaseInput``. What it sends meanwhile is
    /// kept within limits.
    case holdInput
    case releaseInput
    /// What stands in the message at hand from this octet on comes again, as a message of this kind
    /// and in front of later ones: when the input is not held, and in the connection's turn.
    case postpone(MessageKind, from: Int)

    /// Octets of a tail.
    package static var tailLimit: Int { 4096 }
}

/// What one session tells another, or work done elsewhere its own: a class of the dialect's.
package protocol SessionNote: AnyObject, Sendable {}

/// A message to the connection itself: ``Command/reply(_:_:)`` or ``Command/relay(_:_:)``.
package struct Answer: Sendable {
    package let isRelay: Bool
    package let kind: MessageKind
    package let range: Range<Int>

    fileprivate var command: Command { isRelay ? .relay(kind, range) : .reply(kind, range) }
}

private final class Asked: Sendable {
    let question: GateQuestion

    init(_ question: GateQuestion) { self.question = question }
}

/// The commands of one inbound message.
package struct Commands: ~Copyable {
    /// The first command while it is the only one, and an answer: what most messages come to. A
    /// list of one cost a third of an echo, since a command is copied field by field.
    private var first: Answer?
    private var others: [Command] = []

    /// All of them, in order.
    package var list: [Command] { first.map { [$0.command] } ?? others }
    /// Where replies are written. A reply is a range of it.
    package var octets: OctetBuffer
    /// Error replies among them; too many in a minute end the connection.
    package private(set) var errorCount = 0
    /// The connection at hand, as others address it (``Command/tell(_:_:)``). Set by the engine.
    package var connection: UInt64 = 0
    /// The core's clock, in nanoseconds. Set by the engine.
    package var now: UInt64 = 0
    /// What a gate lets the connection do; `nil` where there is no gate. Set by the engine.
    package var clearance: Clearance?
    /// What has to be known before the message at hand is carried out.
    package var question: GateQuestion? { asked?.question }
    /// In a box: hardly ever there, and commands are moved for every message.
    private var asked: Asked?
    /// Where in the message at hand the part begins that waits for the answer. What comes before
    /// it, in messages that hold several, has been carried out.
    package var resumption = 0

    package init(capacity: Int = 4096) { octets = OctetBuffer(capacity: capacity) }

    /// Queues what `body` writes as one message to this connection.
    package mutating func reply(
        _ kind: MessageKind = .text, _ body: (inout OctetBuffer) -> Void
    ) {
        let start = octets.count
        body(&octets)
        precondition(octets.count >= start)
        add(Answer(isRelay: false, kind: kind, range: start..<octets.count))
    }

    /// Queues what was written to ``octets`` since `start` as one message to this connection.
    package mutating func appendReply(_ kind: MessageKind, from start: Int) {
        precondition(start >= 0 && start <= octets.count)
        add(Answer(isRelay: false, kind: kind, range: start..<octets.count))
    }

    /// Queues a part of the inbound message as one message to this connection.
    package mutating func relay(_ kind: MessageKind, _ range: Range<Int>) {
        add(Answer(isRelay: true, kind: kind, range: range))
    }

    package mutating func append(_ command: consuming Command) {
        if let first {
            others.append(first.command)
            self.first = nil
        }
        others.append(command)
    }

    private mutating func add(_ answer: Answer) {
        if first == nil, others.isEmpty {
            first = answer
        } else {
            append(answer.command)
        }
    }

    /// Takes out the only command where it is an answer.
    package mutating func takeOnlyAnswer() -> Answer? { first.take() }

    /// Counts an error reply, which the engine limits per minute.
    package mutating func noteError() { errorCount += 1 }

    /// Counts none of its error replies: somebody else does, or they are not the client's mistakes.
    package mutating func forgetErrors() { errorCount = 0 }

    /// Lets the message at hand wait until the gate has answered.
    mutating func ask(_ question: GateQuestion) {
        precondition(asked == nil, "a message that is asked about goes no further")
        asked = Asked(question)
    }

    /// Takes the question out.
    package mutating func takeQuestion() -> GateQuestion? {
        defer { asked = nil }
        return question
    }

    /// Forgets all commands but these, which are some of them.
    package mutating func keep(_ rest: [Command]) {
        first = nil
        others = rest
    }

    /// Forgets everything and keeps the room, up to `sizeLimit` octets of it.
    package mutating func removeAll(keeping sizeLimit: Int = 262_144) {
        first = nil
        if !others.isEmpty { others.removeAll(keepingCapacity: true) }
        if octets.capacity > sizeLimit { octets = OctetBuffer(capacity: 4096) }
        octets.removeAll()
        errorCount = 0
    }
}
