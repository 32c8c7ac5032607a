// Durations in nanoseconds.

import Bytes
import Testing

@Suite("durations in nanoseconds")
struct DurationTests {
    @Test("whole nanoseconds, nothing below zero, and no more than a hundred years")
    func values() {
        let century: UInt64 = 3_155_760_000 * 1_000_000_000
        let cases: [(Duration, UInt64)] = [
            (.zero, 0), (.nanoseconds(1), 1), (.milliseconds(1500), 1_500_000_000),
            (Duration(secondsComponent: 0, attosecondsComponent: 1_999_999_999), 1),
            (.nanoseconds(-1), 0), (.seconds(-3), 0), (.seconds(Int64.min), 0),
            (.seconds(3_155_760_000), century), (.seconds(Int64.max), century),
        ]
        for (duration, nanoseconds) in cases {
            #expect(duration.nanoseconds == nanoseconds, "\(duration)")
        }
    }
}
