// ConnectionID — which connection, for as long as anybody may ask.
//
// Core, slot and generation in one word. Slots are used again; a generation is not, so a stale id
// is found out by one comparison and is an ordinary outcome.

/// Names one connection of the process: core (8 bits), slot (24), generation (32).
@frozen
@usableFromInline
package struct ConnectionID: Hashable, Sendable, BitwiseCopyable {
    @usableFromInline package let rawValue: UInt64

    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable
    package init(core: Int, slot: Int, generation: UInt32) {
        precondition(core >= 0 && core < 256 && slot >= 0 && slot < 1 << 24)
        rawValue = UInt64(core) << 56 | UInt64(slot) << 32 | UInt64(generation)
    }

    @inlinable package var core: Int { Int(rawValue >> 56) }
    @inlinable package var slot: Int { Int(rawValue >> 32 & 0xFF_FFFF) }
    @inlinable package var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
}

/// What a submission was for; with slot and generation it is the whole token.
enum Operation: UInt8 {
    case accept = 1
    case receive
    case immediateSend
    case patientSend
    case shutdown
    case cancel
    case close
    case wakeUp  // a read of the core's eventfd
    case message  // from another ring
    case peerName
}

/// What the kernel carries for us: operation (8 bits), slot (24), generation (32). Never a
/// descriptor, since those are used again at once; never 0 and never all ones (reserved).
struct Token: BitwiseCopyable, Equatable {
    let rawValue: UInt64

    init(_ operation: Operation, slot: Int = 0, generation: UInt32 = 0) {
        assert(slot >= 0 && slot < 1 << 24)
        rawValue =
            UInt64(operation.rawValue) << 56 | UInt64(slot) << 32 | UInt64(generation)
    }

    init(rawValue: UInt64) { self.rawValue = rawValue }

    var operation: Operation? { Operation(rawValue: UInt8(rawValue >> 56)) }
    var slot: Int { Int(rawValue >> 32 & 0xFF_FFFF) }
    var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
}
