// Timestamp — times of the wall clock as text: ISO 8601 in UTC with milliseconds (reference §9),
// and RFC 3339 as clients write it (§7.9).

internal import Bytes

internal enum Timestamp {
    /// `2026-01-02T03:04:05.678Z` for nanoseconds since 1970.
    static func text(_ time: UInt64) -> String {
        let milliseconds = time / 1_000_000
        let seconds = milliseconds / 1000
        let (year, month, day) = date(ofDay: Int64(seconds / 86_400))
        let second = Int(seconds % 86_400)
        var text = OctetBuffer(capacity: 24)
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
        append(Int(milliseconds % 1000), 3, &text)
        text.append(0x5A)
        return text.octets.text
    }

    private static func append(_ number: Int, _ digits: Int, _ text: inout OctetBuffer) {
        var scale = 1
        for _ in 1..<digits { scale *= 10 }
        while scale > 0 {
            text.append(0x30 + UInt8(truncatingIfNeeded: number / scale % 10))
            scale /= 10
        }
    }

    /// The civil date of a day since 1970, by the calendar's cycle of 400 years of 146 097 days
    /// that begins in March.
    private static func date(ofDay day: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let date = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        return (Int(year), Int(civilMonth), Int(date))
    }

    /// How many days a month has (RFC 3339 §5.7).
    private static func days(of month: Int64, in year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Nanoseconds since 1970 of an RFC 3339 text; `nil` for anything else, years before 1970 and
    /// behind 2262.
    static func parse(_ text: String) -> UInt64? {
        let octets = Array(text.utf8)
        guard octets.count >= 20, octets.count <= 64 else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for octet in octets[range] {
                guard octet >= 0x30 && octet <= 0x39 else { return nil }
                value = value * 10 + Int64(octet - 0x30)
            }
            return value
        }
        guard octets[4] == 0x2D, octets[7] == 0x2D,
            octets[10] == 0x54 || octets[10] == 0x74 || octets[10] == 0x20,
            octets[13] == 0x3A, octets[16] == 0x3A, let year = number(0..<4),
            let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19),
            (1970...2261).contains(year), (1...12).contains(month),
            (1...days(of: month, in: year)).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var place = 19
        var nanoseconds: Int64 = 0
        if octets[place] == 0x2E {
            place += 1
            var scale: Int64 = 100_000_000
            let start = place
            while place < octets.count, octets[place] >= 0x30, octets[place] <= 0x39 {
                nanoseconds += Int64(octets[place] - 0x30) * scale
                scale /= 10
                place += 1
            }
            guard place > start else { return nil }
        }
        guard place < octets.count else { return nil }
        var offset: Int64 = 0
        if octets[place] == 0x5A || octets[place] == 0x7A {
            guard place + 1 == octets.count else { return nil }
        } else {
            guard octets[place] == 0x2B || octets[place] == 0x2D, place + 6 == octets.count,
                octets[place + 3] == 0x3A, let hours = number(place + 1..<place + 3),
                let minutes = number(place + 4..<place + 6), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 3600 + minutes * 60) * (octets[place] == 0x2B ? 1 : -1)
        }
        // Days of the years and months in front, by the same calendar as above.
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        guard seconds >= 0 else { return nil }
        return UInt64(seconds) * 1_000_000_000 + UInt64(nanoseconds)
    }
}
