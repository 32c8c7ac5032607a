// RoomIndex+Match — from a room to the member lists a publication reaches.
//
// Remembered rooms cost one hash probe, four loads and one comparison of names. The others are
// looked up by what each kind of pattern is keyed by:
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
    /// Nodes or glob parents that a covering publish may mean.
    var candidates: [UInt32] = []
    var dotted = OctetBuffer(capacity: Room.sizeLimit + 1)
    /// What a covering publish found, and what a room reaches that is not remembered.
    var outside = OutsideLists()
}

/// The result of the last publish whose lists are in no remembered room.
///
/// Safety: `base` points to `capacity` list names allocated here and freed in `deinit`, the first
/// `count` initialized; views of it end with the next such publish.
@safe
struct OutsideLists: ~Copyable {
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
        let hash = RememberedRooms.hash(of: room, in: realm)
        let stamp = epochs.stamp(of: room, in: realm)
        let place = remembered.find(room, in: realm, hash)
        if let place, let lists = remembered.lists(at: place, ifStill: stamp) { return lists }
        return lookUp(room, in: realm, hash: hash, at: place, stamp: stamp)
    }

    /// Matches a room and remembers the result, at `place` if it has one.
    @inline(never)
    private mutating func lookUp(
        _ room: borrowing Room, in realm: Realm, hash: UInt64, at place: Int?, stamp: UInt64
    ) -> MatchedLists {
        let target = place ?? remembered.reserve(hash)
        scratch.nodes.removeAll(keepingCapacity: true)
        scratch.lists.removeAll(keepingCapacity: true)
        collectNodes(matching: room, in: realm)
        if scratch.nodes.count > limits.nodesPerMatch {
            cutMatchCount &+= 1
            scratch.nodes.removeSubrange(limits.nodesPerMatch...)
        }
        collectLists()
        let found = remembered.remember(
            room, in: realm, at: target, isReserved: place == nil, stamp: stamp,
            lists: scratch.lists)
        if let found { return found }
        scratch.outside.replace(with: scratch.lists)
        return scratch.outside.view
    }

    /// The member lists that a publication to all rooms of `coverage` reaches, each once: those of
    /// exact rooms that it covers (as many segments, each equal unless `nil`), those of wildcards
    /// that share a room with it, those of globs whose parent is covered and that match the last
    /// segment of `room`, or the empty text where there is none left for them, and those of
    /// prefixes that match `room`, which stands for all of them. The first component names the
    /// family of rooms; if it is `nil`, or the index does not answer covering publishes, only
    /// `room` counts.
    ///
    /// - Returns: A view that is valid until the index is next called mutably.
    /// - Complexity: O(rooms and wildcards that have the rarest of the given values), and a match
    ///   of `room`; O(those that are not posted yet) for the first few of a big family.
    package mutating func match(
        covering coverage: [[UInt8]?], _ room: borrowing Room, in realm: Realm
    ) -> MatchedLists {
        scratch.nodes.removeAll(keepingCapacity: true)
        scratch.lists.removeAll(keepingCapacity: true)
        collectNodes(matching: room, in: realm)
        let isPosted = limits.answersCoveringPublishes && coverage.first.flatMap { $0 } != nil
        if isPosted {
            // These are among the candidates below.
            var kept = 0
            for node in scratch.nodes where !nodes[node].isFoundByValues {
                scratch.nodes[kept] = node
                kept += 1
            }
            scratch.nodes.removeSubrange(kept...)
            scratch.candidates.removeAll(keepingCapacity: true)
            families.candidates(for: coverage, in: realm, into: &scratch.candidates) {
                place, position in nodes.valueHash(of: place, at: position)
            }
            for node in scratch.candidates where nodes.shares(node, with: coverage, in: realm) {
                scratch.nodes.append(node)
            }
            collectGlobs(under: coverage, room, in: realm)
        }
        collectLists()
        scratch.outside.replace(with: scratch.lists)
        return scratch.outside.view
    }

    /// Writes the lists of the nodes found into `scratch.lists`.
    private mutating func collectLists() {
        for node in scratch.nodes {
            var list = nodes[node].firstList
            while list != none {
                scratch.lists.append(MemberListID(rawValue: list))
                list = membership.list(list).next
            }
        }
    }

    private mutating func collectNodes(matching room: borrowing Room, in realm: Realm) {
        let exact = TagTable.tag(OctetHash.hash(room.fingerprint, for: .exact, in: realm))
        let found = rooms.find(exact) { place in
            nodes[place].hash == room.fingerprint && nodes[place].kind == .exact
                && nodes[place].realm == realm && room.isNamed(nodes.name(of: place))
        }
        if let found { scratch.nodes.append(UInt32(found)) }
        collectGlobs(matching: room, in: realm)
        collectWildcards(matching: room, in: realm)
        collectPrefixes(matching: room, in: realm)
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
        collectParents(under: coverage, in: realm)
        for place in scratch.candidates where isParent(place, under: coverage, in: realm) {
            for (glob, node) in parents[Int(place)].globs where glob.matchesEmpty {
                scratch.nodes.append(node)
            }
        }
        guard coverage.count > 1, room.segmentCount == coverage.count else { return }
        let above = Array(coverage.dropLast())
        collectParents(under: above, in: realm)
        room.withSegment(coverage.count - 1) { last in
            for place in scratch.candidates where isParent(place, under: above, in: realm) {
                // Otherwise there is no such room.
                guard parents[Int(place)].room.dottedSize + 1 + last.byteCount <= Room.sizeLimit
                else { continue }
                for (glob, node) in parents[Int(place)].globs where glob.matches(last) {
                    scratch.nodes.append(node)
                }
            }
        }
    }

    private mutating func collectParents(under coverage: [[UInt8]?], in realm: Realm) {
        scratch.candidates.removeAll(keepingCapacity: true)
        parentFamilies.candidates(for: coverage, in: realm, into: &scratch.candidates) {
            place, position in
            parents[Int(place)].room.withSegment(position) { OctetHash.hash($0) }
        }
    }

    private func isParent(
        _ place: UInt32, under coverage: [[UInt8]?], in realm: Realm
    ) -> Bool {
        parents[Int(place)].realm == realm && parents[Int(place)].room.matches(coverage)
    }

    private mutating func collectWildcards(matching room: borrowing Room, in realm: Realm) {
        let shapeCount = shapes.wildcardCount(realm, room.segmentCount)
        if shapeCount == 0 { return }
        var hashes = InlineArray<32, UInt64>(repeating: 0)
        for index in 0..<room.segmentCount {
            hashes[index] = room.withSegment(index) { OctetHash.hash($0) }
        }
        for place in 0..<shapeCount {
            let fixed = shapes.wildcard(realm, room.segmentCount, place)
            var hash = OctetHash.start
            for index in 0..<room.segmentCount {
                let isFixed = fixed >> UInt32(index) & 1 == 1
                hash = OctetHash.appending(isFixed ? hashes[index] : OctetHash.anySegment, to: hash)
            }
            let tag = TagTable.tag(OctetHash.hash(hash, for: .wildcard, in: realm))
            let found = table.find(tag) { place in
                // Another shape with the same tag has a probe of its own.
                nodes[place].hash == hash && nodes[place].kind == .wildcard
                    && nodes[place].realm == realm && nodes[place].fixed == fixed
                    && room.matches(nodes.name(of: place), fixed: fixed)
            }
            if let found { scratch.nodes.append(UInt32(found)) }
        }
    }

    private mutating func collectPrefixes(matching room: borrowing Room, in realm: Realm) {
        let sizeCount = shapes.prefixCount(realm)
        if sizeCount == 0 { return }
        scratch.dotted.removeAll()
        room.appendDotted(to: &scratch.dotted)
        for place in 0..<sizeCount {
            let size = shapes.prefix(realm, place)
            guard size <= scratch.dotted.count else { continue }
            let found = findPrefix(scratch.dotted.octets.extracting(first: size), in: realm)
            if let found { scratch.nodes.append(UInt32(found)) }
        }
    }

    private func findPrefix(_ octets: RawSpan, in realm: Realm) -> Int? {
        let hash = OctetHash.hash(octets)
        let tag = TagTable.tag(OctetHash.hash(hash, for: .prefix, in: realm))
        return table.find(tag) { place in
            nodes[place].hash == hash && nodes[place].kind == .prefix
                && nodes[place].realm == realm && octets.equals(nodes.name(of: place).octets)
        }
    }

    /// The hash of a wildcard; the probes above make the same one.
    static func hash(of components: [[UInt8]?]) -> UInt64 {
        var hash = OctetHash.start
        for component in components {
            let segment = component.map { OctetHash.hash($0.raw) } ?? OctetHash.anySegment
            hash = OctetHash.appending(segment, to: hash)
        }
        return hash
    }
}
