// StreamFraming — messages on a bare stream, where a connection begins with no HTTP request.
//
// A listener says which framing its connections begin with. A framing is what stands beside
// WebSocket: a handshake of its own, and frames of a header of fixed size and a payload. It is pure
// like a dialect: octets in, values out. The engine sends, waits, counts and closes.

/// What a frame of a stream is for.
package enum StreamFrameKind: Sendable {
    case message, ping
    /// The answer to a ping, with the ping's payload.
    case pong
}

/// What a client's first octets come to.
package enum StreamOpening {
    /// Octets are missing; they are all shown again when more have come.
    case needsMore
    /// The answer is written, if it has octets, and the connection closed.
    case refuse(answer: [UInt8])
    case accept(StreamAcceptance)
}

/// A connection that is open from now on.
package struct StreamAcceptance {
    /// Octets of the client's that were the handshake; frames follow.
    package let handshakeSize: Int
    package let answer: [UInt8]
    package let session: any Session
    /// The dialect that is spoken; its kind of message is what the frames carry.
    package let dialect: DialectID
    package let reader: any StreamReader
    /// Octets of the largest message the client takes.
    package let messageLimit: Int

    package init(
        handshakeSize: Int, answer: [UInt8], session: any Session, dialect: DialectID,
        reader: any StreamReader, messageLimit: Int
    ) {
        self.handshakeSize = handshakeSize
        self.answer = answer
        self.session = session
        self.dialect = dialect
        self.reader = reader
        self.messageLimit = messageLimit
    }
}

/// One framing. Shared by all cores, so it holds only what never changes.
package protocol StreamFraming: AnyObject, Sendable {
    /// Reads what a client says first; `octets` are all it has said so far. Called on a core.
    func open(_ octets: RawSpan) -> StreamOpening

    /// What a client is told for whom there is no room, before or in place of an answer.
    var fullAnswer: [UInt8] { get }

    /// Octets of every frame's header, 1 to 8.
    var headerSize: Int { get }

    /// The header of a frame, in the last `headerSize` octets of the result, big-endian.
    ///
    /// - Parameter payloadSize: 0 to ``payloadLimit`` octets.
    func header(_ kind: StreamFrameKind, payloadSize: Int) -> UInt64

    /// Octets of the largest payload a header can say.
    var payloadLimit: Int { get }

    /// Octets of the largest message taken from clients.
    var messageSize: Int { get }
}

/// What became of a reader's input.
package enum StreamStep: Equatable {
    /// A frame was handed over.
    case taken
    /// All input is taken, and no frame is complete.
    case needsMore
    /// The stream is of no more use: drop the connection.
    case failed(StreamFault)
}

/// What a peer can get wrong in a frame.
package enum StreamFault: Error, Equatable, Sendable {
    /// A header that does not exist.
    case malformed
    /// More octets are announced than are taken.
    case oversized(Int)
}

/// Takes one connection's octets apart. Lives on the core of its connection and is called only
/// there.
package protocol StreamReader: AnyObject {
    /// Takes the next frame out of `input` and hands it to `body`, or keeps what is there.
    ///
    /// - Parameters:
    ///   - position: Where to go on; moved behind what was taken.
    ///   - body: Called at most once, for a whole frame; the payload is lent for the call, and the
    ///     reader must not be used in it.
    func next(
        in input: RawSpan, at position: inout Int,
        _ body: (_ kind: StreamFrameKind, _ payload: RawSpan) -> Void
    ) -> StreamStep

    /// Whether a frame has begun and is not complete.
    var isWithinFrame: Bool { get }

    /// Octets of memory for what is kept of frames that came in pieces.
    var heldSize: Int { get }
}
