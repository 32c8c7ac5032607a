// CivilTime — a moment as date and time of day, and as the text of ISO 8601: `2026-01-02T03:04:05`.
//
// The proleptic Gregorian calendar, without leap seconds and without zones: who writes local time
// adds the offset to the moment. Days are counted in cycles of 400 years of 146 097 days that begin
// in March, so that the leap day is the last of its year.

package import Bytes

/// Date and time of day of a moment from 1970 on.
package struct CivilTime: Equatable, Sendable {
    package let year: Int64
    /// From 1.
    package let month: Int64
    /// From 1.
    package let day: Int64
    /// Seconds since midnight.
    package let second: Int64

    /// - Parameter seconds: Seconds since 1970, not negative.
    package init(secondsSince1970 seconds: Int64) {
        precondition(seconds >= 0)
        let shifted = seconds / 86_400 + Self.daysBefore1970
        let era = shifted / Self.daysOfEra
        let dayOfEra = shifted - era * Self.daysOfEra
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        second = seconds % 86_400
    }

    /// Days from 1970 to a date of the year 1 or later, which there must be.
    package static func days(to day: Int64, of month: Int64, in year: Int64) -> Int64 {
        let yearFromMarch = month <= 2 ? year - 1 : year
        let era = yearFromMarch / 400
        let yearOfEra = yearFromMarch - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * daysOfEra + dayOfEra - daysBefore1970
    }

    /// How many days a month has (RFC 3339 §5.7).
    package static func days(of month: Int64, in year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static let daysOfEra: Int64 = 146_097
    /// From the first of March of the year 0.
    private static let daysBefore1970: Int64 = 719_468
}

extension OctetBuffer {
    /// Appends `2026-01-02T03:04:05`; of the year its last four digits.
    package mutating func append(_ time: CivilTime) {
        append(lastDigits: 4, of: time.year)
        append(0x2D)
        append(lastDigits: 2, of: time.month)
        append(0x2D)
        append(lastDigits: 2, of: time.day)
        append(0x54)
        append(lastDigits: 2, of: time.second / 3600)
        append(0x3A)
        append(lastDigits: 2, of: time.second / 60 % 60)
        append(0x3A)
        append(lastDigits: 2, of: time.second % 60)
    }

    /// Appends the last digits of a number that is not negative, zeros in front where it has fewer.
    package mutating func append(lastDigits count: Int, of number: Int64) {
        var scale: Int64 = 1
        for _ in 1..<count { scale *= 10 }
        while scale > 0 {
            append(0x30 + UInt8(truncatingIfNeeded: number / scale % 10))
            scale /= 10
        }
    }
}
