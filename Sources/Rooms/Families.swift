// Families — which exact rooms and wildcards a covering publication may mean.
//
// A trigger like `customer=*, target=chat` must reach every live room it covers, at a cost that
// depends on those rooms and not on all. All of them begin with one known segment and have one
// length: a family. Whatever comes is linked into its family, which is one probe and a few links.
// Only a family that a covering publication really asks for, and that is too big to be compared
// one by one, gets posting lists (Postings.swift): from then on until it is empty who comes is
// posted at once, and of those who were there before every covering publication posts some and
// compares the rest. Most servers never see such a publication, and nobody else pays for it.
//
// Used twice: for patterns, by the places of their nodes, and for the rooms above globs.

internal import Bytes

/// The members of all families of one kind, by place.
struct Families: ~Copyable {
    struct Family: Poolable {
        var hash: UInt64
        /// Its first member, or the next free family.
        var first: UInt32
        /// Members; 0 while the family is free.
        var count: UInt32
        /// Whether members are on posting lists: those in front of `unposted`.
        var isPosted: Bool
        /// The first member that is on none, nor is any behind it; nothing when all are posted.
        var unposted: UInt32

        var nextFree: UInt32 {
            get { first }
            set { first = newValue }
        }
    }

    struct Link: BitwiseCopyable {
        static let unlinked = Link(previous: none, next: none, family: none, cells: none)

        var previous: UInt32
        var next: UInt32
        /// Nothing while the place is in no family.
        var family: UInt32
        /// The first posting cell.
        var cells: UInt32
    }

    private var table = TagTable()
    private var families = Pool<Family>()
    private var links = Slab<Link>()
    private var postings = Postings()
    /// Members that are compared one by one before posting lists are made.
    private let scanLimit: Int

    init(scanLimit: Int) { self.scanLimit = scanLimit }

    /// Members that one covering publication posts. All that are not posted are compared one by
    /// one, so a share of the family does not multiply the pause of a big one.
    private func postingStep(of family: UInt32) -> Int {
        max(1, scanLimit * 32, Int(families[family].count) / 16)
    }

    /// The name of a family: those with this first segment and length.
    static func hash(first: RawSpan, count: Int, in realm: Realm) -> UInt64 {
        let count = UInt64(truncatingIfNeeded: count)
        return OctetHash.hash(OctetHash.hash(first) ^ count << 56, for: .posting, in: realm)
    }

    /// Adds `place` to the family `hash`. `value` tells the hash of a segment, or `nil` for any.
    mutating func add(_ place: UInt32, to hash: UInt64, count: Int, value: (Int) -> UInt64?) {
        while links.count <= Int(place) { links.append(.unlinked) }
        let family = findOrMake(hash)
        let next = families[family].first
        links[place] = Link(previous: none, next: next, family: family, cells: none)
        if next != none { links[next].previous = place }
        families[family].first = place
        families[family].count += 1
        if families[family].isPosted {
            links[place].cells = postings.add(place, count: count, in: hash, value: value)
        }
    }

    /// Takes `place` out of its family, if it is in one.
    mutating func remove(_ place: UInt32) {
        guard place < links.count else { return }
        let link = links[place]
        guard link.family != none else { return }
        if link.previous != none {
            links[link.previous].next = link.next
        } else {
            families[link.family].first = link.next
        }
        if link.next != none { links[link.next].previous = link.previous }
        if families[link.family].unposted == place { families[link.family].unposted = link.next }
        if link.cells != none { postings.remove(link.cells) }
        links[place] = .unlinked
        families[link.family].count -= 1
        guard families[link.family].count == 0 else { return }
        table.remove(TagTable.tag(families[link.family].hash), Int(link.family))
        families.free(link.family)
    }

    /// Appends every place that may be covered, each once, and some that are not.
    ///
    /// - Parameter value: The hash of a segment of a place, or `nil` for any.
    /// - Complexity: O(places that have the rarest of the given values), once all are posted; until
    ///   then O(places that are not).
    mutating func candidates(
        for pattern: [[UInt8]?], in realm: Realm, into places: inout [UInt32],
        value: (_ place: UInt32, _ position: Int) -> UInt64?
    ) {
        guard pattern.count <= Room.segmentLimit, case let first?? = pattern.first else { return }
        let hash = Self.hash(first: first.raw, count: pattern.count, in: realm)
        guard let family = find(hash).map({ UInt32($0) }) else { return }
        // Everybody has the first segment, so nothing else asked means everybody.
        guard pattern.dropFirst().contains(where: { $0 != nil }) else {
            return append(from: families[family].first, to: &places)
        }
        if !families[family].isPosted {
            if families[family].count <= scanLimit {
                return append(from: families[family].first, to: &places)
            }
            families[family].isPosted = true
            families[family].unposted = families[family].first
        }
        post(postingStep(of: family), of: family, count: pattern.count, value: value)
        postings.forEachCandidate(for: pattern, in: hash) { places.append($0) }
        append(from: families[family].unposted, to: &places)
    }

    private func append(from first: UInt32, to places: inout [UInt32]) {
        var place = first
        while place != none {
            places.append(place)
            place = links[place].next
        }
    }

    /// Posts the next `limit` members that are not.
    private mutating func post(
        _ limit: Int, of family: UInt32, count: Int,
        value: (_ place: UInt32, _ position: Int) -> UInt64?
    ) {
        var place = families[family].unposted
        var rest = limit
        while place != none, rest > 0 {
            links[place].cells = postings.add(place, count: count, in: families[family].hash) {
                value(place, $0)
            }
            place = links[place].next
            rest -= 1
        }
        families[family].unposted = place
    }

    private func find(_ hash: UInt64) -> Int? {
        // Two families with one 64-bit hash would be one; whoever is in it is compared anyway.
        table.find(TagTable.tag(hash)) { families[$0].hash == hash }
    }

    private mutating func findOrMake(_ hash: UInt64) -> UInt32 {
        if let family = find(hash) { return UInt32(family) }
        let family = Family(
            hash: hash, first: none, count: 0, isPosted: false, unposted: none)
        let place = families.store(family)
        table.insert(TagTable.tag(hash), Int(place))
        return place
    }

    /// Checks all links; `hash` tells the family that a place must be in.
    func checkInvariants(hash: (UInt32) -> UInt64?) {
        table.checkInvariants()
        var linkedCount = 0
        table.forEach { _, family in
            var place = families[family].first
            var previous = none
            var count: UInt32 = 0
            var isPosted = families[family].isPosted
            while place != none {
                let link = links[place]
                precondition(link.family == UInt32(family) && link.previous == previous)
                precondition(hash(place) == families[family].hash)
                if place == families[family].unposted { isPosted = false }
                // A member of one segment has no cells.
                precondition(isPosted || link.cells == none)
                previous = place
                place = link.next
                count += 1
            }
            precondition(count == families[family].count && count > 0)
            precondition(families[family].unposted == none || !isPosted)
            linkedCount += Int(count)
        }
        precondition(linkedCount == (0..<links.count).count { links[$0].family != none })
        postings.checkInvariants { links[$0].cells != none }
    }
}
