// PythonTruth — whether what Python makes of a JSON value is true ("Truth Value Testing" in the
// Library Reference).
//
// Reference servers written in Python leave out of their answers what is false to them. Of a value
// only its first octets are read, of a number all of them; nothing is allocated for a short one.

import Bytes

/// What a JSON number with a fraction or an exponent becomes, which each reference server chose.
package enum PythonFractions: Sendable {
    /// A `float`, as `json.loads` has it: 1e-400 is 0.0, and false.
    case float
    /// A `Decimal`, as `simplejson.loads(use_decimal=True)` has it: 1e-400 is no zero, and true.
    case decimal
}

extension RawSpan {
    /// Whether this JSON value is false to Python: null, false, a zero, an empty string or an empty
    /// container. Nothing at all is false, too.
    ///
    /// What no scanner delimited is true or false, and traps in no case.
    package func isFalseToPython(fractions: PythonFractions = .float) -> Bool {
        guard byteCount > 0 else { return true }
        switch self[octet: 0] {
        case 0x6E, 0x66: return true  // null, false
        case 0x74: return false
        case JSONOctet.quote: return byteCount <= 2
        case JSONOctet.openingBracket, JSONOctet.openingBrace: return isEmptyContainer
        default: return fractions == .float ? isZero : isZeroExactly
        }
    }

    /// Whether there is nothing but space between two brackets or braces.
    private var isEmptyContainer: Bool {
        for index in 1..<max(1, byteCount - 1) where self[octet: index] > 0x20 { return false }
        return true
    }

    /// Whether the nearest float64 to this number is a zero.
    private var isZero: Bool {
        var reader = JSONReader(self)
        guard let number = try? reader.item() else { return false }
        return reader.double(number) == 0
    }

    /// Whether all digits in front of the exponent are zeros.
    private var isZeroExactly: Bool {
        for index in 0..<byteCount {
            switch self[octet: index] {
            case 0x31...0x39: return false
            case 0x45, 0x65: return true  // E, e
            default: break
            }
        }
        return true
    }
}
