import Configuration
import Testing

@Suite("quantities")
struct QuantitiesTests {
    @Test("durations are read with units and written exactly")
    func durations() {
        for (text, duration) in [
            ("10s", Duration.seconds(10)), ("250ms", .milliseconds(250)), ("2m", .seconds(120)),
            ("1h", .seconds(3600)), ("1d", .seconds(86_400)), ("90s", .seconds(90)),
            ("15us", .microseconds(15)), ("7ns", .nanoseconds(7)), ("0s", .zero),
            ("1500ms", .milliseconds(1500)),
        ] {
            #expect(DurationText.duration(text) == duration, "\(text)")
            #expect(DurationText.duration(DurationText.text(duration)) == duration)
        }
        #expect(DurationText.duration("2.5 s") == .milliseconds(2500))
        #expect(DurationText.duration("2.5") == .milliseconds(2500))
        #expect(DurationText.duration("15µs") == .microseconds(15))
        #expect(DurationText.text(.seconds(90)) == "90s")
        #expect(DurationText.text(.seconds(120)) == "2m")
        for text in [
            "", "s", "-1s", "+1s", "1 week", "1e3", "inf", "nan", "0x10", "1.2.3s", "10 s ", "٣s",
            String(repeating: "9", count: 400), "99999999999d",
        ] {
            #expect(DurationText.duration(text) == nil, "\(text)")
        }
    }

    @Test("sizes are read with units and written in whole ones")
    func sizes() {
        for (text, size) in [
            ("0", 0), ("1000", 1000), ("64KiB", 65_536), ("1MiB", 1_048_576), ("2GiB", 2 << 30),
            ("1025", 1025),
        ] {
            #expect(SizeText.size(text) == size)
            #expect(SizeText.text(size) == text)
        }
        #expect(SizeText.size("64 KiB") == 65_536)
        #expect(SizeText.size("1.5KiB") == 1536)
        #expect(SizeText.size("3KB") == 3000)
        #expect(SizeText.size("12B") == 12)
        for text in ["", "KiB", "-1", "64kib", "64K", "0.3B", "9999999999GiB", "1e9", "１KiB"] {
            #expect(SizeText.size(text) == nil, "\(text)")
        }
    }

    @Test("values out of range or of another kind are refused")
    func formats() {
        let duration = Format<Duration>.duration(.seconds(1)...(.seconds(10)))
        #expect(duration.read(.integer(10)) == .seconds(10))
        #expect(duration.read(.decimal(1.5)) == .milliseconds(1500))
        #expect(duration.read(.text("10s")) == .seconds(10))
        for raw in [
            RawValue.integer(11), .integer(0), .integer(.min), .decimal(.nan),
            .decimal(.infinity), .text("11s"), .flag(true), .list([]), .moment,
        ] {
            #expect(duration.read(raw) == nil)
        }

        let size = Format<Int>.size(1...4096)
        #expect(size.read(.text("4KiB")) == 4096)
        #expect(size.parse("17") == 17)
        #expect(size.read(.decimal(1)) == nil)
        #expect(size.write(4096) == "\"4KiB\"")
        #expect(size.write(17) == "17")

        let share = Format<Double>.share(0.01...0.9)
        #expect(share.read(.text("25%")) == 0.25)
        #expect(share.read(.decimal(0.5)) == 0.5)
        #expect(share.parse("12.5%") == 0.125)
        #expect(share.write(0.125) == "\"12.5%\"")
        #expect(share.write(0.25) == "\"25%\"")
        #expect(share.read(.integer(1)) == nil)
        #expect(share.read(.decimal(.nan)) == nil)

        let power = Format<Int>.powerOfTwo(2...64)
        #expect(power.read(.integer(32)) == 32)
        for number in [0, 1, 3, 65, 128, -2, .min, .max] {
            #expect(power.read(.integer(number)) == nil)
        }

        let list = Format<[Int]>.list(of: .count(0...9), atMost: 3)
        #expect(list.read(.list([.integer(1), .integer(2)])) == [1, 2])
        #expect(list.read(.list([.integer(1), .text("2")])) == nil)
        #expect(list.read(.list(Array(repeating: .integer(1), count: 4))) == nil)
        #expect(list.parse("1, 2,3") == [1, 2, 3])
        #expect(list.parse("") == [])

        let optional = Format<Int?>.optional(.count(0...9))
        #expect(optional.read(.text("off")) == .some(nil))
        #expect(optional.read(.integer(10)) == nil)
        #expect(optional.parse("") == .some(nil))
        #expect(optional.write(nil) == "\"off\"")

        for word in ["true", "1", "on", "YES"] { #expect(Format<Bool>.flag.parse(word) == true) }
        for word in ["false", "0", "off", "no"] { #expect(Format<Bool>.flag.parse(word) == false) }
        #expect(Format<Bool>.flag.parse("maybe") == nil)
        #expect(Format<Bool>.flag.read(.integer(1)) == nil)

        for path in ["/", "/stream", "/a/b-c_d.e"] {
            #expect(Format<String>.path.parse(path) == path)
        }
        for path in ["", "stream", "/a b", "/a?b", "/a#b", "/%41", "/é"] {
            #expect(Format<String>.path.parse(path) == nil)
        }
    }
}
