// RoomIndex — who gets a publication: the subscriptions of one core's connections (DESIGN §4).
//
// A subscription is a pattern held by a connection. Equal patterns share a node; a node has one
// member list per envelope class. Publishing asks for a room and gets the flat, short list of
// member lists it reaches, remembered until a pattern that could matter comes or goes. The queries
// behind it are in RoomIndex+Match.swift.
//
// Owned by one core and called only there. Nothing here blocks, and nothing traps on any name.

internal import Bytes

/// The index of one core.
package struct RoomIndex: ~Copyable {
    /// The globs under one room.
    struct GlobParent {
        var room: Room
        var realm: Realm
        var tag: UInt32
        /// Empty while the record is free.
        var globs: [(glob: Glob, node: UInt32)]
    }

    let limits: IndexLimits
    var membership = Membership()
    var nodes = Nodes()
    /// Nodes of exact rooms.
    var rooms = TagTable()
    /// All other nodes. Rooms are many and patterns few, so what a room that is not remembered
    /// probes most stays in the cache.
    var table = TagTable()
    var parents: [GlobParent] = []
    private var freeParents: [UInt32] = []
    /// Glob parents by room.
    var parentTable = TagTable()
    var shapes = ShapesByRealm()
    /// Exact rooms and wildcards by the family they are in.
    var families: Families
    /// The same for glob parents, by their places.
    var parentFamilies: Families
    var epochs = Epochs()
    var remembered: RememberedRooms
    var scratch = MatchScratch()
    /// Where names of patterns are made.
    private var writer = NameWriter()
    /// Publications that met more patterns than ``IndexLimits/nodesPerMatch``.
    package var cutMatchCount: UInt64 = 0

    package init(limits: IndexLimits = .standard) {
        self.limits = limits
        remembered = RememberedRooms(limit: limits.rememberedRooms)
        families = Families(scanLimit: limits.scannedRoomsPerFamily)
        parentFamilies = Families(scanLimit: limits.scannedRoomsPerFamily)
    }

    /// Subscriptions held.
    package var subscriptionCount: Int { membership.count }

    /// Different patterns held.
    package var patternCount: Int { rooms.count + table.count }

    /// Adds one subscription. The same pattern twice by one connection is two entries; callers
    /// that deliver once deduplicate before.
    ///
    /// - Returns: What ``remove(_:)`` wants; the caller keeps it.
    /// - Throws: ``IndexError``; nothing has changed then.
    /// - Complexity: O(segments), whatever the number of subscribers and rooms.
    package mutating func add(
        _ pattern: Pattern, in realm: Realm, class envelopeClass: EnvelopeClass,
        connection: UInt32
    ) throws(IndexError) -> EntryID {
        try check(pattern)
        if membership.isFull { throw .full }
        let node = try findOrMakeNode(pattern, in: realm)
        let list = findOrMakeList(envelopeClass, at: node)
        return membership.join(list, connection: connection)
    }

    /// Removes one subscription; its pattern goes with the last one.
    package mutating func remove(_ entry: EntryID) {
        let list = membership.leave(entry)
        guard membership.list(list).count == 0 else { return }
        removeList(list)
    }

    /// The class whose octets the members of `list` get.
    package func envelopeClass(of list: MemberListID) -> EnvelopeClass {
        membership.list(list.rawValue).envelopeClass
    }

    /// The pattern the members of `list` subscribed to.
    package func pattern(of list: MemberListID) -> Pattern {
        let place = membership.list(list.rawValue).node
        let node = nodes[place]
        let name = nodes.name(of: Int(place))
        switch node.kind {
        case .free: preconditionFailure("a member list outlived its pattern")
        case .exact: return .exact(Room(name))
        case .prefix: return .prefix(name.octets.array)
        case .wildcard:
            return .wildcard(
                (0..<name.segmentCount).map {
                    node.fixed >> UInt32($0) & 1 == 1 ? name.segment($0).array : nil
                })
        case .glob:
            let parent = parents[Int(node.parent)]
            guard let glob = parent.globs.first(where: { $0.node == place })?.glob else {
                preconditionFailure("a glob is not where its parent says")
            }
            return .glob(parent: parent.room, glob)
        }
    }

    /// The members of `list`, lent for the hot loop.
    @_lifetime(borrow self)
    package func members(of list: MemberListID) -> Span<Member> {
        let span = unsafe membership.members(of: list.rawValue).span
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// The members of `list` for loops that change what the index sits in. Valid until the index
    /// is next called mutably.
    @unsafe
    package func unsafeMembers(of list: MemberListID) -> UnsafeBufferPointer<Member> {
        unsafe membership.members(of: list.rawValue)
    }

    // MARK: Nodes

    /// Refuses what no room could ever match or what would make matching expensive.
    private func check(_ pattern: borrowing Pattern) throws(IndexError) {
        switch pattern {
        case .exact(let room): if room.segmentCount == 0 { throw .emptyPattern }
        case .glob: break  // a room and a glob have limits of their own
        case .prefix(let octets):
            if octets.count > Room.sizeLimit { throw .tooLong(limit: Room.sizeLimit) }
        case .wildcard(let components):
            if components.isEmpty { throw .emptyPattern }
            guard components.count <= Room.segmentLimit else {
                throw .tooManySegments(limit: Room.segmentLimit)
            }
            var size = components.count - 1
            var wildcardCount = 0
            for component in components {
                guard let component else {
                    wildcardCount += 1
                    continue
                }
                guard component.count <= Room.sizeLimit - size else {
                    throw .tooLong(limit: Room.sizeLimit)
                }
                size += component.count
            }
            guard wildcardCount <= limits.wildcardsPerPattern else {
                throw .tooManyWildcards(limit: limits.wildcardsPerPattern)
            }
        }
    }

    private mutating func findOrMakeNode(
        _ pattern: Pattern, in realm: Realm
    ) throws(IndexError) -> UInt32 {
        switch pattern {
        case .exact(let room):
            return findOrMakeExact(room, in: realm)
        case .prefix(let octets):
            let fresh = Node(.prefix, OctetHash.hash(octets.raw), in: realm)
            writer.write(octets.raw)
            let tag = fresh.tag
            if let found = find(fresh, tag) { return found }
            shapes.update(realm) { $0.add(prefix: octets.count) }
            return store(fresh, tag)
        case .wildcard(let components):
            return try findOrMakeWildcard(components, in: realm)
        case .glob(let parent, let glob):
            return try findOrMakeGlob(parent, glob, in: realm)
        }
    }

    private mutating func findOrMakeExact(_ room: borrowing Room, in realm: Realm) -> UInt32 {
        let fresh = Node(.exact, room.fingerprint, in: realm)
        let tag = fresh.tag
        let found = rooms.find(tag) { place in
            nodes[place].hash == fresh.hash && nodes[place].kind == .exact
                && nodes[place].realm == realm && room.isNamed(nodes.name(of: place))
        }
        if let found { return UInt32(found) }
        writer.write(room)
        let node = store(fresh, tag)
        link(node, fresh)
        return node
    }

    private mutating func findOrMakeWildcard(
        _ components: [[UInt8]?], in realm: Realm
    ) throws(IndexError) -> UInt32 {
        let fixed = Shapes.fixed(in: components)
        let fresh = Node(.wildcard, Self.hash(of: components), in: realm, fixed: fixed)
        writer.write(components)
        let tag = fresh.tag
        if let found = find(fresh, tag) { return found }
        // Limits first: an error must leave nothing behind.
        let limit = limits.shapesPerLength
        if shapes[realm].refuses(fixed, count: components.count, limit: limit) {
            throw .tooManyShapes(limit: limit)
        }
        shapes.update(realm) { $0.add(wildcard: fixed, count: components.count) }
        let node = store(fresh, tag)
        if fixed & 1 == 1 { link(node, fresh) }
        return node
    }

    private mutating func findOrMakeGlob(
        _ room: Room, _ glob: Glob, in realm: Realm
    ) throws(IndexError) -> UInt32 {
        let hash = OctetHash.appending(OctetHash.hash(glob.text.raw), to: room.fingerprint)
        let parent = findParent(room, in: realm)
        if let parent {
            let fresh = Node(.glob, hash, in: realm, parent: UInt32(parent))
            writer.write(glob.text.raw)
            if let found = find(fresh, fresh.tag) { return found }
            if parents[parent].globs.count >= limits.globsPerParent {
                throw .tooManyGlobs(limit: limits.globsPerParent)
            }
        } else if limits.globsPerParent < 1 {
            throw .tooManyGlobs(limit: limits.globsPerParent)
        }
        let place = parent ?? makeParent(room, in: realm)
        writer.write(glob.text.raw)
        let fresh = Node(.glob, hash, in: realm, parent: UInt32(place))
        let node = store(fresh, fresh.tag)
        parents[place].globs.append((glob, node))
        return node
    }

    /// The node that is as `fresh` and has the name written last.
    private func find(_ fresh: Node, _ tag: UInt32) -> UInt32? {
        let name = writer.name
        return table.find(tag) { place in
            let node = nodes[place]
            return node.hash == fresh.hash && node.kind == fresh.kind && node.realm == fresh.realm
                && node.parent == fresh.parent && node.fixed == fresh.fixed
                && Int(node.segmentCount) == name.segmentCount && Int(node.size) == name.size
                && nodes.name(of: place).run.equals(name.run)
        }.map { UInt32($0) }
    }

    /// Keeps a node with the name written last.
    private mutating func store(_ fresh: Node, _ tag: UInt32) -> UInt32 {
        let node = nodes.store(fresh, writer.name)
        if fresh.kind == .exact {
            rooms.insert(tag, Int(node))
        } else {
            table.insert(tag, Int(node))
        }
        return node
    }

    /// Makes a node with the name written last known to covering publishes; its first segment is fixed.
    private mutating func link(_ place: UInt32, _ node: Node) {
        guard limits.answersCoveringPublishes else { return }
        let name = writer.name
        let family = Families.hash(
            first: name.segment(0), count: name.segmentCount, in: node.realm)
        families.add(place, to: family, count: name.segmentCount) { position in
            let isFixed = node.kind == .exact || node.fixed >> UInt32(position) & 1 == 1
            return isFixed ? OctetHash.hash(name.segment(position)) : nil
        }
    }

    private mutating func removeNode(_ place: UInt32) {
        let node = nodes[place]
        switch node.kind {
        case .free: preconditionFailure("a pattern was removed twice")
        case .exact: families.remove(place)
        case .prefix: shapes.update(node.realm) { $0.remove(prefix: Int(node.size)) }
        case .wildcard:
            shapes.update(node.realm) {
                $0.remove(wildcard: node.fixed, count: Int(node.segmentCount))
            }
            families.remove(place)
        case .glob: removeGlob(place, from: Int(node.parent))
        }
        if node.kind == .exact {
            rooms.remove(node.tag, Int(place))
        } else {
            table.remove(node.tag, Int(place))
        }
        nodes.free(place)
    }

    // MARK: Member lists

    private mutating func findOrMakeList(_ envelopeClass: EnvelopeClass, at node: UInt32) -> UInt32
    {
        let first = nodes[node].firstList
        var list = first
        while list != none {
            if membership.list(list).envelopeClass == envelopeClass { return list }
            list = membership.list(list).next
        }
        list = membership.makeList(of: envelopeClass, at: node, before: first)
        nodes.setFirstList(of: node, to: list)
        noteChange(at: node)
        return list
    }

    private mutating func removeList(_ list: UInt32) {
        let node = membership.list(list).node
        let next = membership.list(list).next
        if nodes[node].firstList == list {
            nodes.setFirstList(of: node, to: next)
        } else {
            var previous = nodes[Int(node)].firstList
            while membership.list(previous).next != list {
                previous = membership.list(previous).next
            }
            membership.setNext(of: previous, to: next)
        }
        membership.freeList(list)
        noteChange(at: node)
        if nodes[node].firstList == none { removeNode(node) }
    }

    /// Rooms that match the node must look again: it has a list more or less.
    private mutating func noteChange(at place: UInt32) {
        let node = nodes[place]
        switch node.kind {
        case .free: preconditionFailure("a member list outlived its pattern")
        case .exact: epochs.bump(room: node.hash, in: node.realm)
        case .glob:
            epochs.bump(room: parents[Int(node.parent)].room.fingerprint, in: node.realm)
        case .wildcard: epochs.bump(wildcardOf: Int(node.segmentCount), in: node.realm)
        case .prefix: epochs.bumpPrefixes(in: node.realm)
        }
    }

    // MARK: Glob parents

    func findParent(_ room: borrowing Room, in realm: Realm) -> Int? {
        findParent(realm, room.fingerprint) { $0 == room }
    }

    /// The parent record of the room with that fingerprint for which `isRoom` holds.
    func findParent(
        _ realm: Realm, _ fingerprint: UInt64, where isRoom: (borrowing Room) -> Bool
    ) -> Int? {
        let tag = TagTable.tag(OctetHash.hash(fingerprint, for: .globParent, in: realm))
        return parentTable.find(tag) { parents[$0].realm == realm && isRoom(parents[$0].room) }
    }

    private mutating func makeParent(_ room: Room, in realm: Realm) -> Int {
        let tag = TagTable.tag(OctetHash.hash(room.fingerprint, for: .globParent, in: realm))
        let parent = GlobParent(room: room, realm: realm, tag: tag, globs: [])
        let place: Int
        if let free = freeParents.popLast() {
            place = Int(free)
            parents[place] = parent
        } else {
            place = parents.count
            parents.append(parent)
        }
        parentTable.insert(tag, place)
        if limits.answersCoveringPublishes, room.segmentCount > 0 {
            let family = room.withSegment(0) {
                Families.hash(first: $0, count: room.segmentCount, in: realm)
            }
            parentFamilies.add(UInt32(place), to: family, count: room.segmentCount) { position in
                room.withSegment(position) { OctetHash.hash($0) }
            }
        }
        return place
    }

    private mutating func removeGlob(_ node: UInt32, from place: Int) {
        guard let index = parents[place].globs.firstIndex(where: { $0.node == node }) else {
            preconditionFailure("a glob is not where its parent says")
        }
        parents[place].globs.remove(at: index)
        guard parents[place].globs.isEmpty else { return }
        parentTable.remove(parents[place].tag, place)
        parentFamilies.remove(UInt32(place))
        parents[place].room = Room()
        freeParents.append(UInt32(place))
    }
}
