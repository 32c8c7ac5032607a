// FrameError — what a peer can get wrong once the WebSocket is open, and the code that says so.

/// What a peer can get wrong in a frame or a message.
package enum FrameError: Error, Equatable, Sendable {
    case reservedBit  // RFC 6455 §5.2, RFC 7692 §6
    case reservedOpcode(UInt8)  // §5.2
    case unmasked  // §5.1: clients MUST mask
    case masked  // §5.1: servers MUST NOT
    case fragmentedControl  // §5.5
    case oversizedControl  // §5.5
    case lengthNotMinimal  // §5.2
    case lengthOverflow  // §5.2: the most significant bit MUST be 0
    case unexpectedContinuation  // §5.4
    case unfinishedMessage  // §5.4: a new message inside another
    case shortClosePayload  // §5.5.1
    case invalidCloseCode(UInt16)  // §7.4
    case notText  // §8.1
    case brokenCompression  // RFC 7692 §7.2.2
    case oversizedMessage  // our limit, announced, received or inflated
    case tooManyFragments  // our limit
    case outOfMemory  // zlib could not allocate

    /// The status code the connection is failed with (RFC 6455 §7.4.1).
    package var closeCode: CloseCode {
        switch self {
        case .reservedBit, .reservedOpcode, .unmasked, .masked, .fragmentedControl,
            .oversizedControl, .lengthNotMinimal, .lengthOverflow, .unexpectedContinuation,
            .unfinishedMessage, .shortClosePayload, .invalidCloseCode:
            .protocolError
        case .notText, .brokenCompression: .invalidPayload
        case .oversizedMessage: .messageTooBig
        case .tooManyFragments: .policyViolation
        case .outOfMemory: .internalError
        }
    }
}
