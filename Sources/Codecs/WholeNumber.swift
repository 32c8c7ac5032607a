// WholeNumber — the integers that need no more than a sign and 64 bits: -2^64 to 2^64 - 1.
//
// CBOR's major types 0 and 1 (RFC 8949 §3.1) say exactly these, and the way they say negative ones
// is the way they are kept here, because it has no value that does not fit.

/// An integer from -2^64 to 2^64 - 1.
@frozen
@usableFromInline
package struct WholeNumber: Equatable, Sendable {
    @usableFromInline package let isNegative: Bool
    /// The value if it is not negative, otherwise -1 minus the value.
    @usableFromInline package let argument: UInt64

    @inlinable
    package init(isNegative: Bool, argument: UInt64) {
        self.isNegative = isNegative
        self.argument = argument
    }

    @inlinable
    package init(_ value: UInt64) { self.init(isNegative: false, argument: value) }

    @inlinable
    package init(_ value: Int64) {
        // The complement of a negative number is -1 minus it.
        self.init(
            isNegative: value < 0, argument: UInt64(bitPattern: value < 0 ? ~value : value))
    }

    /// The value if it is not negative.
    @inlinable
    package var unsigned: UInt64? { isNegative ? nil : argument }

    /// The value if it has no more than 63 bits and a sign.
    @inlinable
    package var signed: Int64? {
        guard let value = Int64(exactly: argument) else { return nil }
        return isNegative ? ~value : value
    }

    /// The nearest float64.
    @inlinable
    package var double: Double {
        guard isNegative else { return Double(argument) }
        let (magnitude, isTooWide) = argument.addingReportingOverflow(1)
        return isTooWide ? -0x1p64 : -Double(magnitude)
    }
}
