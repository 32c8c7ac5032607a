// WideInteger — integers beyond 64 bits, on their way from one serialization to another.
//
// JSON has no limit (RFC 8259 §6) and CBOR's tags 2 and 3 have none (RFC 8949 §3.4.3), but what is
// converted has: numbers of more than 1024 bits are larger than every float64, and are treated like
// those that became infinite on the way. So this needs neither heap nor loops that a peer decides.

import Bytes

/// A sign and up to 1024 bits.
@frozen
@usableFromInline
package struct WideInteger: Sendable {
    private static let wordLimit = 16
    /// The largest power of ten in a word.
    private static let chunk: UInt64 = 10_000_000_000_000_000_000

    package private(set) var isNegative: Bool
    /// The magnitude, lowest word first.
    private var words = InlineArray<16, UInt64>(repeating: 0)

    /// The value of a JSON integer; `nil` beyond the limit.
    internal init?(digits text: RawSpan) {
        isNegative = text[octet: 0] == JSONOctet.minus
        let start = isNegative ? 1 : 0
        guard text.byteCount - start <= 309 else { return nil }  // 2^1024 has 309 digits
        for index in start..<text.byteCount {
            guard multiply(by: 10, adding: UInt64(text[octet: index] &- 0x30)) else { return nil }
        }
    }

    /// Zero, to which octets are added by ``append(_:)``.
    internal init() { isNegative = false }

    /// Takes the next lower octet of a magnitude, as CBOR has them.
    ///
    /// - Returns: `false` if it does not fit any more.
    internal mutating func append(_ octet: UInt8) -> Bool {
        guard words[Self.wordLimit - 1] >> 56 == 0 else { return false }
        return multiply(by: 256, adding: UInt64(octet))
    }

    /// Makes the value -1 minus itself, which is how tag 3 says negative numbers.
    ///
    /// - Returns: `false` if it does not fit any more.
    internal mutating func complement() -> Bool {
        guard isNegative else {
            isNegative = true
            return multiply(by: 1, adding: 1)
        }
        isNegative = false
        for index in 0..<Self.wordLimit {  // a negative value has a magnitude to subtract from
            let (difference, borrows) = words[index].subtractingReportingOverflow(1)
            words[index] = difference
            if !borrows { break }
        }
        return true
    }

    /// The same number in a sign and 64 bits, if they are enough.
    internal var whole: WholeNumber? {
        var argument = self
        if isNegative { _ = argument.complement() }
        for index in 1..<Self.wordLimit where argument.words[index] != 0 { return nil }
        return WholeNumber(isNegative: isNegative, argument: argument.words[0])
    }

    /// The nearest float64; infinite from the middle between the largest one and 2^1024 on.
    internal var double: Double {
        guard var top = (0..<Self.wordLimit).last(where: { words[$0] != 0 }) else { return 0 }
        let shift = words[top].leadingZeroBitCount
        var leading = words[top] << UInt64(shift)
        let exponent = top * 64 - shift
        var rest: UInt64 = 0
        if top > 0 {
            top -= 1
            if shift > 0 { leading |= words[top] >> UInt64(64 - shift) }
            rest = words[top] << UInt64(shift)
            for index in 0..<top { rest |= words[index] }
        }
        // The lowest bit is far below what is rounded; set, it says that more follows.
        if rest != 0 { leading |= 1 }
        let magnitude = Double(sign: .plus, exponent: exponent, significand: Double(leading))
        return isNegative ? -magnitude : magnitude
    }

    /// Appends the magnitude's octets, highest first, without leading zeros.
    internal func appendOctets(to buffer: inout OctetBuffer) {
        var isLeading = true
        for index in stride(from: Self.wordLimit * 8 - 1, through: 0, by: -1) {
            let octet = UInt8(truncatingIfNeeded: words[index / 8] >> UInt64(index % 8 * 8))
            if octet == 0 && isLeading { continue }
            isLeading = false
            buffer.append(octet)
        }
    }

    /// How many octets ``appendOctets(to:)`` appends.
    internal var octetCount: Int {
        guard let top = (0..<Self.wordLimit).last(where: { words[$0] != 0 }) else { return 0 }
        return top * 8 + (71 - words[top].leadingZeroBitCount) / 8
    }

    /// Appends the number in decimal digits.
    internal func appendDigits(to buffer: inout OctetBuffer) {
        if isNegative { buffer.append(JSONOctet.minus) }
        // 309 digits are 17 chunks; the lowest comes first.
        var chunks = InlineArray<17, UInt64>(repeating: 0)
        var count = 0
        var rest = self
        repeat {
            chunks[count] = rest.divide(by: Self.chunk)
            count += 1
        } while !rest.isZero
        buffer.append(digits: chunks[count - 1])
        for index in stride(from: count - 2, through: 0, by: -1) {
            var divisor = Self.chunk / 10
            while divisor > 1 && chunks[index] < divisor {
                buffer.append(0x30)
                divisor /= 10
            }
            buffer.append(digits: chunks[index])
        }
    }

    private var isZero: Bool {
        for index in 0..<Self.wordLimit where words[index] != 0 { return false }
        return true
    }

    private mutating func multiply(by factor: UInt64, adding addend: UInt64) -> Bool {
        var carry = addend
        for index in 0..<Self.wordLimit {
            let product = words[index].multipliedFullWidth(by: factor)
            let (sum, overflows) = product.low.addingReportingOverflow(carry)
            words[index] = sum
            carry = product.high &+ (overflows ? 1 : 0)  // the high word of a product has room
        }
        return carry == 0
    }

    /// Divides the magnitude.
    ///
    /// - Returns: The remainder.
    private mutating func divide(by divisor: UInt64) -> UInt64 {
        var remainder: UInt64 = 0
        for index in stride(from: Self.wordLimit - 1, through: 0, by: -1) {
            // The remainder is below the divisor, so the quotient fits a word.
            let result = divisor.dividingFullWidth((remainder, words[index]))
            words[index] = result.quotient
            remainder = result.remainder
        }
        return remainder
    }
}
