// RoomIndex — who gets a publication: the subscriptions of one core's connections (DESIGN §4).
//
// A subscription is a pattern held by a connection. Equal patterns share a node; a node has one
// member list per envelope class. Publishing asks for a room and gets the flat, short list of
// member lists it reaches, remembered until a pattern that could matter comes or goes. The queries
// behind it are in RoomIndex+Match.swift.
//
// Owned by one core and called only there. Nothing here blocks, and nothing traps on any name.

/// The index of one core.
package struct RoomIndex: ~Copyable {
    /// One pattern with at least one subscriber.
    struct Node {
        /// `nil` while the node is free.
        var pattern: Pattern?
        var realm: Realm
        var tag: UInt32
        /// Its first member list, or the next free node.
        var firstList: UInt32
        /// Its first posting cell, or the parent record of a glob.
        var companion: UInt32
    }

    /// The globs under one room.
    struct GlobParent {
        var room: Room
        var realm: Realm
        var tag: UInt32
        /// Empty while the record is free.
        var globs: [(glob: Glob, node: UInt32)]
        /// The first cell of its postings, if it has any.
        var posting: UInt32
    }

    let limits: IndexLimits
    var membership = Membership()
    var nodes: [Node] = []
    private var freeNode = none
    /// Nodes by pattern.
    var table = TagTable()
    var parents: [GlobParent] = []
    private var freeParents: [UInt32] = []
    /// Glob parents by room.
    var parentTable = TagTable()
    var shapes: [Realm: Shapes] = [:]
    var postings = Postings()
    /// The same for glob parents, by their places.
    var parentPostings = Postings()
    var epochs = Epochs()
    var remembered: RememberedRooms
    var scratch = MatchScratch()
    /// Publications that met more patterns than ``IndexLimits/nodesPerMatch``.
    package var cutMatchCount: UInt64 = 0

    package init(limits: IndexLimits = .standard) {
        self.limits = limits
        remembered = RememberedRooms(limit: limits.rememberedRooms)
    }

    /// Subscriptions held.
    package var subscriptionCount: Int { membership.count }

    /// Different patterns held.
    package var patternCount: Int { table.count }

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
        guard let pattern = nodes[Int(membership.list(list.rawValue).node)].pattern else {
            preconditionFailure("a member list outlived its pattern")
        }
        return pattern
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
        let tag = Self.tag(of: pattern, in: realm)
        let found = table.find(tag) { nodes[$0].realm == realm && nodes[$0].pattern == pattern }
        if let found { return UInt32(found) }
        // Limits first: an error must leave nothing behind.
        switch pattern {
        case .exact, .prefix: break
        case .wildcard(let components):
            let fixed = Shapes.fixed(in: components)
            let limit = limits.shapesPerLength
            if shapes[realm]?.refuses(fixed, count: components.count, limit: limit) ?? (limit < 1) {
                throw .tooManyShapes(limit: limit)
            }
        case .glob(let parent, _):
            if let place = findParent(parent, in: realm),
                parents[place].globs.count >= limits.globsPerParent
            {
                throw .tooManyGlobs(limit: limits.globsPerParent)
            }
        }
        let node = storeNode(
            Node(pattern: pattern, realm: realm, tag: tag, firstList: none, companion: none))
        table.insert(tag, Int(node))
        switch pattern {
        case .exact(let room):
            if limits.answersCoveringPublishes {
                nodes[Int(node)].companion = postings.add(node, room: room, in: realm)
            }
        case .prefix(let octets): shapes[realm, default: Shapes()].add(prefix: octets.count)
        case .wildcard(let components):
            shapes[realm, default: Shapes()].add(
                wildcard: Shapes.fixed(in: components), count: components.count)
            if limits.answersCoveringPublishes {
                nodes[Int(node)].companion = postings.add(node, wildcard: components, in: realm)
            }
        case .glob(let parent, let glob):
            let place = findParent(parent, in: realm) ?? makeParent(parent, in: realm)
            parents[place].globs.append((glob, node))
            nodes[Int(node)].companion = UInt32(place)
        }
        return node
    }

    private mutating func removeNode(_ node: UInt32) {
        let realm = nodes[Int(node)].realm
        let companion = nodes[Int(node)].companion
        switch nodes[Int(node)].pattern {
        case nil: preconditionFailure("a pattern was removed twice")
        case .exact?: if companion != none { postings.remove(companion) }
        case .prefix(let octets)?: shapes[realm]?.remove(prefix: octets.count)
        case .wildcard(let components)?:
            shapes[realm]?.remove(
                wildcard: Shapes.fixed(in: components), count: components.count)
            if companion != none { postings.remove(companion) }
        case .glob?: removeGlob(node, from: Int(companion))
        }
        if shapes[realm]?.isEmpty == true { shapes[realm] = nil }
        table.remove(nodes[Int(node)].tag, Int(node))
        nodes[Int(node)].pattern = nil
        nodes[Int(node)].firstList = freeNode
        freeNode = node
    }

    private mutating func storeNode(_ node: Node) -> UInt32 {
        if freeNode != none {
            let place = freeNode
            freeNode = nodes[Int(place)].firstList
            nodes[Int(place)] = node
            return place
        }
        nodes.append(node)
        return UInt32(nodes.count - 1)
    }

    // MARK: Member lists

    private mutating func findOrMakeList(_ envelopeClass: EnvelopeClass, at node: UInt32) -> UInt32
    {
        let first = nodes[Int(node)].firstList
        var list = first
        while list != none {
            if membership.list(list).envelopeClass == envelopeClass { return list }
            list = membership.list(list).next
        }
        list = membership.makeList(of: envelopeClass, at: node, before: first)
        nodes[Int(node)].firstList = list
        noteChange(at: node)
        return list
    }

    private mutating func removeList(_ list: UInt32) {
        let node = membership.list(list).node
        let next = membership.list(list).next
        if nodes[Int(node)].firstList == list {
            nodes[Int(node)].firstList = next
        } else {
            var previous = nodes[Int(node)].firstList
            while membership.list(previous).next != list {
                previous = membership.list(previous).next
            }
            membership.setNext(of: previous, to: next)
        }
        membership.freeList(list)
        noteChange(at: node)
        if nodes[Int(node)].firstList == none { removeNode(node) }
    }

    /// Rooms that match the node must look again: it has a list more or less.
    private mutating func noteChange(at node: UInt32) {
        guard let pattern = nodes[Int(node)].pattern else { return }
        epochs.bump(pattern, in: nodes[Int(node)].realm)
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
        let parent = GlobParent(room: room, realm: realm, tag: tag, globs: [], posting: none)
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
            parents[place].posting = parentPostings.add(UInt32(place), room: room, in: realm)
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
        if parents[place].posting != none { parentPostings.remove(parents[place].posting) }
        parents[place].posting = none
        parents[place].room = Room()
        freeParents.append(UInt32(place))
    }
}
