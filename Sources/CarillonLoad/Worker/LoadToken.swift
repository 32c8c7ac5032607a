// LoadToken — what the kernel carries for a worker: operation (8 bits), slot (24), generation (32).

/// What a submission was for.
enum LoadOperation: UInt8 {
    case receive = 1
    /// Done at submission; speaks up only when it fell short.
    case immediateSend
    case patientSend
    case cancel
    case close
    case wakeUp
}

struct LoadToken: BitwiseCopyable {
    let rawValue: UInt64

    init(_ operation: LoadOperation, slot: Int = 0, generation: UInt32 = 0) {
        precondition(slot >= 0 && slot < 1 << 24)
        rawValue = UInt64(operation.rawValue) << 56 | UInt64(slot) << 32 | UInt64(generation)
    }

    init(rawValue: UInt64) { self.rawValue = rawValue }

    var operation: LoadOperation? { LoadOperation(rawValue: UInt8(rawValue >> 56)) }
    var slot: Int { Int(rawValue >> 32 & 0xFF_FFFF) }
    var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
}
