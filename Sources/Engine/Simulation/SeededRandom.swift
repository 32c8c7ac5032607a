// SeededRandom — the same numbers from the same seed, on every machine.
//
// One generator decides everything in a simulated world, so a seed is a whole schedule.

import Bytes

/// A deterministic source of random numbers.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var words: SplitMix64

    package init(seed: UInt64) { words = SplitMix64(seed: seed) }

    package mutating func next() -> UInt64 { words.next() }

    /// A number from 0 up to, but not including, `limit`.
    package mutating func below(_ limit: Int) -> Int {
        precondition(limit > 0)
        return Int(truncatingIfNeeded: next() % UInt64(limit))
    }

    package mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.count)
    }

    /// Whether something happens that does so in `perMille` of 1 000 cases.
    package mutating func chance(_ perMille: Int) -> Bool {
        perMille > 0 && below(1000) < perMille
    }

    package mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }

    /// A generator that goes its own way from here on.
    package mutating func fork() -> SeededRandom { SeededRandom(seed: next()) }
}
