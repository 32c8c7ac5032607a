// Duration in nanoseconds — how the wheels, the rings and the kernel count time.

extension Duration {
    /// Whole nanoseconds; nothing below zero, and no more than a hundred years.
    package var nanoseconds: UInt64 {
        let limit: Int64 = 3_155_760_000
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < limit else { return UInt64(limit) * 1_000_000_000 }
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}
