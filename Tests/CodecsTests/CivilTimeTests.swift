import Bytes
import Codecs
import Testing

@Suite("Civil time")
struct CivilTimeTests {
    @Test("of a moment has the calendar's date, and is written as ISO 8601")
    func moments() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00"), (86_399, "1970-01-01T23:59:59"),
            (951_782_399, "2000-02-28T23:59:59"), (951_782_400, "2000-02-29T00:00:00"),
            (951_868_800, "2000-03-01T00:00:00"), (1_767_323_045, "2026-01-02T03:04:05"),
            (4_107_542_399, "2100-02-28T23:59:59"), (4_107_542_400, "2100-03-01T00:00:00"),
            (253_402_300_799, "9999-12-31T23:59:59"), (253_402_300_800, "0000-01-01T00:00:00"),
        ] as [(Int64, String)] {
            var written = OctetBuffer()
            written.append(CivilTime(secondsSince1970: seconds))
            #expect(written.octets.text == text)
        }
    }

    @Test("of every day of 800 years follows the day before, and leads back to it")
    func days() {
        var (year, month, date): (Int64, Int64, Int64) = (1970, 1, 1)
        for day in Int64(0)..<2 * 146_097 {
            let time = CivilTime(secondsSince1970: day * 86_400 + day % 86_400)
            #expect((time.year, time.month, time.day) == (year, month, date))
            #expect(time.second == day % 86_400)
            #expect(CivilTime.days(to: date, of: month, in: year) == day)
            date += 1
            if date > CivilTime.days(of: month, in: year) { (month, date) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect((year, month, date) == (2770, 1, 1))
    }

    @Test("knows leap years by the rule of centuries")
    func leapYears() {
        for (year, days) in [(2023, 28), (2024, 29), (1900, 28), (2000, 29)] as [(Int64, Int64)] {
            #expect(CivilTime.days(of: 2, in: year) == days)
        }
        #expect((1...12).map { CivilTime.days(of: $0, in: 2024) }.reduce(0, +) == 366)
    }

    @Test("before 1970 there is none")
    func negative() async {
        await #expect(processExitsWith: .failure) { _ = CivilTime(secondsSince1970: -1) }
    }
}
