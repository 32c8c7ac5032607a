// Reception — what a receiver has to say, and where the octets of it lie.

/// What a message is made of (RFC 6455 §5.6).
package enum MessageKind: UInt8, Sendable {
    case text = 1
    case binary = 2
}

/// Where the octets of a message or control frame lie: in the input of the call that returned it,
/// or in the receiver. Ask ``Receiver/payload(of:input:)`` for them.
package struct Place: Equatable, Sendable {
    enum Origin: UInt8 { case input, message, control }

    let origin: Origin
    /// Where the octets begin in what they lie in.
    let start: Int
    /// Octets.
    package let size: Int
}

/// What one call of ``Receiver/next(_:offset:limits:inflaters:)`` came to.
package enum Reception: Equatable, Sendable {
    /// All input is used up and nothing is complete.
    case needsMore
    case message(MessageKind, Place)
    case ping(Place)
    case pong(Place)
    /// The peer's close frame; without a code it carried nothing.
    case close(CloseCode?, reason: Place)
    /// As much was inflated as one step may; call again, in the next turn, with the same input.
    case yielded
}

/// How much a receiver takes in.
package struct ReceiverLimits: Sendable, Equatable {
    /// Octets of a message, reassembled and inflated.
    package var messageSize: Int
    /// Frames of a message.
    package var fragmentCount: Int
    /// Octets put out of inflation in one call before it yields; one that goes in counts as
    /// several.
    package var inflatedPerStep: Int

    package init(
        messageSize: Int = 1_048_576, fragmentCount: Int = 4096, inflatedPerStep: Int = 262_144
    ) {
        precondition(messageSize >= 0 && fragmentCount >= 1 && inflatedPerStep >= 1)
        self.messageSize = messageSize
        self.fragmentCount = fragmentCount
        self.inflatedPerStep = inflatedPerStep
    }

    /// The limit for the octets of a message on the wire: a compressed one may be a little larger
    /// than what comes out of it, since stored blocks cost five octets each (RFC 1951 §3.2.4).
    func wireSize(isCompressed: Bool) -> Int {
        let size = min(messageSize, 1 << 48)
        return isCompressed ? size + size / 64 + 128 : size
    }
}
