// Families — which exact rooms and wildcards a covering publication may mean.
//
// A trigger like `customer=*, target=chat` must reach every live room it covers, at a cost that
// depends on those rooms and not on all. All of them begin with one known segment and have one
// length: a family. Whatever comes is linked into its family, which is one probe and a few links.
// Only a family that a covering publication really asks for, and that is too big to be compared one
// by one, gets posting lists (Postings.swift); from then on until it is empty its members are posted
// as they come. Most servers never see such a publication, and nobody else pays for it.
//
// Used twice: for patterns, by the places of their nodes, and for the rooms above globs.

internal import Bytes

/// The members of all families of one kind, by place.
struct Families: ~Copyable {
    struct Family: BitwiseCopyable {
        var hash: UInt64
        /// Its first member, or the next free family.
        var first: UInt32
        /// Members; 0 while the family is free.
        var count: UInt32
        /// Whether all members are on posting lists.
        var isPosted: Bool
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
    private var families = Slab<Family>()
    private var freeFamily = none
    private var links = Slab<Link>()
    private var postings = Postings()
    /// Members that are compared one by one before posting lists are made.
    private let scanLimit: Int

    init(scanLimit: Int) { self.scanLimit = scanLimit }

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
        if link.cells != none { postings.remove(link.cells) }
        links[place] = .unlinked
        families[link.family].count -= 1
        guard families[link.family].count == 0 else { return }
        table.remove(TagTable.tag(families[link.family].hash), Int(link.family))
        families[link.family].first = freeFamily
        freeFamily = link.family
    }

    /// Appends every place that may be covered, each once, and some that are not.
    ///
    /// - Parameter value: The hash of a segment of a place, or `nil` for any.
    /// - Complexity: O(places that have the rarest of the given values). Once per family, when it is
    ///   asked for and big, O(its members).
    mutating func candidates(
        for pattern: [[UInt8]?], in realm: Realm, into places: inout [UInt32],
        value: (_ place: UInt32, _ position: Int) -> UInt64?
    ) {
        guard pattern.count <= Room.segmentLimit, case let first?? = pattern.first else { return }
        let hash = Self.hash(first: first.raw, count: pattern.count, in: realm)
        guard let family = find(hash) else { return }
        if !families[family].isPosted, families[family].count > scanLimit {
            families[family].isPosted = true
            var place = families[family].first
            while place != none {
                links[place].cells = postings.add(place, count: pattern.count, in: hash) {
                    value(place, $0)
                }
                place = links[place].next
            }
        }
        if families[family].isPosted {
            postings.forEachCandidate(for: pattern, in: hash) { places.append($0) }
            return
        }
        var place = families[family].first
        while place != none {
            places.append(place)
            place = links[place].next
        }
    }

    private func find(_ hash: UInt64) -> Int? {
        // Two families with one 64-bit hash would be one; whoever is in it is compared anyway.
        table.find(TagTable.tag(hash)) { families[$0].hash == hash }
    }

    private mutating func findOrMake(_ hash: UInt64) -> UInt32 {
        if let family = find(hash) { return UInt32(family) }
        let family = Family(hash: hash, first: none, count: 0, isPosted: false)
        let place: UInt32
        if freeFamily != none {
            place = freeFamily
            freeFamily = families[place].first
            families[place] = family
        } else {
            place = families.append(family)
        }
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
            while place != none {
                let link = links[place]
                precondition(link.family == UInt32(family) && link.previous == previous)
                precondition(hash(place) == families[family].hash)
                precondition((link.cells != none) == families[family].isPosted)
                previous = place
                place = link.next
                count += 1
            }
            precondition(count == families[family].count && count > 0)
            linkedCount += Int(count)
        }
        precondition(linkedCount == (0..<links.count).count { links[$0].family != none })
        postings.checkInvariants { links[$0].cells != none }
    }
}
