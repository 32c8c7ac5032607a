// Grammar — the character classes of HTTP (RFC 9110 §5.6) and comma-separated lists.

internal import Bytes

/// Tests on single octets and short runs.
package enum Grammar {
    /// `tchar` of RFC 9110 §5.6.2, as a bitmap of the first 128 code points.
    private static let tokenLow: UInt64 = 0x03FF_6CFA_0000_0000
    private static let tokenHigh: UInt64 = 0x57FF_FFFF_C7FF_FFFE

    /// Whether `octet` may stand in a token.
    package static func isTokenOctet(_ octet: UInt8) -> Bool {
        if octet >= 0x80 { return false }
        let half = octet < 64 ? tokenLow : tokenHigh
        return half &>> UInt64(octet & 63) & 1 != 0
    }

    /// Whether `octets` are one token.
    package static func isToken(_ octets: RawSpan) -> Bool {
        guard octets.byteCount > 0 else { return false }
        for index in 0..<octets.byteCount where !isTokenOctet(octets[octet: index]) { return false }
        return true
    }

    /// Whether `octet` is a space or a tab.
    package static func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 }

    /// Whether `octets` may stand in a field value: no control character but the tab
    /// (RFC 9110 §5.5 lets a recipient refuse them all).
    package static func isFieldValue(_ octets: RawSpan) -> Bool {
        var index = 0
        let size = octets.byteCount
        while size &- index >= 8 {
            let word = unsafe octets.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            if mayHoldControl(word) { break }
            index &+= 8
        }
        while index < size {
            let octet = octets[octet: index]
            if (octet < 0x20 && octet != 0x09) || octet == 0x7F { return false }
            index &+= 1
        }
        return true
    }

    /// Whether one of eight octets is below 0x20 or is 0x7F; wrong answers are only ever "yes".
    private static func mayHoldControl(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let belowSpace = (word &- ones &* 0x20) & ~word & highs
        let erased = word ^ (ones &* 0x7F)
        let isErase = (erased &- ones) & ~erased & highs
        return (belowSpace | isErase) != 0
    }

    /// The part of `range` between its outer spaces and tabs.
    package static func trim(_ octets: RawSpan, _ range: Range<Int>) -> Range<Int> {
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper && isBlank(octets[octet: lower]) { lower += 1 }
        while upper > lower && isBlank(octets[octet: upper - 1]) { upper -= 1 }
        return lower..<upper
    }

    /// The next element of a comma-separated list that is not empty (RFC 9110 §5.6.1).
    ///
    /// For lists of tokens: a comma inside quotes ends an element too.
    /// - Parameter offset: Where to go on; moved behind the element.
    package static func nextElement(of list: RawSpan, from offset: inout Int) -> Range<Int>? {
        while offset < list.byteCount {
            let end = list.firstIndex(of: 0x2C, from: offset) ?? list.byteCount
            let element = trim(list, offset..<end)
            offset = end + 1
            if !element.isEmpty { return element }
        }
        return nil
    }

    /// Whether the comma-separated `list` has the element `lowercase`, compared without case.
    package static func list(_ list: RawSpan, contains lowercase: StaticString) -> Bool {
        var offset = 0
        while let element = nextElement(of: list, from: &offset) {
            if list.extracting(element).equalsIgnoringCase(lowercase) { return true }
        }
        return false
    }
}
