// Times as text and back, against a calendar that counts days one by one.

import Testing

@testable import WAMPRouter

@Suite struct TimestampTests {
    /// Every day from 1970 on, counted.
    private func forEachDay(
        until lastYear: Int, _ body: (_ day: UInt64, _ year: Int, _ month: Int, _ date: Int) -> Void
    ) {
        var (day, year) = (0 as UInt64, 1970)
        while year <= lastYear {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            for (month, length) in lengths.enumerated() {
                for date in 1...length {
                    body(day, year, month + 1, date)
                    day += 1
                }
            }
            year += 1
        }
    }

    private func padded(_ number: Int, _ count: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }

    private let second: UInt64 = 1_000_000_000

    @Test("every day until 2261 has its date, both ways")
    func days() {
        forEachDay(until: 2261) { day, year, month, date in
            let text = "\(padded(year, 4))-\(padded(month))-\(padded(date))T00:00:00.000Z"
            let time = day * 86_400 * second
            if Timestamp.text(time) != text || Timestamp.parse(text) != time {
                Issue.record("day \(day): \(Timestamp.text(time)), not \(text)")
            }
        }
    }

    @Test("every second of a day and every millisecond of a second is written and read")
    func clock() {
        let start: UInt64 = 1_767_312_000 * second  // 2026-01-02
        for second in 0..<86_400 {
            let (hour, minute) = (second / 3600, second / 60 % 60)
            let text =
                "2026-01-02T\(padded(hour)):\(padded(minute)):\(padded(second % 60)).000Z"
            let time = start + UInt64(second) * self.second
            if Timestamp.text(time) != text || Timestamp.parse(text) != time {
                Issue.record("second \(second): \(Timestamp.text(time))")
            }
        }
        for millisecond in 0..<1000 {
            let time = start + UInt64(millisecond) * 1_000_000
            let text = "2026-01-02T00:00:00.\(padded(millisecond, 3))Z"
            #expect(Timestamp.text(time) == text)
            #expect(Timestamp.text(time + 999_999) == text)
            #expect(Timestamp.parse(text) == time)
        }
    }

    @Test("the whole range of the clock has a text of 24 octets")
    func range() {
        for time in [0, 1, UInt64.max / 2, .max - 1, .max] {
            #expect(Timestamp.text(time).utf8.count == 24)
        }
        #expect(Timestamp.text(.max) == "2554-07-21T23:34:33.709Z")
    }

    @Test("fractions, offsets and small letters are read as RFC 3339 has them")
    func forms() {
        let time = Timestamp.parse("2026-01-02T03:04:05Z")
        #expect(time == 1_767_323_045 * second)
        for text in [
            "2026-01-02t03:04:05z", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05.0Z",
            "2026-01-02T03:04:05.0000000000009Z", "2026-01-02T04:04:05+01:00",
            "2026-01-01T23:04:05-04:00", "2026-01-02T03:04:05-00:00",
            "2026-01-03T03:03:05+23:59",
        ] {
            #expect(Timestamp.parse(text) == time, "\(text)")
        }
        #expect(Timestamp.parse("1970-01-01T00:00:00.123456789Z") == 123_456_789)
        #expect(Timestamp.parse("1970-01-01T00:59:59-01:00") == 7199 * second)
        // A leap second is the first one of the next minute.
        #expect(Timestamp.parse("2016-12-31T23:59:60Z") == Timestamp.parse("2017-01-01T00:00:00Z"))
    }

    @Test("what is no time is none")
    func rubbish() {
        for text in [
            "", "yesterday", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05Zx", "2026-01-02T24:00:00Z", "2026-01-02T03:60:00Z",
            "2026-01-02T03:04:61Z", "2026-00-02T03:04:05Z", "2026-13-02T03:04:05Z",
            "2026-01-00T03:04:05Z", "2026-01-32T03:04:05Z", "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01", "2262-01-01T00:00:00Z", "9999-01-01T00:00:00Z",
            "2026-01-02T03:04:05+1:00", "2026-01-02T03:04:05+01:0", "2026-01-02T03:04:05+24:00",
            "2026-01-02T03:04:05+01:60", "2026-01-02T03:04:05+0100", "+026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.\(String(repeating: "0", count: 60))Z", "２０２６-01-02T03:04:05Z",
            "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2100-02-29T00:00:00Z",
        ] {
            #expect(Timestamp.parse(text) == nil, "\(text)")
        }
        #expect(Timestamp.parse("2024-02-29T00:00:00Z") != nil)
    }

    @Test("no cut and no other octet of a time makes it trap")
    func noise() {
        let text = Array("2026-01-02T03:04:05.678+01:30".utf8)
        for cut in 0...text.count {
            _ = Timestamp.parse(String(decoding: text[..<cut], as: UTF8.self))
        }
        for place in text.indices {
            for octet in UInt8.min...127 {
                var changed = text
                changed[place] = octet
                _ = Timestamp.parse(String(decoding: changed, as: UTF8.self))
            }
        }
    }
}
