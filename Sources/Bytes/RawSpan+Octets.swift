// Octet reads — what every parser does with a borrowed run of octets.
//
// All of them are bounded: an index outside the span stops the process, so parsers compare first.

extension RawSpan {
    /// The octet at `offset`.
    @inlinable
    package subscript(octet offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: checked(offset), as: UInt8.self)
    }

    /// The unsigned number in the `size` octets at `offset`, most significant octet first.
    @inlinable
    package func bigEndian(at offset: Int, size: Int) -> UInt64 {
        precondition(size >= 1 && size <= 8)
        var value: UInt64 = 0
        for index in 0..<size { value = value << 8 | UInt64(self[octet: offset + index]) }
        return value
    }

    /// The place of the first `octet` at or after `start`, found eight octets at a time.
    @inlinable
    package func firstIndex(of octet: UInt8, from start: Int = 0) -> Int? {
        precondition(start >= 0)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let lastWord = byteCount &- 8
        var index = start
        while index <= lastWord {
            let word = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            let others = UInt64(littleEndian: word) ^ (ones &* UInt64(octet))
            let marks = (others &- ones) & ~others & (ones &* 0x80)
            // The lowest mark is exact; only marks above a true one may be false.
            if marks != 0 { return index &+ marks.trailingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < byteCount {
            if self[octet: index] == octet { return index }
            index += 1
        }
        return nil
    }

    /// Whether both runs hold the same octets.
    @inlinable
    package func equals(_ other: RawSpan) -> Bool {
        byteCount == other.byteCount && goesOn(as: other, at: 0)
    }

    /// Whether the run is the ASCII text of `text`. Inlined, since with a literal what is left are
    /// the size and one or two words, all of them constants.
    @inlinable
    @inline(__always)
    package func equals(_ text: StaticString) -> Bool {
        byteCount == text.utf8CodeUnitCount && holds(text, at: 0)
    }

    /// Whether the ASCII text of `text` stands at `offset`; not if the run ends before it does.
    @inlinable
    @inline(__always)
    package func holds(_ text: StaticString, at offset: Int) -> Bool {
        let wanted = unsafe RawSpan(
            _unsafeStart: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        guard offset >= 0, offset <= byteCount &- wanted.byteCount else { return false }
        return goesOn(as: wanted, at: offset)
    }

    /// Whether the octets of `other` stand at `offset`; the run must reach so far.
    ///
    /// Names are short and compared all the time, so eight octets are compared at once, or four;
    /// the last word overlaps the one before instead of leaving a rest.
    @inlinable
    @inline(__always)
    internal func goesOn(as other: RawSpan, at offset: Int) -> Bool {
        let size = other.byteCount
        if size >= 8 {
            let last = size &- 8
            var index = 0
            while index < last {
                guard isSame(other, at: index, offset, as: UInt64.self) else { return false }
                index &+= 8
            }
            return isSame(other, at: last, offset, as: UInt64.self)
        }
        if size >= 4 {
            return isSame(other, at: 0, offset, as: UInt32.self)
                && isSame(other, at: size &- 4, offset, as: UInt32.self)
        }
        for index in 0..<size {
            guard isSame(other, at: index, offset, as: UInt8.self) else { return false }
        }
        return true
    }

    /// Whether the word of `other` at `index` is the one `offset` octets further here; both runs
    /// must reach so far.
    @inlinable
    @inline(__always)
    internal func isSame<Word: FixedWidthInteger & BitwiseCopyable>(
        _ other: RawSpan, at index: Int, _ offset: Int, as word: Word.Type
    ) -> Bool {
        assert(index >= 0 && index <= other.byteCount - MemoryLayout<Word>.size)
        assert(offset >= 0 && offset + index <= byteCount - MemoryLayout<Word>.size)
        return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ index, as: word)
            == other.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: word)
    }

    /// Whether the run is `lowercase`, ASCII letters compared without case. Inlined like `equals`.
    ///
    /// - Parameter lowercase: Small letters, digits and marks that are no braces.
    @inlinable
    @inline(__always)
    package func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
        let size = byteCount
        guard size == lowercase.utf8CodeUnitCount else { return false }
        let wanted = unsafe RawSpan(_unsafeStart: lowercase.utf8Start, byteCount: size)
        // The last word overlaps the one before instead of leaving a rest.
        if size >= 8 {
            let last = size &- 8
            var index = 0
            while index < last {
                guard agrees(with: wanted, at: index, as: UInt64.self) else { return false }
                index &+= 8
            }
            return agrees(with: wanted, at: last, as: UInt64.self)
        }
        if size >= 4 {
            return agrees(with: wanted, at: 0, as: UInt32.self)
                && agrees(with: wanted, at: size &- 4, as: UInt32.self)
        }
        for index in 0..<size {
            guard agrees(with: wanted, at: index, as: UInt8.self) else { return false }
        }
        return true
    }

    /// Whether the words at `offset` are the same but for capitals; both runs must reach so far.
    @inlinable
    @inline(__always)
    internal func agrees<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        with lowercase: RawSpan, at offset: Int, as type: Word.Type
    ) -> Bool {
        assert(offset >= 0 && offset <= byteCount - MemoryLayout<Word>.size)
        let word = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: type)
        let wanted = unsafe lowercase.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset, as: type)
        // 0x20 where a small letter is wanted: it makes its capital the same.
        let small = Word.max / 0xFF &* 0x20
        return word | wanted &>> 1 & wanted & small == wanted
    }

    /// A copy of the octets.
    @inlinable
    package var array: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }

    /// The octets as text; sequences that are not UTF-8 become U+FFFD.
    @inlinable
    package var text: String {
        unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    @inlinable
    internal func checked(_ offset: Int) -> Int {
        precondition(offset >= 0 && offset < byteCount)
        return offset
    }
}
