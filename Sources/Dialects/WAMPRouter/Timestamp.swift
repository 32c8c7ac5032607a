// Timestamp — times of the wall clock as text: ISO 8601 in UTC with milliseconds (reference §9),
// and RFC 3339 as clients write it (§7.9).

internal import Bytes
internal import Codecs

internal enum Timestamp {
    /// `2026-01-02T03:04:05.678Z` for nanoseconds since 1970.
    static func text(_ time: UInt64) -> String {
        let milliseconds = Int64(time / 1_000_000)
        var text = OctetBuffer(capacity: 24)
        text.append(CivilTime(secondsSince1970: milliseconds / 1000))
        text.append(0x2E)
        text.append(lastDigits: 3, of: milliseconds % 1000)
        text.append(0x5A)
        return text.octets.text
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
            (1...CivilTime.days(of: month, in: year)).contains(day), hour < 24, minute < 60,
            second < 61
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
        let days = CivilTime.days(to: day, of: month, in: year)
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        guard seconds >= 0 else { return nil }
        return UInt64(seconds) * 1_000_000_000 + UInt64(nanoseconds)
    }
}
