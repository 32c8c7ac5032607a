// RoomIndex+Match — from a room to the member lists a publication reaches.
//
// Remembered rooms cost one hash probe and four loads. The others are looked up by what each kind
// of pattern is keyed by:
//
//     exact     one probe
//     glob      two probes (the room above, the room itself), then each compiled glob there
//     wildcard  one probe per shape that exists for this number of segments
//     prefix    one probe per prefix size that exists in the realm

internal import Bytes

/// What the lookups write into, kept so that they stop allocating.
struct MatchScratch: ~Copyable {
    var nodes: [UInt32] = []
    var lists: [MemberListID] = []
    var dotted = OctetBuffer(capacity: Room.sizeLimit + 1)
    var covered = CoveredLists()
}

/// The result of the last covering publish.
///
/// Safety: `base` points to `capacity` list names allocated here and freed in `deinit`, the first
/// `count` initialized; views of it end with the next covering publish.
@safe
struct CoveredLists: ~Copyable {
    private var base = UnsafeMutablePointer<MemberListID>.allocate(capacity: 16)
    private var capacity = 16
    private var count = 0

    init() {}

    deinit { unsafe base.deallocate() }

    var view: MatchedLists { unsafe MatchedLists(base: UnsafePointer(base), count: count) }

    mutating func replace(with lists: [MemberListID]) {
        if lists.count > capacity {
            unsafe base.deallocate()
            capacity = lists.count * 2
            unsafe base = .allocate(capacity: capacity)
        }
        for index in lists.indices { unsafe (base + index).initialize(to: lists[index]) }
        count = lists.count
    }
}

extension RoomIndex {
    /// The member lists that a publication to `room` reaches, each once.
    ///
    /// - Returns: A view that is valid until the index is next called mutably.
    /// - Complexity: O(1) while the room is remembered and no pattern that could matter has come
    ///   or gone; otherwise as above, independent of the number of subscribers.
    package mutating func match(_ room: borrowing Room, in realm: Realm) -> MatchedLists {
        let tag = RememberedRooms.tag(of: room, in: realm)
        let stamp = epochs.stamp(of: room, in: realm)
        let place = remembered.find(room, in: realm, tag)
        if let place, let lists = remembered.lists(at: place, ifStill: stamp) { return lists }
        scratch.nodes.removeAll(keepingCapacity: true)
        scratch.lists.removeAll(keepingCapacity: true)
        collectNodes(matching: room, in: realm)
        if scratch.nodes.count > limits.nodesPerMatch {
            cutMatchCount &+= 1
            scratch.nodes.removeSubrange(limits.nodesPerMatch...)
        }
        collectLists()
        return remembered.remember(
            copy room, in: realm, tag: tag, at: place, stamp: stamp, lists: scratch.lists)
    }

    /// The member lists that a publication to all rooms of `coverage` reaches, each once: those of
    /// exact rooms that it covers (as many segments, each equal unless `nil`), those of wildcards
    /// that share a room with it, those of globs whose parent is covered and that match the last
    /// segment of `room`, or the empty text where there is none left for them, and those of prefixes
    /// that match `room`, which stands for all of them. The first component names the family of rooms; if it is `nil`, or the index
    /// does not answer covering publishes, only `room` counts.
    ///
    /// - Returns: A view that is valid until the index is next called mutably.
    /// - Complexity: O(rooms and wildcards that have the rarest of the given values), and a match of
    ///   `room`.
    package mutating func match(
        covering coverage: [[UInt8]?], _ room: borrowing Room, in realm: Realm
    ) -> MatchedLists {
        scratch.nodes.removeAll(keepingCapacity: true)
        scratch.lists.removeAll(keepingCapacity: true)
        collectNodes(matching: room, in: realm)
        let isPosted = limits.answersCoveringPublishes && coverage.first.flatMap { $0 } != nil
        if isPosted {
            // These are among the candidates below.
            scratch.nodes.removeAll { nodes[Int($0)].pattern?.isFoundByValues == true }
            postings.forEachCandidate(for: coverage, in: realm) { node in
                guard nodes[Int(node)].realm == realm,
                    nodes[Int(node)].pattern?.shares(with: coverage) == true
                else { return }
                scratch.nodes.append(node)
            }
            collectGlobs(under: coverage, room, in: realm)
        }
        collectLists()
        scratch.covered.replace(with: scratch.lists)
        return scratch.covered.view
    }

    /// Writes the lists of the nodes found into `scratch.lists`.
    private mutating func collectLists() {
        for node in scratch.nodes {
            var list = nodes[Int(node)].firstList
            while list != none {
                scratch.lists.append(MemberListID(rawValue: list))
                list = membership.list(list).next
            }
        }
    }

    private mutating func collectNodes(matching room: borrowing Room, in realm: Realm) {
        let exact = TagTable.tag(OctetHash.hash(room.fingerprint, for: .exact, in: realm))
        let found = table.find(exact) { place in
            guard nodes[place].realm == realm, case .exact(let other)? = nodes[place].pattern else {
                return false
            }
            return other == room
        }
        if let found { scratch.nodes.append(UInt32(found)) }
        collectGlobs(matching: room, in: realm)
        if let shapes = shapes[realm] {
            collectWildcards(of: shapes, matching: room, in: realm)
            collectPrefixes(of: shapes, matching: room, in: realm)
        }
    }

