// Axis — from figures to places, with ticks at numbers people would have chosen.
//
// Places run from 0 to 1; the chart turns them into its own units. Every axis can be made from any
// numbers at all, because a report file can hold any.

import Glibc

/// One direction of a chart.
internal struct Axis {
    /// A line of the grid.
    struct Tick {
        var place: Double
        var label: String
    }

    enum Scale {
        case linear
        case logarithmic
    }

    private(set) var ticks: [Tick] = []
    private let scale: Scale
    /// In the scale's own terms: values, or their logarithms.
    private let lower: Double
    private let upper: Double

    private init(_ scale: Scale, _ lower: Double, _ upper: Double) {
        self.scale = scale
        self.lower = lower
        self.upper = upper
    }

    /// The place of `value`, within 0 and 1; places beyond are moved to the border.
    func place(of value: Double) -> Double {
        let own =
            switch scale {
            case .linear: value
            case .logarithmic: log10(Swift.max(value, Double.leastNormalMagnitude))
            }
        guard own.isFinite, upper > lower else { return 0 }
        return Swift.min(Swift.max((own - lower) / (upper - lower), 0), 1)
    }

    /// The value at `place`: the other way round.
    func value(at place: Double) -> Double {
        let own = lower + place * (upper - lower)
        return scale == .linear ? own : pow(10, own)
    }

    /// Even steps of 1, 2 or 5 times a power of ten, from 0 to at least `greatest`.
    static func fromZero(to greatest: Double, label: (Double) -> String) -> Axis {
        let greatest = greatest.isFinite && greatest > 1e-9 ? Swift.min(greatest, 1e300) : 1
        let step = roundStep(atLeast: greatest / 5)
        let count = (greatest / step * 0.9999).rounded(.up)
        return Axis.steps(from: 0, step: step, count: Int(Swift.max(1, count)), label: label)
    }

    /// The same, but ending exactly at `greatest`: for time, which has no room to spare.
    static func time(to greatest: Double, label: (Double) -> String) -> Axis {
        let greatest = greatest.isFinite && greatest > 1e-9 ? Swift.min(greatest, 1e300) : 1
        let step = roundStep(atLeast: greatest / 6)
        var axis = Axis(.linear, 0, greatest)
        for index in 0...Int(greatest / step) {
            let value = Double(index) * step
            axis.ticks.append(Tick(place: axis.place(of: value), label: label(value)))
        }
        return axis
    }

    private static func steps(
        from start: Double, step: Double, count: Int, label: (Double) -> String
    ) -> Axis {
        var axis = Axis(.linear, start, start + step * Double(count))
        for index in 0...count {
            let value = start + step * Double(index)
            axis.ticks.append(Tick(place: axis.place(of: value), label: label(value)))
        }
        return axis
    }

    /// Powers of ten around `least` and `greatest`, with 2 and 5 between them when there are few,
    /// and more between those when both lie close together.
    static func logarithmic(
        from least: Double, to greatest: Double, label: (Double) -> String
    ) -> Axis {
        let least = Swift.min(Swift.max(least.isFinite ? least : 1, 1e-9), 1e15)
        let greatest = Swift.min(Swift.max(greatest.isFinite ? greatest : 1, least * 1.2), 1e16)
        let marks = greatest / least < 5 ? [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8] : [1.0, 2, 5]
        // Ends at the nearest marks, so that the curve fills its frame.
        let candidates = (-10...17).flatMap { exponent in
            marks.map { $0 * pow(10, Double(exponent)) }
        }
        let lower = candidates.last { $0 <= least * 1.0001 } ?? least
        let upper = candidates.first { $0 >= greatest * 0.9999 } ?? greatest
        var axis = Axis(.logarithmic, log10(lower), log10(upper))
        let decades = axis.upper - axis.lower
        for candidate in candidates where candidate >= lower * 0.999 && candidate <= upper * 1.001 {
            let isPower = abs(log10(candidate) - log10(candidate).rounded()) < 1e-6
            guard isPower || decades <= 2.5 else { continue }
            axis.ticks.append(Tick(place: axis.place(of: candidate), label: label(candidate)))
        }
        // Ends between the powers get their label where there is room for one.
        for end in [lower, upper] {
            let place = axis.place(of: end)
            guard axis.ticks.allSatisfy({ abs($0.place - place) > 0.11 }) else { continue }
            axis.ticks.append(Tick(place: place, label: label(end)))
        }
        return axis
    }

    /// HdrHistogram's axis of percentiles: every nine takes the same room.
    ///
    /// - Parameter nines: How far it reaches: 4 ends at 99.99 %.
    static func percentiles(nines: Double) -> Axis {
        var axis = Axis(.linear, 0, Swift.min(Swift.max(nines, 1), 5))
        let marks = [
            ("50", 50.0), ("90", 90), ("99", 99), ("99.9", 99.9), ("99.99", 99.99),
            ("99.999", 99.999),
        ]
        for (label, percentile) in marks {
            let nines = Self.nines(of: percentile)
            guard nines <= axis.upper + 1e-6 else { break }
            axis.ticks.append(Tick(place: axis.place(of: nines), label: label))
        }
        return axis
    }

    /// How many nines a percentile has: 0 % none, 90 % one, 99.9 % three.
    static func nines(of percentile: Double) -> Double {
        percentile >= 100 ? .infinity : -log10(1 - percentile / 100)
    }

    /// 1, 2 or 5 times a power of ten.
    private static func roundStep(atLeast step: Double) -> Double {
        let power = pow(10, log10(step).rounded(.down))
        for factor in [1.0, 2, 5] where factor * power >= step * 0.9999 { return factor * power }
        return 10 * power
    }
}
