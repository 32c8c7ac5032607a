// Schedule — when message n is due, whatever the server does (an open loop).
//
// Phases of constant or evenly changing rate, one behind the other. Each phase is integrated in
// closed form, so message 10 000 000 is due exactly where it should be and nothing drifts.

internal import Configuration

/// What is wrong with `--phases`.
struct ScheduleError: Error, Equatable, CustomStringConvertible {
    let description: String
}

/// A rate over time.
struct Schedule: Sendable, Equatable {
    /// A stretch in which the rate goes evenly from one value to another.
    struct Phase: Sendable, Equatable {
        /// Seconds.
        var duration: Double
        /// Messages per second, at its beginning and its end.
        var from: Double
        var to: Double

        var count: Double { (from + to) / 2 * duration }

        /// Seconds into the phase at which `count` messages were due.
        func time(of count: Double) -> Double {
            guard count > 0 else { return 0 }
            let slope = (to - from) / duration
            guard abs(slope) > 1e-9 else { return from > 0 ? count / from : duration }
            // from·t + slope·t²/2 = count, by the form that does not cancel.
            let root = (from * from + 2 * slope * count).squareRoot()
            let sum = from + (root.isNaN ? 0 : root)
            return sum > 0 ? min(duration, 2 * count / sum) : duration
        }
    }

    let phases: [Phase]

    /// `rate` messages per second for ever.
    init(rate: Double) { phases = [Phase(duration: 1e9, from: rate, to: rate)] }

    init(phases: [Phase]) { self.phases = phases }

    /// Reads `10s:0..1000,30s:1000`.
    init(_ text: String) throws(ScheduleError) {
        var phases: [Phase] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: ":", omittingEmptySubsequences: false)
            guard halves.count == 2, let length = DurationText.duration(String(halves[0])),
                length > .zero
            else { throw Self.error(part) }
            let rates = halves[1].replacing("..", with: ":").split(
                separator: ":", omittingEmptySubsequences: false)
            guard rates.count <= 2, let from = rates.first.flatMap({ Self.rate($0) }),
                let to = rates.last.flatMap({ Self.rate($0) })
            else { throw Self.error(part) }
            phases.append(Phase(duration: length / .seconds(1), from: from, to: to))
        }
        self.phases = phases
    }

    private static func error(_ part: Substring) -> ScheduleError {
        ScheduleError(
            description: "\"\(part)\" is no phase; write a duration and a rate or two, such as "
                + "\"10s:0..1000\" or \"30s:1000\"")
    }

    /// A rate that is finite and not negative.
    private static func rate(_ text: Substring) -> Double? {
        Double(text).flatMap { $0 >= 0 && $0 <= 1e9 ? $0 : nil }
    }

    /// Seconds all phases take together.
    var duration: Double { phases.reduce(0) { $0 + $1.duration } }

    /// Seconds from the beginning at which message `number` (from 0) is due; `nil` behind the last.
    func time(of number: Double) -> Double? {
        var left = number
        var begin = 0.0
        for phase in phases {
            let count = phase.count
            if left < count { return begin + phase.time(of: left) }
            left -= count
            begin += phase.duration
        }
        return nil
    }
}

/// How messages follow each other.
enum Pace: Sendable, Equatable {
    /// By the clock.
    case open(Schedule)
    /// So many under way at once.
    case closed(window: Int)
}
