// BinaryReader — what MessagePack and CBOR share: every value is a head, and what the head counts.
//
// Only reading a head and, in CBOR, items without an announced size differ. The rest is here once,
// internal and generic, and each reader calls it from functions of its own, where the compiler
// makes a version for it.

import Bytes

/// The first octets of a value: what it is and how much follows.
internal struct Head {
    var kind: ItemKind
    /// CBOR's indefinite length: chunks or items follow until a break.
    var isOpen = false
    /// Octets of a string, items of an array, members of a map; 0 for everything else. Never more
    /// than the octets that follow can hold.
    var count = 0
    /// Where the head begins, behind CBOR's tags.
    var start: Int
}

/// A head of one octet.
internal enum ShortHead {
    case integer
    /// A string of as many octets.
    case string(Int)
    /// Anything else, or nothing at all.
    case other
}

internal protocol BinaryReader: ItemReader, ~Escapable {
    var position: Int { get set }
    /// Containers entered and not left yet.
    var depth: Int { get set }

    /// Reads the head at `position` and moves behind it; behind the whole value if that is a
    /// number or one of the simple values.
    mutating func head() throws(CodecError) -> Head

    /// What begins at `position`, if one octet tells it all; most items of most messages are such.
    func shortHead() -> ShortHead

    /// Moves past a break if one is here.
    mutating func takeBreak() -> Bool

    /// Skips the chunks of a string without an announced size, and its break.
    mutating func skipChunks(of kind: ItemKind) throws(CodecError)
}

extension BinaryReader where Self: ~Escapable {
    @inline(__always)
    internal mutating func begin(_ kind: ItemKind) throws(CodecError) -> Container {
        let start = position
        let head = try self.head()
        guard head.kind == kind else { throw .unexpectedKind(at: start) }
        guard depth < CodecError.depthLimit else { throw .tooDeep }
        depth &+= 1
        return Container(isMap: kind == .map, announcedCount: head.isOpen ? nil : head.count)
    }

    /// Whether the container has another item or member; leaves it otherwise.
    @inline(__always)
    internal mutating func advance(_ container: inout Container) throws(CodecError) -> Bool {
        if container.announcedCount != nil {
            if container.count > 0 {
                container.count &-= 1
                return true
            }
        } else if !takeBreak() {
            container.count &+= 1
            return true
        }
        depth &-= 1
        return false
    }

    @inline(__always)
    internal mutating func advanceKey(_ map: inout Container) throws(CodecError) -> Item? {
        guard try advance(&map) else { return nil }
        let start = position
        let head = try self.head()
        guard head.kind == .string else { throw .keyIsNoString(at: start) }
        return try finishString(head, from: start)
    }

    @inline(__always)
    internal mutating func scanItem() throws(CodecError) -> Item {
        let start = position
        let head = try self.head()
        switch head.kind {
        case .string, .octets: return try finishString(head, from: start)
        case .array, .map: try skipContainer(head)
        case .null, .false, .true, .integer, .float: break
        }
        return Item(kind: head.kind, range: start..<position, contents: head.start..<position)
    }

    @inline(__always)
    private mutating func finishString(_ head: Head, from start: Int) throws(CodecError) -> Item {
        let contents = position
        try skipString(head)
        let end = head.isOpen ? position &- 1 : position  // the break is none of the chunks
        return Item(
            kind: head.kind, isPlain: !head.isOpen, range: start..<position,
            contents: contents..<end)
    }

    /// Skips what follows the head of a string, which is text, or of an octet string.
    @inline(__always)
    internal mutating func skipString(_ head: Head) throws(CodecError) {
        guard !head.isOpen else { return try skipChunks(of: head.kind) }
        assert(head.count <= octets.byteCount - position)  // the head was compared with the rest
        let start = position
        position &+= head.count
        guard head.kind == .string else { return }
        guard Text.accepts(octets.extracting(start..<position)) else { throw .notText(at: start) }
    }

