// SplitMix — random numbers that are the same everywhere and for ever.
//
// A comparison must say the same about the same two files, on any machine and with any version of
// the standard library, so neither its generators nor its way to draw from a range are used.

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
internal struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A place in a list of `count` items. For lists of hundreds the bias of multiplying instead
    /// of rejecting is below 2^-55.
    mutating func place(below count: Int) -> Int {
        precondition(count > 0)
        return Int(next().multipliedFullWidth(by: UInt64(count)).high)
    }
}
