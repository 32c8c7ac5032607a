// RoomIndex+Invariants — everything that must agree with everything else, for tests and simulation.

extension RoomIndex {
    /// Stops the process with the fact that does not hold. O(everything).
    package func checkInvariants() {
        membership.checkInvariants()
        table.checkInvariants()
        parentTable.checkInvariants()
        remembered.checkInvariants()
        precondition(table.count == nodes.count { $0.pattern != nil })
        postings.checkInvariants { node in
            nodes[Int(node)].pattern?.isPosted == true
        }
        parentPostings.checkInvariants { !parents[Int($0)].globs.isEmpty }
        var listCount = 0
        var globCount = 0
        for (place, node) in nodes.enumerated() {
            guard let pattern = node.pattern else { continue }
            precondition(node.tag == Self.tag(of: pattern, in: node.realm))
            precondition(
                table.find(node.tag) {
                    nodes[$0].realm == node.realm && nodes[$0].pattern == pattern
                } == place)
            precondition(node.firstList != none, "a pattern without subscribers stayed")
            var classes: Set<EnvelopeClass> = []
            var list = node.firstList
            while list != none {
                let values = membership.list(list)
                precondition(values.node == UInt32(place))
                precondition(classes.insert(values.envelopeClass).inserted)
                listCount += 1
                list = values.next
            }
            if case .glob(let parent, let glob) = pattern {
                globCount += 1
                precondition(findParent(parent, in: node.realm) == Int(node.companion))
                precondition(
                    parents[Int(node.companion)].globs.contains {
                        $0.node == UInt32(place) && $0.glob == glob
                    })
            }
        }
        precondition(
            listCount
                == (0..<membership.listCount).count {
                    membership.list(UInt32($0)).node != none
                })
        var parentGlobCount = 0
        parentTable.forEach { _, place in
            precondition(!parents[place].globs.isEmpty)
            precondition(parents[place].globs.count <= limits.globsPerParent)
            parentGlobCount += parents[place].globs.count
        }
        precondition(parentGlobCount == globCount)
        checkShapes()
    }

    private func checkShapes() {
        var counted: [Realm: Shapes] = [:]
        for node in nodes {
            switch node.pattern {
            case .prefix(let octets)?:
                counted[node.realm, default: Shapes()].add(prefix: octets.count)
            case .wildcard(let components)?:
                counted[node.realm, default: Shapes()].add(
                    wildcard: Shapes.fixed(in: components), count: components.count)
            case .exact?, .glob?, nil: break
            }
        }
        precondition(counted.count == shapes.count)
        for (realm, expected) in counted {
            guard let actual = shapes[realm] else { preconditionFailure("a realm lost its shapes") }
            precondition(actual.isEqual(to: expected))
        }
    }
}

extension Shapes {
    fileprivate func isEqual(to other: Shapes) -> Bool {
        guard Set(prefixes) == Set(other.prefixes) else { return false }
        for count in 1...Room.segmentLimit
        where Set(wildcards(of: count)) != Set(other.wildcards(of: count)) {
            return false
        }
        return true
    }
}
