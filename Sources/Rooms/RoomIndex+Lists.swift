// RoomIndex+Lists — the member lists of a node, one per envelope class.
//
// A list lives while it has members and a node while it has lists. A room remembers lists, so each
// that comes or goes is a change that the rooms it concerns must notice (Epochs.swift); members who
// join or leave a list that stays are none.

extension RoomIndex {
    /// The list of a class at a node. A new one is empty and must get a member before anything else
    /// happens.
    mutating func findOrMakeList(_ envelopeClass: EnvelopeClass, at node: UInt32) -> UInt32 {
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

    /// Takes an empty list away, and its node with the last one.
    mutating func removeList(_ list: UInt32) {
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
}
