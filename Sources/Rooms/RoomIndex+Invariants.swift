// RoomIndex+Invariants — everything that must agree with everything else, for tests and simulation.

internal import Bytes

extension RoomIndex {
    /// Stops the process with the fact that does not hold. O(everything).
    package func checkInvariants() {
        membership.checkInvariants()
        table.checkInvariants()
        rooms.checkInvariants()
        parentTable.checkInvariants()
        remembered.checkInvariants()
        precondition(MemoryLayout<Node>.size == 64)
        precondition(patternCount == (0..<nodes.count).count { nodes[$0].kind != .free })
        families.checkInvariants { place in
            let name = nodes.name(of: Int(place))
            precondition(nodes[place].isFixed(0) && nodes[place].kind != .glob)
            return Families.hash(
                first: name.segment(0), count: name.segmentCount, in: nodes[place].realm)
        }
        parentFamilies.checkInvariants { place in
            precondition(!parents[Int(place)].globs.isEmpty)
            let room = parents[Int(place)].room
            return room.withSegment(0) {
                Families.hash(
                    first: $0, count: room.segmentCount, in: parents[Int(place)].realm)
            }
        }
        var listCount = 0
        var globCount = 0
        for place in 0..<nodes.count where nodes[place].kind != .free {
            let node = nodes[place]
            let found =
                node.kind == .exact
                ? rooms.find(node.tag) { $0 == place } : table.find(node.tag) { $0 == place }
            precondition(found == place)
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
            if node.kind == .glob {
                globCount += 1
                let name = nodes.name(of: place)
                precondition(
                    parents[Int(node.parent)].globs.contains {
                        $0.node == UInt32(place) && name.octets.equals($0.glob.text.raw)
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
        var counted = ShapesByRealm()
        for place in 0..<nodes.count {
            let node = nodes[place]
            switch node.kind {
            case .prefix: counted.update(node.realm) { $0.add(prefix: Int(node.size)) }
            case .wildcard:
                counted.update(node.realm) {
                    $0.add(wildcard: node.fixed, count: Int(node.segmentCount))
                }
            case .exact, .glob, .free: break
            }
        }
        for number in 0..<max(counted.count, shapes.count) {
            let realm = Realm(rawValue: UInt16(number))
            precondition(counted[realm].isEqual(to: shapes[realm]))
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
