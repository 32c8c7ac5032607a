// RoomIndex+Nodes — from a pattern to its node: checked, found or made, and taken away.
//
// Everything that must know of a pattern learns of it here, and forgets it here: the table it is
// found in, the shapes that rooms are looked up by, the family that covering publishes ask. A
// pattern that is refused leaves nothing behind.

internal import Bytes

extension RoomIndex {
    /// Refuses what no room could ever match or what would make matching expensive.
    func check(_ pattern: borrowing Pattern) throws(IndexError) {
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

    /// The node of a pattern that was checked. A new one has no list and must get one.
    mutating func findOrMakeNode(
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

    /// Makes a node with the name written last known to covering publishes; its first segment is
    /// fixed.
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

    /// Forgets a pattern that has no list any more.
    mutating func removeNode(_ place: UInt32) {
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
}
