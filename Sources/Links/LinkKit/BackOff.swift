// BackOff — how long to wait before the next attempt to reach a broker.
//
// Exponential with full jitter between a floor and a ceiling: many nodes that lost one broker do
// not come back in one wave, and none of them waits longer than the ceiling after the broker is
// there again. Pure: randomness comes in as a seed, time is only measured by the caller.

internal import Bytes

/// The delays between attempts.
package struct BackOff: Sendable {
    /// Short enough that a restart of a broker is hardly noticed.
    package static let standardFloor = Duration.milliseconds(100)
    /// What to say about a ceiling below that.
    package static let ceilingProblem = "the longest pause between attempts is at least 100 ms"

    /// The shortest delay, and the longest one before the first retry doubles it.
    package let floor: Duration
    /// The longest delay. With the time limit of an attempt it bounds how late service resumes.
    package let ceiling: Duration
    /// The longest delay that may be drawn next.
    private var reach: Duration
    private var random: SplitMix64

    /// - Parameters:
    ///   - floor: At least 1 ms.
    ///   - ceiling: At least `floor`.
    ///   - seed: Where the delays come from; the same seed gives the same delays.
    package init(
        floor: Duration = standardFloor, ceiling: Duration = .seconds(3), seed: UInt64
    ) {
        precondition(floor >= .milliseconds(1), "without a floor a refusal is a busy loop")
        precondition(ceiling >= floor)
        self.floor = floor
        self.ceiling = ceiling
        reach = floor
        random = SplitMix64(seed: seed)
    }

    /// The delay before the next attempt: anything from the floor to twice as far as last time.
    package mutating func next() -> Duration {
        reach = min(reach * 2, ceiling)
        let room = (reach - floor) / .milliseconds(1)
        return floor + .milliseconds(Int.random(in: 0...Int(room), using: &random))
    }

    /// Starts again with short delays. For a connection that has proved itself, not for one that
    /// was only accepted: a broker that drops us at once is to be left in peace more and more.
    package mutating func reset() { reach = floor }
}
