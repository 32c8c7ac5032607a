// SplitMix64, drawing — a place in a list, the same everywhere and for ever.
//
// A comparison must say the same about the same two files, on any machine and with any version of
// the standard library, so neither its generators nor its way to draw from a range are used.

internal import Bytes

extension SplitMix64 {
    /// A place in a list of `count` items. For lists of hundreds the bias of multiplying instead
    /// of rejecting is below 2^-55.
    mutating func place(below count: Int) -> Int {
        precondition(count > 0)
        return Int(next().multipliedFullWidth(by: UInt64(count)).high)
    }
}
