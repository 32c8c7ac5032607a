// LocalTime — a time of the wall clock as `2026-01-01T10:00:00.000001`: ISO 8601 in local time,
// with microseconds and without a zone (specification §3.4).

import Bytes

internal enum LocalTime {
    /// - Parameters:
    ///   - time: Nanoseconds since 1970.
    ///   - offset: Seconds that local time is ahead of UTC.
    static func text(_ time: UInt64, offset: Int) -> String {
        let seconds = max(0, Int64(time / 1_000_000_000) + Int64(clamping: offset))
        let (year, month, day) = date(ofDay: seconds / 86_400)
        let second = seconds % 86_400
        var text = OctetBuffer(capacity: 32)
        append(year, 4, &text)
        text.append(0x2D)
        append(month, 2, &text)
        text.append(0x2D)
        append(day, 2, &text)
        text.append(0x54)
        append(second / 3600, 2, &text)
        text.append(0x3A)
        append(second / 60 % 60, 2, &text)
        text.append(0x3A)
        append(second % 60, 2, &text)
        text.append(0x2E)
        append(Int64(time / 1000 % 1_000_000), 6, &text)
        return text.octets.text
    }

    private static func append(_ number: Int64, _ digits: Int, _ text: inout OctetBuffer) {
        var scale: Int64 = 1
        for _ in 1..<digits { scale *= 10 }
        while scale > 0 {
            text.append(0x30 + UInt8(truncatingIfNeeded: number / scale % 10))
            scale /= 10
        }
    }

    /// The civil date of a day since 1970, by the calendar's cycle of 400 years of 146 097 days
    /// that begins in March.
    private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        return (year, civilMonth, dayOfYear - (153 * month + 2) / 5 + 1)
    }
}
