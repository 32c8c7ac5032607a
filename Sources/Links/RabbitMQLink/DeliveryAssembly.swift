// DeliveryAssembly — puts the messages of one channel together (AMQP 0-9-1 §4.2.6).
//
// A message comes as a method, a header that announces its size, and as many body frames as that
// takes; frames of other channels may stand between them. What is larger than the limit is counted
// through and never stored. Pure: frames in, messages out.

internal import LinkKit

/// One message as the broker delivered it.
struct Delivery: Sendable, Equatable {
    let tag: UInt64
    let routingKey: [UInt8]
    let isRedelivered: Bool
    var messageID: [UInt8]?
    /// Octets announced. Those of a message that is too large are not in `body`.
    var bodySize: UInt64 = 0
    var body: [UInt8] = []
}

struct DeliveryAssembly: Sendable {
    private enum Phase: Sendable {
        case idle
        case header(Delivery)
        /// Octets of the body that are still to come.
        case body(Delivery, due: UInt64)
    }

    private var phase = Phase.idle
    /// Largest message stored, in octets.
    let messageLimit: Int

    init(messageLimit: Int) {
        precondition(messageLimit >= 0)
        self.messageLimit = messageLimit
    }

    mutating func begin(_ delivery: Delivery) throws(LinkFailure) {
        guard case .idle = phase else {
            throw LinkFailure("the broker began a message inside another one")
        }
        phase = .header(delivery)
    }

    /// - Returns: The message, if it has no body.
    mutating func header(
        bodySize: UInt64, messageID: [UInt8]?
    ) throws(LinkFailure) -> Delivery? {
        guard case .header(var delivery) = phase else {
            throw LinkFailure("the broker sent a header without a message")
        }
        delivery.bodySize = bodySize
        delivery.messageID = messageID
        if bodySize == 0 {
            phase = .idle
            return delivery
        }
        if !isOversized(delivery) { delivery.body.reserveCapacity(Int(bodySize)) }
        phase = .body(delivery, due: bodySize)
        return nil
    }

    /// - Returns: The message, if these were its last octets.
    mutating func body(_ octets: RawSpan) throws(LinkFailure) -> Delivery? {
        guard case .body(var delivery, let due) = phase else {
            throw LinkFailure("the broker sent a body without a header")
        }
        // Out of the enum, so that the array has one owner and grows in place.
        phase = .idle
        let size = UInt64(octets.byteCount)
        guard size <= due else { throw LinkFailure("the broker sent more than it announced") }
        if !isOversized(delivery) {
            unsafe octets.withUnsafeBytes { unsafe delivery.body.append(contentsOf: $0) }
        }
        if size == due { return delivery }
        phase = .body(delivery, due: due - size)
        return nil
    }

    /// Whether the body of `delivery` was not stored.
    func isOversized(_ delivery: Delivery) -> Bool { delivery.bodySize > UInt64(messageLimit) }
}
