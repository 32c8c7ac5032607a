// JSONNumber — the value of a number's text (RFC 8259 §6), as the scanner delimited it.
//
// Integers are exact or refused. The rest becomes the nearest float64: at once when digits and
// power of ten are exact in one (Clinger's fast path), through the standard library otherwise.

import Bytes

internal enum JSONNumber {
    /// The value of an integer's text; `nil` when it takes more than a sign and 64 bits.
    static func whole(_ text: RawSpan) -> WholeNumber? {
        let isNegative = text[octet: 0] == JSONOctet.minus
        let start = isNegative ? 1 : 0
        guard text.byteCount - start <= 20 else { return nil }
        var magnitude: UInt64 = 0
        for index in start..<text.byteCount {
            let digit = UInt64(text[octet: index] &- 0x30)
            // 19 digits fit, whatever they are.
            if index - start < 19 {
                magnitude = magnitude &* 10 &+ digit
                continue
            }
            let (tens, isTooWide) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, isTooWideByOne) = tens.addingReportingOverflow(digit)
            guard !isTooWide && !isTooWideByOne else { return nil }
            magnitude = sum
        }
        // There is no integer -0, so `-0` is 0.
        guard isNegative, magnitude > 0 else { return WholeNumber(magnitude) }
        return WholeNumber(isNegative: true, argument: magnitude - 1)
    }

    /// Significant digits that decide how a number is rounded: no float64 and no middle between
    /// two of them has more than 768.
    private static let digitLimit = 800
    /// Beyond this power of ten every number of our digits is infinite, and below its negative 0.
    private static let powerLimit = 10_000

    /// The float64 nearest to a number; infinite when it is larger than any.
    static func double(_ text: RawSpan) -> Double {
        let parts = Parts(text)
        if parts.digitCount <= 19, parts.digits <= 1 << 53, parts.power.magnitude <= 22 {
            // Both are exact, so the one operation rounds correctly.
            let tens = powerOfTen(parts.power.magnitude)
            let digits = Double(parts.digits)
            let magnitude = parts.power < 0 ? digits / tens : digits * tens
            return parts.isNegative ? -magnitude : magnitude
        }
        return rounded(text, parts)
    }

    /// Writes the significant digits down once more, without a point and not more than matter, and
    /// has the standard library round them.
    private static func rounded(_ text: RawSpan, _ parts: Parts) -> Double {
        var plain = OctetBuffer(capacity: 64)
        if parts.isNegative { plain.append(JSONOctet.minus) }
        var count = 0
        var power = parts.power
        // One digit for all that are left out: whether there is anything is all that matters.
        var rest: UInt8 = 0x30
        for index in 0..<text.byteCount {
            let octet = text[octet: index]
            if octet | 0x20 == 0x65 { break }  // e, E
            guard JSONOctet.isDigit(octet), count > 0 || octet != 0x30 else { continue }
            count += 1
            if count <= digitLimit {
                plain.append(octet)
            } else if octet != 0x30 {
                rest = 0x31
            }
        }
        if count == 0 { plain.append(0x30) }
        if count > digitLimit {
            plain.append(rest)
            power += count - digitLimit - 1
        }
        plain.append(0x65)
        plain.append(decimal: max(-powerLimit * 10, min(powerLimit * 10, power)))
        return Double(plain.octets.text) ?? .nan  // the grammar is a part of Swift's
    }

    /// 10^`power`, exact for 0 to 22.
    private static func powerOfTen(_ power: UInt) -> Double {
        var value: UInt64 = 1
        for _ in 0..<min(power, 19) { value *= 10 }
        // Up to 19 a UInt64 holds it, and what its upper bits hold is exact: 5^22 < 2^53.
        return switch power {
        case 20: 1e20
        case 21: 1e21
        case 22: 1e22
        default: Double(value)
        }
    }

    /// A number as digits times a power of ten.
    private struct Parts {
        var isNegative = false
        /// The significant digits as one number, right when `digitCount` is at most 19.
        var digits: UInt64 = 0
        /// Digits behind leading zeros.
        var digitCount = 0
        var power = 0

        init(_ text: RawSpan) {
            var index = 0
            if text[octet: 0] == JSONOctet.minus {
                isNegative = true
                index = 1
            }
            var isFraction = false
            while index < text.byteCount {
                let octet = text[octet: index]
                index += 1
                if octet == JSONOctet.dot {
                    isFraction = true
                    continue
                }
                guard JSONOctet.isDigit(octet) else { break }  // e, E
                if isFraction { power -= 1 }
                if octet == 0x30 && digitCount == 0 { continue }
                digitCount += 1
                if digitCount <= 19 { digits = digits * 10 + UInt64(octet &- 0x30) }
            }
            guard index < text.byteCount else { return }
            power += exponent(text, from: index)
        }

        /// The number behind the `e`; beyond what any text can make up for it stays what it is.
        private func exponent(_ text: RawSpan, from start: Int) -> Int {
            var index = start
            let isNegative = text[octet: index] == JSONOctet.minus
            if isNegative || text[octet: index] == 0x2B { index += 1 }
            var value = 0
            while index < text.byteCount {
                if value < 1 << 56 { value = value * 10 + Int(text[octet: index] &- 0x30) }
                index += 1
            }
            return isNegative ? -value : value
        }
    }
}
