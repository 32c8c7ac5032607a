// TagGroups — which places of an array are taken, and under which hash, at an octet per place.
//
// A group is one word: the tags of seven places, an octet each, 0 where a place is free, and an
// octet with a mark for each. A hash belongs to two groups: it takes a place in the first, or in
// the second once the first is nearly full and the second has more; so three fifths of all places
// are taken before somebody finds none. Nothing else is stored and nobody is elsewhere. For a
// million records these words are 1.4 MB, which stay in the cache when the records do not; with a
// table of hashes and places, 16 MB, a lookup waited for memory before it knew what to wait for.
//
// It holds no keys; the caller, who owns the array, compares the real one when tags agree.

/// Hash → place, for an array whose elements lie where this says.
struct TagGroups: ~Copyable {
    static let placesPerGroup = 7

    private var words: Slab<UInt64>
    /// Places taken.
    private(set) var count = 0

    init(groupCount: Int) {
        precondition(groupCount >= 1 && groupCount <= UInt32.max)
        words = Slab(repeating: 0, count: groupCount)
    }

    var groupCount: Int { words.count }

    /// Places, free ones included.
    var capacity: Int { words.count * Self.placesPerGroup }

    /// The place taken under `hash` for which `isMatch` holds.
    ///
    /// - Complexity: O(1); of the places of others `isMatch` sees one in 255.
    @inline(__always)
    func find(_ hash: UInt64, where isMatch: (Int) -> Bool) -> Int? {
        let wanted = Self.tag(of: hash) &* 0x0101_0101_0101_0101
        let first = first(of: hash)
        var hits = Self.zeros(in: words[first] ^ wanted)
        while hits != 0 {
            let place = first &* Self.placesPerGroup &+ Self.lane(hits)
            if isMatch(place) { return place }
            hits &= hits &- 1
        }
        let second = second(of: hash)
        hits = Self.zeros(in: words[second] ^ wanted)
        while hits != 0 {
            let place = second &* Self.placesPerGroup &+ Self.lane(hits)
            if isMatch(place) { return place }
            hits &= hits &- 1
        }
        return nil
    }

    /// Takes a free place for `hash`, if there is one for it.
    mutating func take(_ hash: UInt64) -> Int? {
        var group = first(of: hash)
        var lanes = Self.zeros(in: words[group])
        if lanes.nonzeroBitCount < 3 {
            let second = second(of: hash)
            let others = Self.zeros(in: words[second])
            if others.nonzeroBitCount > lanes.nonzeroBitCount { (group, lanes) = (second, others) }
        }
        if lanes == 0 { return nil }
        let lane = Self.lane(lanes)
        words[group] |= Self.tag(of: hash) << UInt64(lane * 8)
        count += 1
        return group * Self.placesPerGroup + lane
    }

    /// Frees a place.
    mutating func free(_ place: Int) {
        precondition(isTaken(place), "a place was freed twice")
        let (group, lane) = Self.parts(of: place)
        words[group] &= ~(0xFF << UInt64(lane * 8) | Self.mark(lane))
        count -= 1
    }

    /// Frees a place so that `hash` finds one: of its first group, which must be full, the first
    /// that is not marked, beginning anywhere. Marks passed over are taken away.
    mutating func makeWay(for hash: UInt64) -> Int {
        let group = first(of: hash)
        var lane = Int(((hash >> 16 & 0xFF) * 7) >> 8)
        while words[group] & Self.mark(lane) != 0 {
            words[group] &= ~Self.mark(lane)
            lane = lane + 1 < Self.placesPerGroup ? lane + 1 : 0
        }
        let place = group * Self.placesPerGroup + lane
        free(place)
        return place
    }

    func isTaken(_ place: Int) -> Bool {
        let (group, lane) = Self.parts(of: place)
        return words[group] >> UInt64(lane * 8) & 0xFF != 0
    }

    /// Marks a taken place, until it is freed or passed over.
    @inline(__always)
    mutating func mark(_ place: Int) {
        let (group, lane) = Self.parts(of: place)
        if words[group] & Self.mark(lane) == 0 { words[group] |= Self.mark(lane) }
    }

    func isMarked(_ place: Int) -> Bool {
        let (group, lane) = Self.parts(of: place)
        return words[group] & Self.mark(lane) != 0
    }

    mutating func unmark(_ place: Int) {
        let (group, lane) = Self.parts(of: place)
        words[group] &= ~Self.mark(lane)
    }

    // MARK: Inside a hash and inside a word

    @inline(__always)
    private func first(of hash: UInt64) -> Int { group(hash >> 32) }

    @inline(__always)
    private func second(of hash: UInt64) -> Int { group(hash & 0xFFFF_FFFF) }

    /// The group that is as far into all groups as `bits` into 32 bits.
    @inline(__always)
    private func group(_ bits: UInt64) -> Int {
        Int(truncatingIfNeeded: (bits &* UInt64(truncatingIfNeeded: words.count)) >> 32)
    }

    /// 1 to 255, of the bits that say least about the groups.
    @inline(__always)
    private static func tag(of hash: UInt64) -> UInt64 { ((hash & 0xFFFF) &* 255) >> 16 &+ 1 }

    @inline(__always)
    private static func parts(of place: Int) -> (group: Int, lane: Int) {
        let (group, lane) = UInt(bitPattern: place).quotientAndRemainder(
            dividingBy: UInt(placesPerGroup))
        return (Int(bitPattern: group), Int(bitPattern: lane))
    }

    @inline(__always)
    private static func mark(_ lane: Int) -> UInt64 {
        1 &<< UInt64(truncatingIfNeeded: 56 &+ lane)
    }

    @inline(__always)
    private static func lane(_ bits: UInt64) -> Int { bits.trailingZeroBitCount &>> 3 }

    /// The highest bit of each of the seven octets that is 0. Exact: the shorter formula also names
    /// a neighbour now and then, and what lies at a free place may look right.
    @inline(__always)
    private static func zeros(in word: UInt64) -> UInt64 {
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        return ~(((word & low) &+ low) | word | low) & 0x00FF_FFFF_FFFF_FFFF
    }

    /// Checks that all can be found; `hash` tells what a place was taken under.
    func checkInvariants(hash: (Int) -> UInt64) {
        var taken = 0
        for place in 0..<capacity {
            let (group, lane) = Self.parts(of: place)
            guard isTaken(place) else {
                precondition(words[group] & Self.mark(lane) == 0)
                continue
            }
            taken += 1
            precondition(find(hash(place)) { $0 == place } == place)
        }
        precondition(taken == count)
    }
}
