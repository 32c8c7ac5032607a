// Postings — who of a family has a given value at a given position, for covering publishes.
//
// Each room of a family that has postings (Families.swift) is posted once per segment but the
// first, which the whole family shares, under (family, position, value). A covering publish takes
// the shortest of its lists and compares the rooms on it with the whole pattern. Wildcards are
// posted likewise, their open segments under a value of their own: who is open at a position may be
// meant by every value there.
//
// Cells are doubly linked and chained per room, so a room comes and goes in O(segments). They are
// met only by covering publishes, where following links is nothing beside the deliveries.

internal import Bytes

/// The posting lists of one core.
struct Postings: ~Copyable {
    struct List: Poolable {
        var hash: UInt64
        var position: UInt8
        /// The first cell, or the next free list.
        var first: UInt32
        /// Cells; 0 while the list is free.
        var count: UInt32

        var nextFree: UInt32 {
            get { first }
            set { first = newValue }
        }
    }

    struct Cell: Poolable {
        /// The exact room's node, or nothing while the cell is free.
        var node: UInt32
        var list: UInt32
        var previous: UInt32
        /// The next cell of the list, or the next free cell.
        var next: UInt32
        /// The next cell of the same room.
        var sibling: UInt32

        var nextFree: UInt32 {
            get { next }
            set { next = newValue }
        }
    }

    private var table = TagTable()
    private var lists = Pool<List>()
    private var cells = Pool<Cell>()

    init() {}

    /// Posts a room or a wildcard of `count` segments. Returns its first cell, which `remove` wants
    /// back, or nothing if it has one segment. `value` tells the hash of a segment, or `nil` for an
    /// open one.
    mutating func add(
        _ node: UInt32, count: Int, in family: UInt64, value: (_ position: Int) -> UInt64?
    ) -> UInt32 {
        var chain = none
        for position in 1..<max(count, 1) {
            let hash =
                value(position).map { Self.hash($0, at: position, in: family) }
                ?? Self.openHash(at: position, in: family)
            let list = findOrMakeList(hash, UInt8(truncatingIfNeeded: position))
            let cell = Cell(
                node: node, list: list, previous: none, next: lists[list].first,
                sibling: chain)
            let place = cells.store(cell)
            if cell.next != none { cells[cell.next].previous = place }
            lists[list].first = place
            lists[list].count += 1
            chain = place
        }
        return chain
    }

    /// Removes the room whose first cell is `chain`.
    mutating func remove(_ chain: UInt32) {
        var place = chain
        while place != none {
            let cell = cells[place]
            precondition(cell.node != none, "a posting was removed twice")
            if cell.previous != none {
                cells[cell.previous].next = cell.next
            } else {
                lists[cell.list].first = cell.next
            }
            if cell.next != none { cells[cell.next].previous = cell.previous }
            lists[cell.list].count -= 1
            if lists[cell.list].count == 0 { freeList(cell.list) }
            cells[place].node = none
            cells.free(place)
            place = cell.sibling
        }
    }

    /// Calls `body` with every posted node that may be covered, each once: those on the shortest
    /// list the pattern names. It must name a segment beside the first.
    func forEachCandidate(
        for pattern: [[UInt8]?], in family: UInt64, _ body: (UInt32) -> Void
    ) {
        var shortest: (fixed: Int?, open: Int?, count: UInt32)?
        for position in pattern.indices.dropFirst() {
            guard let value = pattern[position] else { continue }
            let place = UInt8(truncatingIfNeeded: position)
            let fixed = find(
                Self.hash(OctetHash.hash(value.raw), at: position, in: family), place)
            let open = find(Self.openHash(at: position, in: family), place)
            let count = (fixed.map { lists[$0].count } ?? 0) + (open.map { lists[$0].count } ?? 0)
            // One value that nobody has or leaves open there, and nothing is covered.
            guard count > 0 else { return }
            if count < shortest?.count ?? .max { shortest = (fixed, open, count) }
        }
        for list in [shortest?.fixed, shortest?.open] {
            var place = list.map { lists[$0].first } ?? none
            while place != none {
                body(cells[place].node)
                place = cells[place].next
            }
        }
    }

    private static func openHash(at position: Int, in family: UInt64) -> UInt64 {
        OctetHash.appending(
            OctetHash.anySegment ^ UInt64(truncatingIfNeeded: position) << 56, to: family)
    }

    private static func hash(_ value: UInt64, at position: Int, in family: UInt64) -> UInt64 {
        let position = UInt64(truncatingIfNeeded: position)
        return OctetHash.appending(value ^ position << 56, to: family)
    }

    private func find(_ hash: UInt64, _ position: UInt8) -> Int? {
        // Two values with one 64-bit hash would share a list; the rooms on it are compared anyway.
        // The position is compared so that no room can be on a list twice.
        table.find(TagTable.tag(hash)) {
            lists[$0].hash == hash && lists[$0].position == position
        }
    }

    private mutating func findOrMakeList(_ hash: UInt64, _ position: UInt8) -> UInt32 {
        if let list = find(hash, position) { return UInt32(list) }
        let list = List(hash: hash, position: position, first: none, count: 0)
        let place = lists.store(list)
        table.insert(TagTable.tag(hash), Int(place))
        return place
    }

    private mutating func freeList(_ place: UInt32) {
        table.remove(TagTable.tag(lists[place].hash), Int(place))
        lists.free(place)
    }

    /// Checks the links of all lists; `isPosted` says whether a node in use has postings.
    func checkInvariants(isPosted: (UInt32) -> Bool) {
        table.checkInvariants()
        var used = 0
        table.forEach { _, place in
            var cell = lists[place].first
            var previous = none
            var count = 0
            while cell != none {
                precondition(cells[cell].list == UInt32(place))
                precondition(cells[cell].previous == previous)
                precondition(isPosted(cells[cell].node))
                previous = cell
                cell = cells[cell].next
                count += 1
            }
            precondition(count == Int(lists[place].count) && count > 0)
            used += count
        }
        precondition(used == (0..<cells.count).count { cells[$0].node != none })
    }
}
