// RememberedRooms — the matches of rooms that were published to lately.
//
// Bounded: when it is full, a clock hand passes over the records and replaces the first that was
// not used since it last came by. A record keeps the octets of the room it was made from, shared
// with the publication, so remembering copies only the short list of member lists.

/// A bounded memory from rooms to member lists.
struct RememberedRooms: ~Copyable {
    /// Safety: `base` points to `capacity` list names allocated here, the first `count` initialized.
    @safe
    private struct Record {
        var room: Room
        var realm: Realm
        var wasUsed: Bool
        var tag: UInt32
        /// ``Epochs/stamp(of:in:)`` when the lists were found.
        var stamp: UInt64
        var base: UnsafeMutablePointer<MemberListID>?
        var count: Int
        var capacity: Int
    }

    private var table = TagTable()
    private var records: [Record] = []
    private var hand = 0
    private let limit: Int

    init(limit: Int) {
        precondition(limit >= 1)
        self.limit = limit
    }

    deinit {
        for record in records { unsafe record.base?.deallocate() }
    }

    var count: Int { records.count }

    static func tag(of room: borrowing Room, in realm: Realm) -> UInt32 {
        TagTable.tag(OctetHash.hash(room.fingerprint, for: .remembered, in: realm))
    }

    /// Where `room` is remembered, whether still right or not.
    func find(_ room: borrowing Room, in realm: Realm, _ tag: UInt32) -> Int? {
        table.find(tag) { records[$0].realm == realm && records[$0].room == room }
    }

    /// The lists at `place` if nothing changed since `stamp`.
    mutating func lists(at place: Int, ifStill stamp: UInt64) -> MatchedLists? {
        guard records[place].stamp == stamp else { return nil }
        records[place].wasUsed = true
        return unsafe MatchedLists(
            base: records[place].base.map { unsafe UnsafePointer($0) }, count: records[place].count)
    }

    /// Notes what `room` matches, at `place` if it is remembered already.
    mutating func remember(
        _ room: Room, in realm: Realm, tag: UInt32, at place: Int?, stamp: UInt64,
        lists: [MemberListID]
    ) -> MatchedLists {
        let place = place ?? makePlace(for: room, in: realm, tag: tag)
        if records[place].capacity < lists.count || records[place].capacity > lists.count * 4 {
            unsafe records[place].base?.deallocate()
            unsafe records[place].base =
                lists.isEmpty ? nil : .allocate(capacity: lists.count)
            records[place].capacity = lists.count
        }
        for index in lists.indices {
            unsafe (records[place].base.unsafelyUnwrapped + index).initialize(to: lists[index])
        }
        records[place].count = lists.count
        records[place].stamp = stamp
        records[place].wasUsed = true
        return unsafe MatchedLists(
            base: records[place].base.map { unsafe UnsafePointer($0) }, count: lists.count)
    }

    private mutating func makePlace(for room: Room, in realm: Realm, tag: UInt32) -> Int {
        let place: Int
        if records.count < limit {
            place = records.count
            unsafe records.append(
                Record(
                    room: room, realm: realm, wasUsed: false, tag: tag, stamp: 0, base: nil,
                    count: 0, capacity: 0))
        } else {
            place = advanceHand()
            table.remove(records[place].tag, place)
            records[place].room = room
            records[place].realm = realm
            records[place].tag = tag
        }
        table.insert(tag, place)
        return place
    }

    /// The record to give up. The hand looks at no more than 64, so that no publication pays for
    /// a whole round.
    private mutating func advanceHand() -> Int {
        for _ in 0..<64 {
            hand = hand + 1 < records.count ? hand + 1 : 0
            if !records[hand].wasUsed { break }
            records[hand].wasUsed = false
        }
        return hand
    }

    func checkInvariants() {
        table.checkInvariants()
        precondition(table.count == records.count && records.count <= limit)
        for (place, record) in records.enumerated() {
            precondition(record.tag == Self.tag(of: record.room, in: record.realm))
            precondition(find(record.room, in: record.realm, record.tag) == place)
            precondition(record.count <= record.capacity)
        }
    }
}