    private mutating func collectGlobs(matching room: borrowing Room, in realm: Realm) {
        if parentTable.count == 0 || room.segmentCount == 0 { return }
        if let place = findParent(room, in: realm) {
            for (glob, node) in parents[place].globs where glob.matchesEmpty {
                scratch.nodes.append(node)
            }
        }
        let above = findParent(realm, room.parentFingerprint) { room.isChild(of: $0) }
        guard let above else { return }
        room.withSegment(room.segmentCount - 1) { last in
            for (glob, node) in parents[above].globs where glob.matches(last) {
                scratch.nodes.append(node)
            }
        }
    }

    /// Those whose parent is covered; see ``match(covering:_:in:)``.
    private mutating func collectGlobs(
        under coverage: [[UInt8]?], _ room: borrowing Room, in realm: Realm
    ) {
        if parentTable.count == 0 { return }
        parentPostings.forEachCandidate(for: coverage, in: realm) { place in
            guard parents[Int(place)].realm == realm, parents[Int(place)].room.matches(coverage)
            else { return }
            for (glob, node) in parents[Int(place)].globs where glob.matchesEmpty {
                scratch.nodes.append(node)
            }
        }
        guard coverage.count > 1, room.segmentCount == coverage.count else { return }
        let above = Array(coverage.dropLast())
        room.withSegment(coverage.count - 1) { last in
            parentPostings.forEachCandidate(for: above, in: realm) { place in
                let parent = parents[Int(place)].room
                // Otherwise there is no such room.
                let fits = parent.dottedSize + 1 + last.byteCount <= Room.sizeLimit
                guard fits, parents[Int(place)].realm == realm, parent.matches(above)
                else { return }
                for (glob, node) in parents[Int(place)].globs where glob.matches(last) {
                    scratch.nodes.append(node)
                }
            }
        }
    }

    private mutating func collectWildcards(
        of shapes: Shapes, matching room: borrowing Room, in realm: Realm
    ) {
        let shapes = shapes.wildcards(of: room.segmentCount)
        if shapes.isEmpty { return }
        var hashes = InlineArray<32, UInt64>(repeating: 0)
        for index in 0..<room.segmentCount {
            hashes[index] = room.withSegment(index) { OctetHash.hash($0) }
        }
        for shape in shapes {
            var hash = OctetHash.start
            for index in 0..<room.segmentCount {
                let isFixed = shape.fixed >> UInt32(index) & 1 == 1
                hash = OctetHash.appending(isFixed ? hashes[index] : OctetHash.anySegment, to: hash)
            }
            let tag = TagTable.tag(OctetHash.hash(hash, for: .wildcard, in: realm))
            let found = table.find(tag) { place in
                guard nodes[place].realm == realm,
                    case .wildcard(let components)? = nodes[place].pattern
                else { return false }
                // Another shape with the same tag has a probe of its own.
                return Shapes.fixed(in: components) == shape.fixed && room.matches(components)
            }
            if let found { scratch.nodes.append(UInt32(found)) }
        }
    }

    private mutating func collectPrefixes(
        of shapes: Shapes, matching room: borrowing Room, in realm: Realm
    ) {
        if shapes.prefixes.isEmpty { return }
        scratch.dotted.removeAll()
        room.appendDotted(to: &scratch.dotted)
        for prefix in shapes.prefixes where prefix.size <= scratch.dotted.count {
            let found = findPrefix(scratch.dotted.octets.extracting(first: prefix.size), in: realm)
            if let found { scratch.nodes.append(UInt32(found)) }
        }
    }

    private func findPrefix(_ octets: RawSpan, in realm: Realm) -> Int? {
        let hash = OctetHash.hash(OctetHash.hash(octets), for: .prefix, in: realm)
        return table.find(TagTable.tag(hash)) { place in
            guard nodes[place].realm == realm, case .prefix(let other)? = nodes[place].pattern
            else {
                return false
            }
            return octets.equals(other.raw)
        }
    }

    /// The tag under which the node of `pattern` is stored; the probes above make the same one.
    static func tag(of pattern: borrowing Pattern, in realm: Realm) -> UInt32 {
        let hash: UInt64
        switch pattern {
        case .exact(let room): hash = OctetHash.hash(room.fingerprint, for: .exact, in: realm)
        case .glob(let parent, let glob):
            let whole = OctetHash.appending(OctetHash.hash(glob.text.raw), to: parent.fingerprint)
            hash = OctetHash.hash(whole, for: .glob, in: realm)
        case .prefix(let octets):
            hash = OctetHash.hash(OctetHash.hash(octets.raw), for: .prefix, in: realm)
        case .wildcard(let components):
            var chain = OctetHash.start
            for component in components {
                let segment = component.map { OctetHash.hash($0.raw) } ?? OctetHash.anySegment
                chain = OctetHash.appending(segment, to: chain)
            }
            hash = OctetHash.hash(chain, for: .wildcard, in: realm)
        }
        return TagTable.tag(hash)
    }
}
