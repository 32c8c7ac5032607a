// RoomIndex — who gets a publication: the subscriptions of one core's connections.
//
// A subscription is a pattern held by a connection. Equal patterns share a node; a node has one
// member list per envelope class. Publishing asks for a room and gets the flat, short list of
// member lists it reaches, remembered until a pattern that could matter comes or goes.
//
// Here are its parts and what callers use. Inside, a subscription goes from its pattern to a node
// (RoomIndex+Nodes.swift), a glob by way of the room above it (RoomIndex+GlobParents.swift), and on
// to a member list (RoomIndex+Lists.swift); a publication asks in RoomIndex+Match.swift.
//
// Owned by one core and called only there. Nothing here blocks, and nothing traps on any name.

internal import Bytes

/// The index of one core.
package struct RoomIndex: ~Copyable {
    let limits: IndexLimits
    var membership = Membership()
    var nodes = Nodes()
    /// Nodes of exact rooms.
    var rooms = TagTable()
    /// All other nodes. Rooms are many and patterns few, so what a room that is not remembered
    /// probes most stays in the cache.
    var table = TagTable()
    var parents: [GlobParent] = []
    var freeParents: [UInt32] = []
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
    var writer = NameWriter()
    /// Publications that met more patterns than ``IndexLimits/nodesPerMatch``.
    package var cutMatchCount: UInt64 = 0

    package init(limits: IndexLimits = .standard) {
        self.limits = limits
        remembered = RememberedRooms(
            limit: limits.rememberedRooms, blockLimit: limits.rememberedLists)
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
}
