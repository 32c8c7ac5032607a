// Surroundings — the system's clocks and its randomness, for dialects that are told both.

import Bytes
import Glibc
import Synchronization

enum Surroundings {
    /// Nanoseconds since 1970.
    static var wallClock: UInt64 { nanoseconds(CLOCK_REALTIME) }

    /// Nanoseconds of the monotonic clock.
    static var clock: UInt64 { nanoseconds(CLOCK_MONOTONIC) }

    /// A random word without a system call: for ids. Not secret.
    static var random: UInt64 { IdentifierSource.shared.next() }

    /// Seconds that local time is ahead of UTC at that time.
    static func zoneOffset(_ wallClock: UInt64) -> Int {
        var seconds = time_t(clamping: wallClock / 1_000_000_000)
        var local = unsafe tm()
        unsafe localtime_r(&seconds, &local)
        return unsafe local.tm_gmtoff
    }

    private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Random words for ids, from all threads and without a system call each. Not secret.
private final class IdentifierSource: Sendable {
    static let shared = IdentifierSource()

    private let counter = Atomic(UInt64.random(in: .min ... .max))

    func next() -> UInt64 {
        SplitMix64.mix(counter.wrappingAdd(SplitMix64.step, ordering: .relaxed).newValue)
    }
}
