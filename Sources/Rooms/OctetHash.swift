// OctetHash — one 64-bit hash for names, keyed once per process.
//
// Names come from the network, so whoever chooses them must not be able to choose where they land
// in a table: the keys are random and never leave the process. All cores share them, because the
// interest summary compares hashes made on different cores. Equal hashes are only ever a hint;
// every table compares the names themselves.

internal import Bytes

/// The keyed hash: fold-by-multiplication over words of eight octets.
enum OctetHash {
    /// What keeps hashes made for different purposes apart.
    enum Purpose: UInt64 {
        case exact = 1
        case globParent
        case glob
        case prefix
        case wildcard
        case posting
        case remembered
    }

    /// Drawn from the seed of the process's own `Hasher`, which is random too, unless the
    /// environment asks for the same in every run (`SWIFT_DETERMINISTIC_HASHING`), as whoever
    /// counts instructions does.
    private static let keys: (UInt64, UInt64, UInt64) = {
        func key(_ number: Int) -> UInt64 {
            var hasher = Hasher()
            hasher.combine(number)
            // Odd factors keep the lowest bit of the other one alive.
            return UInt64(bitPattern: Int64(hasher.finalize())) | 1
        }
        return (key(1), key(2), key(3))
    }()

    /// The hash of a room without segments, where every chain begins.
    static var start: UInt64 { keys.2 }

    /// The hash of `octets`, wherever in a name they stand.
    static func hash(_ octets: RawSpan) -> UInt64 {
        let keys = keys
        let size = octets.byteCount
        var hash = keys.0
        var offset = 0
        while size &- offset > 8 {
            hash = folded(hash ^ word(octets, at: offset), keys.1)
            offset &+= 8
        }
        // The size is in the factor, where it meets a key: no two sizes can be chosen to collide.
        let factor = keys.2 ^ UInt64(truncatingIfNeeded: size) << 1
        return folded(hash ^ lastWord(octets, from: offset), factor)
    }

    /// The last 0 to 8 octets; where they are fewer than 8, some of them twice.
    @inline(__always)
    private static func lastWord(_ octets: RawSpan, from offset: Int) -> UInt64 {
        let end = octets.byteCount
        let size = end &- offset
        if size == 8 { return word(octets, at: offset) }
        if size >= 4 {
            let low = unsafe octets.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt32.self)
            let high = unsafe octets.unsafeLoadUnaligned(
                fromUncheckedByteOffset: end &- 4, as: UInt32.self)
            return UInt64(high) << 32 | UInt64(low)
        }
        if size == 0 { return 0 }
        return UInt64(octets[octet: offset]) | UInt64(octets[octet: offset &+ size / 2]) << 8
            | UInt64(octets[octet: end &- 1]) << 16
    }

    @inline(__always)
    private static func word(_ octets: RawSpan, at offset: Int) -> UInt64 {
        assert(offset >= 0 && offset <= octets.byteCount - 8)
        return unsafe octets.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset, as: UInt64.self)
    }

    /// The hash of a name whose first part has `hash` and whose next segment has `segmentHash`.
    static func appending(_ segmentHash: UInt64, to hash: UInt64) -> UInt64 {
        // The rotation makes the order count: (a, b) and (b, a) differ.
        folded((hash << 23 | hash >> 41) ^ segmentHash, keys.1)
    }

    /// What stands for "any one segment" in the hash of a wildcard shape.
    static var anySegment: UInt64 { keys.0 }

    /// `hash` for use in one kind of table and one realm.
    static func hash(_ hash: UInt64, for purpose: Purpose, in realm: Realm) -> UInt64 {
        folded(hash ^ (purpose.rawValue << 32 | UInt64(realm.rawValue) << 8), keys.0)
    }

    private static func folded(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let product = first.multipliedFullWidth(by: second)
        return product.high ^ product.low
    }
}
