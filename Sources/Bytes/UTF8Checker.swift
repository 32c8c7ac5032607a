// UTF8Checker — is this text, and if not, where does it stop being text?
//
// Octets may come in pieces of any size. A few octets of state carry an unfinished sequence from
// one piece to the next: how many continuation octets are due, and the range the next one must lie
// in. The narrowed ranges after E0, ED, F0 and F4 (RFC 3629 §4) are what refuses overlong forms,
// surrogates and numbers above U+10FFFF at the first octet that cannot belong to a valid sequence.

/// An incremental check that octets are UTF-8.
@frozen
@usableFromInline
package struct UTF8Checker: Equatable, Sendable {
    /// Continuation octets the open sequence still needs, 0 to 3.
    @usableFromInline internal var due: UInt8
    /// The smallest and the largest acceptable next octet while `due` is not 0.
    @usableFromInline internal var lowest: UInt8
    @usableFromInline internal var highest: UInt8

    @inlinable
    package init() {
        due = 0
        lowest = 0x80
        highest = 0xBF
    }

    /// Whether the octets so far end between two characters, as a whole text must.
    @inlinable
    package var isComplete: Bool { due == 0 }

    /// Takes the next piece.
    ///
    /// - Returns: The place in `octets` of the first octet that cannot follow what came before,
    ///   or `nil` if there is none. After a refusal the checker must be made anew.
    /// - Complexity: O(octets), no allocation; ASCII passes 32 octets at a time.
    package mutating func firstBad(in octets: UnsafeRawBufferPointer) -> Int? {
        guard let base = octets.baseAddress else { return nil }
        let size = octets.count
        var index = 0
        while due > 0 {
            guard index < size else { return nil }
            guard take(unsafe base.load(fromByteOffset: index, as: UInt8.self)) else {
                return index
            }
            index &+= 1
        }
        while index < size {
            unsafe Self.skipASCII(base, size, &index)
            // Runs of other letters stay here, so that they do not pay for the ASCII test.
            while index < size {
                let lead = unsafe base.load(fromByteOffset: index, as: UInt8.self)
                if lead < 0x80 { break }
                let length = unsafe Self.wholeSequence(base + index, lead, room: size &- index)
                if length > 0 {
                    index &+= length
                    continue
                }
                // Cut off or wrong: the slow way finds out which, and where.
                guard begin(lead) else { return index }
                index &+= 1
                while due > 0 {
                    guard index < size else { return nil }
                    guard take(unsafe base.load(fromByteOffset: index, as: UInt8.self)) else {
                        return index
                    }
                    index &+= 1
                }
            }
        }
        return nil
    }

    /// Takes the next piece; see the other form.
    package mutating func firstBad(in octets: RawSpan) -> Int? {
        unsafe octets.withUnsafeBytes { unsafe firstBad(in: $0) }
    }

    /// Whether `octets` alone are a whole text.
    package static func accepts(_ octets: RawSpan) -> Bool {
        var checker = UTF8Checker()
        return checker.firstBad(in: octets) == nil && checker.isComplete
    }

    /// Moves `index` to the next octet above 0x7F, or to the end.
    @inline(__always)
    private static func skipASCII(_ base: UnsafeRawPointer, _ size: Int, _ index: inout Int) {
        let high = 0x8080_8080_8080_8080 as UInt64
        while size &- index >= 8 {
            let marks = unsafe word(base, index).littleEndian & high
            guard marks == 0 else {
                index &+= marks.trailingZeroBitCount >> 3
                return
            }
            index &+= 8
            // Four words and one question; as lanes they are put together by twice as much.
            while size &- index >= 32 {
                let both = unsafe word(base, index) | word(base, index &+ 8)
                let others = unsafe word(base, index &+ 16) | word(base, index &+ 24)
                if (both | others) & high != 0 { break }
                index &+= 32
            }
        }
        while index < size, unsafe base.load(fromByteOffset: index, as: UInt8.self) < 0x80 {
            index &+= 1
        }
    }

    @inline(__always)
    private static func word(_ base: UnsafeRawPointer, _ index: Int) -> UInt64 {
        unsafe base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
    }

    /// The length of the valid sequence at `place`, or 0 if it is cut off or not valid.
    @inline(__always)
    private static func wholeSequence(
        _ place: UnsafeRawPointer, _ lead: UInt8, room: Int
    ) -> Int {
        if lead < 0xE0 {
            guard lead >= 0xC2, room >= 2 else { return 0 }
            return unsafe isContinuation(place, 1) ? 2 : 0
        }
        if lead < 0xF0 {
            guard room >= 3 else { return 0 }
            let second = unsafe place.load(fromByteOffset: 1, as: UInt8.self)
            guard second >= (lead == 0xE0 ? 0xA0 : 0x80), second <= (lead == 0xED ? 0x9F : 0xBF)
            else { return 0 }
            return unsafe isContinuation(place, 2) ? 3 : 0
        }
        guard lead <= 0xF4, room >= 4 else { return 0 }
        let second = unsafe place.load(fromByteOffset: 1, as: UInt8.self)
        guard second >= (lead == 0xF0 ? 0x90 : 0x80), second <= (lead == 0xF4 ? 0x8F : 0xBF)
        else { return 0 }
        return unsafe isContinuation(place, 2) && isContinuation(place, 3) ? 4 : 0
    }

    @inline(__always)
    private static func isContinuation(_ place: UnsafeRawPointer, _ offset: Int) -> Bool {
        unsafe place.load(fromByteOffset: offset, as: UInt8.self) & 0xC0 == 0x80
    }

    /// Takes the first octet of a sequence of two or more.
    private mutating func begin(_ lead: UInt8) -> Bool {
        lowest = 0x80
        highest = 0xBF
        switch lead {
        case 0xC2...0xDF: due = 1
        case 0xE0:
            due = 2
            lowest = 0xA0
        case 0xED:
            due = 2
            highest = 0x9F
        case 0xE1...0xEF: due = 2
        case 0xF0:
            due = 3
            lowest = 0x90
        case 0xF4:
            due = 3
            highest = 0x8F
        case 0xF1...0xF3: due = 3
        default: return false
        }
        return true
    }

    /// Takes one continuation octet of the open sequence.
    private mutating func take(_ octet: UInt8) -> Bool {
        guard octet >= lowest, octet <= highest else { return false }
        lowest = 0x80
        highest = 0xBF
        due &-= 1
        return true
    }
}
