import Testing

@testable import Measurement

@Suite("axes")
struct AxisTests {
    @Test("an axis from zero has round steps and room for the greatest value")
    func fromZero() {
        let table: [(Double, [String])] = [
            (1, ["0", "0.2", "0.4", "0.6", "0.8", "1"]), (7, ["0", "2", "4", "6", "8"]),
            (109_000, ["0", "50 k", "100 k", "150 k"]),
            (1_000_000, ["0", "200 k", "400 k", "600 k", "800 k", "1 M"]),
            (0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
            (.nan, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        ]
        for (greatest, labels) in table {
            let axis = Axis.fromZero(to: greatest) { Quantity.tick($0) }
            #expect(axis.ticks.map(\.label) == labels)
            #expect(axis.ticks.first?.place == 0)
            #expect(axis.ticks.last?.place == 1)
        }
    }

    @Test("a logarithmic axis has ticks at powers of ten, and between them when there is room")
    func logarithmic() {
        let table: [(Double, Double, [String])] = [
            (30_000, 9e8, ["100 µs", "1 ms", "10 ms", "100 ms", "1 s", "20 µs"]),
            (30_000, 1.5e6, ["20 µs", "50 µs", "100 µs", "200 µs", "500 µs", "1 ms", "2 ms"]),
            (1.4e6, 2e6, ["1.2 ms", "1.5 ms", "2 ms"]), (1000, 1000, ["1 µs", "1.2 µs"]),
        ]
        for (least, greatest, labels) in table {
            let axis = Axis.logarithmic(from: least, to: greatest) {
                Quantity.tick(nanoseconds: $0)
            }
            #expect(axis.ticks.map(\.label) == labels)
            #expect(axis.place(of: least) >= 0)
            #expect(axis.place(of: greatest) <= 1)
            #expect(axis.place(of: greatest) > axis.place(of: least) || least == greatest)
        }
    }

    @Test("any range at all gives an axis whose places are between 0 and 1")
    func anyRange() {
        let numbers: [Double] = [
            0, -1, 1, 1e-300, .leastNonzeroMagnitude, 1e300, .greatestFiniteMagnitude, .infinity,
            -.infinity, .nan,
        ]
        for one in numbers {
            for two in numbers {
                let axes = [
                    Axis.fromZero(to: one, label: { "\($0)" }),
                    Axis.time(to: one, label: { "\($0)" }),
                    Axis.logarithmic(from: one, to: two, label: { "\($0)" }),
                    Axis.percentiles(nines: one),
                ]
                for axis in axes {
                    for value in numbers { #expect((0...1).contains(axis.place(of: value))) }
                    #expect(axis.ticks.allSatisfy { (0...1).contains($0.place) })
                    #expect(axis.ticks.count <= 40)
                }
            }
        }
    }

    @Test("every nine of a percentile takes the same room")
    func percentiles() {
        let axis = Axis.percentiles(nines: 4)
        #expect(axis.ticks.map(\.label) == ["50", "90", "99", "99.9", "99.99"])
        for (tick, place) in zip(axis.ticks.dropFirst(), [0.25, 0.5, 0.75, 1]) {
            #expect(abs(tick.place - place) < 1e-6)
        }
    }
}
