import Measurement
import Testing

@Suite("quantities")
struct QuantityTests {
    @Test("a latency is three digits and the unit that suits")
    func nanoseconds() {
        let table: [(Double, String)] = [
            (0, "0 ns"), (1, "1 ns"), (412, "412 ns"), (999, "999 ns"), (999.4, "999 ns"),
            (999.6, "1.00 µs"), (1000, "1.00 µs"), (38_123, "38.1 µs"), (99_949, "99.9 µs"),
            (99_951, "100 µs"), (999_499, "999 µs"), (999_501, "1.00 ms"), (1_240_000, "1.24 ms"),
            (2.1e9, "2.10 s"), (125e9, "125 s"), (3.6e12, "3 600 s"), (0.25, "0.250 ns"),
            (-1500, "-1.50 µs"), (.nan, "–"), (.infinity, "–"), (1e300, "∞ s"),
        ]
        for (value, text) in table { #expect(Quantity.nanoseconds(value) == text) }
        #expect(Quantity.nanoseconds(UInt64.max) == "18 446 744 074 s")
    }

    @Test("counts are grouped, rates are whole when they are large")
    func countsAndRates() {
        let counts: [(UInt64, String)] = [
            (0, "0"), (999, "999"), (1000, "1 000"), (19_000, "19 000"), (1_234_567, "1 234 567"),
            (.max, "18 446 744 073 709 551 615"),
        ]
        for (value, text) in counts { #expect(Quantity.count(value) == text) }
        #expect(Quantity.count(Int.min) == "-9 223 372 036 854 775 808")
        let rates: [(Double, String)] = [
            (0, "0.00"), (12.53, "12.5"), (99.94, "99.9"), (99.96, "100"), (812_340.4, "812 340"),
            (0.0312, "0.0312"), (.nan, "–"),
        ]
        for (value, text) in rates { #expect(Quantity.rate(value) == text) }
    }

    @Test("memory counts by 1 024, octets on the wire by 1 000")
    func octets() {
        let memory: [(Double, String)] = [
            (0, "0 B"), (512, "512 B"), (1023, "1 023 B"), (1024, "1.00 KiB"), (1987, "1.94 KiB"),
            (10_485_760, "10.0 MiB"), (1e300, "∞ TiB"),
        ]
        for (value, text) in memory { #expect(Quantity.octets(value) == text) }
        #expect(Quantity.octetRate(104_400_000) == "104 MB/s")
        #expect(Quantity.octetRate(0) == "0 B/s")
    }

    @Test("shares and ratios keep what matters")
    func shares() {
        let shares: [(Double, String)] = [
            (0, "0 %"), (0.00001, "< 0.01 %"), (0.0052, "0.52 %"), (0.125, "12.5 %"),
            (1, "100.0 %"), (.nan, "–"),
        ]
        for (value, text) in shares { #expect(Quantity.share(value) == text) }
        #expect(Quantity.ratio(1.0324) == "1.032")
        #expect(Quantity.ratio(250) == "250")
        #expect(Quantity.seconds(12) == "12 s")
        #expect(Quantity.seconds(0.5) == "500 ms")
        #expect(Quantity.fixed(-0.001, decimals: 2) == "0.00")
        #expect(Quantity.fixed(1234.5, decimals: 99) == "1 234.500000000")
    }
}