    /// Skips the items of the container whose head was just read.
    ///
    /// `left` counts items down, keys and values alike, below zero when none were announced; in a
    /// map an even number is left in front of a key.
    internal mutating func skipContainer(_ head: Head) throws(CodecError) {
        var outside = InlineArray<64, Int>(repeating: 0)  // `left` of the containers around
        var level = depth
        guard level < CodecError.depthLimit else { throw .tooDeep }
        // A bit per container, the innermost lowest.
        var maps: UInt64 = head.kind == .map ? 1 : 0
        var opens: UInt64 = head.isOpen ? 1 : 0
        var left = head.kind == .map ? head.count &* 2 : head.count
        while true {
            let hasEnded: Bool
            if opens & 1 == 0 {
                hasEnded = left == 0
            } else {
                // A break between a key and its value is no break but a value that begins wrongly.
                hasEnded = (maps & left.asBits) & 1 == 0 && takeBreak()
            }
            if hasEnded {
                if level == depth { return }
                level &-= 1
                left = outside[level]
                maps >>= 1
                opens >>= 1
                continue
            }
            let isKey = maps & ~left.asBits & 1 == 1
            left &-= 1
            switch shortHead() {
            case .integer where !isKey:
                position &+= 1
                continue
            case .string(let size):
                let start = position &+ 1
                guard size <= octets.byteCount &- start else {
                    throw .malformed(at: octets.byteCount)
                }
                position = start &+ size
                guard Text.accepts(octets.extracting(start..<position)) else {
                    throw .notText(at: start)
                }
                continue
            default: break
            }
            let head = try self.head()
            if isKey && head.kind != .string { throw .keyIsNoString(at: head.start) }
            switch head.kind {
            case .null, .false, .true, .integer, .float: break
            case .string, .octets: try skipString(head)
            case .array, .map:
                guard level < CodecError.depthLimit - 1 else { throw .tooDeep }
                outside[level] = left
                level &+= 1
                maps = maps << 1 | (head.kind == .map ? 1 : 0)
                opens = opens << 1 | (head.isOpen ? 1 : 0)
                left = head.kind == .map ? head.count &* 2 : head.count
            }
        }
    }

    /// Makes sure that nothing follows.
    @inline(__always)
    internal mutating func finish() throws(CodecError) {
        guard position == octets.byteCount else { throw .malformed(at: position) }
    }

    /// Moves past `size` octets and reads them as a number, most significant octet first.
    @inline(__always)
    internal mutating func take(_ size: Int) throws(CodecError) -> UInt64 {
        guard size <= octets.byteCount &- position else {
            throw .malformed(at: octets.byteCount)
        }
        let value = octets.number(at: position, size: size)
        position &+= size
        return value
    }

    /// A size or count as it may be used: at most what the rest holds, `itemSize` octets each.
    @inline(__always)
    internal func counted(_ count: UInt64, itemSize: Int = 1) throws(CodecError) -> Int {
        let rest = UInt64(truncatingIfNeeded: octets.byteCount &- position)
        guard count <= rest / UInt64(truncatingIfNeeded: itemSize) else {
            throw .malformed(at: octets.byteCount)
        }
        return Int(truncatingIfNeeded: count)
    }
}

extension Int {
    @inline(__always)
    fileprivate var asBits: UInt64 { UInt64(truncatingIfNeeded: self) }
}

extension RawSpan {
    /// The number in the 1, 2, 4 or 8 octets at `offset`, most significant octet first.
    @inline(__always)
    internal func number(at offset: Int, size: Int) -> UInt64 {
        switch size {
        case 1: UInt64(self[octet: offset])
        case 2:
            unsafe UInt64(unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self).bigEndian)
        case 4:
            unsafe UInt64(unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self).bigEndian)
        default: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).bigEndian
        }
    }
}

/// The check of a string that announced its size.
internal enum Text {
    /// Whether `octets` are UTF-8. Most strings are short and ASCII: those are settled here, eight
    /// octets at a time, the last eight overlapping.
    @inline(__always)
    static func accepts(_ octets: RawSpan) -> Bool {
        let size = octets.byteCount
        if size >= 8 && size <= 64 {
            var bits = unsafe octets.unsafeLoadUnaligned(
                fromByteOffset: size &- 8, as: UInt64.self)
            var index = 0
            while index < size &- 8 {
                bits |= unsafe octets.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
                index &+= 8
            }
            if bits & 0x8080_8080_8080_8080 == 0 { return true }
        } else if size >= 4 && size < 8 {
            let bits =
                unsafe octets.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self)
                | octets.unsafeLoadUnaligned(fromByteOffset: size &- 4, as: UInt32.self)
            if bits & 0x8080_8080 == 0 { return true }
        } else if size < 4 {
            guard size > 0 else { return true }
            let bits = octets[octet: 0] | octets[octet: size &>> 1] | octets[octet: size &- 1]
            if bits < 0x80 { return true }
        }
        return UTF8Checker.accepts(octets)
    }
}
