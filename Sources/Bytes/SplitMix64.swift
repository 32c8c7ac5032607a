// SplitMix64 — random words from a counter and a finalizer (Steele, Lea, Flood: Fast Splittable
// Pseudorandom Number Generators, 2014). Equidistributed and quick; not for secrets.

/// A generator whose state is a counter.
@frozen
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mix(state)
    }

    /// How far the counter goes for a word; for those who keep it themselves.
    package static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The word of a state of the counter; different for different states.
    package static func mix(_ state: UInt64) -> UInt64 {
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
