// RoomIndex+GlobParents — the rooms that have globs right below them, with their compiled globs.
//
// A publication looks up the room above its own, and its own for globs that match the empty text,
// and tries each glob found there. A parent goes with its last glob. Covering publishes find
// parents by families of their own, once for all their globs.

internal import Bytes

extension RoomIndex {
    /// The globs under one room.
    struct GlobParent {
        var room: Room
        var realm: Realm
        var tag: UInt32
        /// Empty while the record is free.
        var globs: [(glob: Glob, node: UInt32)]
    }

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

    /// A parent record without globs; it must get one.
    mutating func makeParent(_ room: Room, in realm: Realm) -> Int {
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

    /// Takes a glob from its parent, and the parent away with its last one.
    mutating func removeGlob(_ node: UInt32, from place: Int) {
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
