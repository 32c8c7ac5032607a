// LocalTime — a time of the wall clock as `2026-01-01T10:00:00.000001`: ISO 8601 in local time,
// with microseconds and without a zone (specification §3.4).

import Bytes
import Codecs

internal enum LocalTime {
    /// - Parameters:
    ///   - time: Nanoseconds since 1970.
    ///   - offset: Seconds that local time is ahead of UTC.
    static func text(_ time: UInt64, offset: Int) -> String {
        let seconds = max(0, Int64(time / 1_000_000_000) + Int64(clamping: offset))
        var text = OctetBuffer(capacity: 32)
        text.append(CivilTime(secondsSince1970: seconds))
        text.append(0x2E)
        text.append(lastDigits: 6, of: Int64(time / 1000 % 1_000_000))
        return text.octets.text
    }
}
