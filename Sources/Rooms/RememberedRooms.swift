// RememberedRooms — the matches of rooms that were published to lately.
//
// Bounded: when it is full, a clock hand passes over the records and replaces the first that was
// not used since it last came by. A record is two cache lines: with names of up to 72 octets (of at
// most 8 segments) and up to 4 member lists it holds both itself, so that recalling a room among
// millions costs two waits for memory, the slot of the table and the record.

/// A bounded memory from rooms to member lists.
struct RememberedRooms: ~Copyable {
    /// Safety: while `capacity` is 0 the lists are in the record, otherwise in a block of that many,
    /// whose address `lists` holds; the first `count` are initialized.
    struct Record: BitwiseCopyable {
        static let inlineListCount = 4
        static let inlineSize = 80

        var fingerprint: UInt64
        /// ``Epochs/stamp(of:in:)`` when the lists were found.
        var stamp: UInt64 = 0
        var realm: Realm
        var segmentCount: UInt8
        var size: UInt8
        var wasUsed = false
        var count: UInt32 = 0
        var capacity: UInt32 = 0
        var lists = InlineArray<2, UInt64>(repeating: 0)
        var name = InlineArray<10, UInt64>(repeating: 0)

        var tag: UInt32 { RememberedRooms.tag(fingerprint, realm) }
    }

    private var table = TagTable()
    private var records = Slab<Record>()
    private var writer = NameWriter()
    private var hand = 0
    private let limit: Int

    init(limit: Int) {
        precondition(limit >= 1)
        self.limit = limit
    }

    deinit { for place in 0..<records.count { unsafe drop(place) } }

    var count: Int { records.count }

    static func tag(of room: borrowing Room, in realm: Realm) -> UInt32 {
        tag(room.fingerprint, realm)
    }

    /// Nothing but rooms is kept in this table, so their fingerprints need no mixing again.
    private static func tag(_ fingerprint: UInt64, _ realm: Realm) -> UInt32 {
        TagTable.tag(fingerprint) ^ UInt32(realm.rawValue) &* 0x9E37_79B1
    }

    /// Where `room` is remembered, whether still right or not.
    @inline(__always)
    func find(_ room: borrowing Room, in realm: Realm, _ tag: UInt32) -> Int? {
        table.find(tag) { place in
            let record = unsafe records.pointer(to: place)
            return unsafe record.pointee.fingerprint == room.fingerprint
                && record.pointee.realm == realm && room.isNamed(Self.name(of: record))
        }
    }

    /// The lists at `place` if nothing changed since `stamp`.
    @inline(__always)
    mutating func lists(at place: Int, ifStill stamp: UInt64) -> MatchedLists? {
        let record = unsafe records.pointer(to: place)
        guard unsafe record.pointee.stamp == stamp else { return nil }
        unsafe record.pointee.wasUsed = true
        return unsafe Self.view(of: record)
    }

    /// Notes what `room` matches, at `place` if it is remembered already.
    mutating func remember(
        _ room: borrowing Room, in realm: Realm, tag: UInt32, at place: Int?, stamp: UInt64,
        lists: [MemberListID]
    ) -> MatchedLists {
        let place = place ?? makePlace(for: room, in: realm, tag: tag)
        let record = unsafe records.pointer(to: place)
        let capacity = unsafe Int(record.pointee.capacity)
        if lists.count > max(capacity, Record.inlineListCount) || capacity > lists.count * 4 {
            unsafe Self.dropLists(of: record)
            if lists.count > Record.inlineListCount {
                let block = UnsafeMutablePointer<MemberListID>.allocate(capacity: lists.count)
                unsafe UnsafeMutableRawPointer(Self.field(of: record)).storeBytes(
                    of: block, as: UnsafeMutablePointer<MemberListID>.self)
                unsafe record.pointee.capacity = UInt32(lists.count)
            }
        }
        let base = unsafe Self.base(of: record)
        for index in lists.indices { unsafe (base + index).initialize(to: lists[index]) }
        unsafe record.pointee.count = UInt32(lists.count)
        unsafe record.pointee.stamp = stamp
        unsafe record.pointee.wasUsed = true
        return unsafe Self.view(of: record)
    }

    private mutating func makePlace(
        for room: borrowing Room, in realm: Realm, tag: UInt32
    ) -> Int {
        writer.write(room)
        let name = writer.name
        let fresh = Record(
            fingerprint: room.fingerprint, realm: realm, segmentCount: UInt8(name.segmentCount),
            size: UInt8(name.size))
        let place: Int
        if records.count < limit {
            place = Int(records.append(fresh))
        } else {
            place = advanceHand()
            table.remove(records[place].tag, place)
            unsafe drop(place)
            records[place] = fresh
        }
        unsafe NameStore.keep(
            name, in: Self.nameField(of: records.pointer(to: place)),
            inlineSize: Record.inlineSize)
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

    // MARK: Inside a record

    @unsafe
    @inline(__always)
    private static func field(
        of record: UnsafeMutablePointer<Record>
    ) -> UnsafeMutablePointer<MemberListID> {
        let offset = MemoryLayout<Record>.size - Record.inlineSize - 4 * Record.inlineListCount
        return unsafe (UnsafeMutableRawPointer(record) + offset).assumingMemoryBound(
            to: MemberListID.self)
    }

    @unsafe
    @inline(__always)
    private static func nameField(
        of record: UnsafeMutablePointer<Record>
    ) -> UnsafeMutableRawPointer {
        unsafe UnsafeMutableRawPointer(record) + (MemoryLayout<Record>.size - Record.inlineSize)
    }

    @unsafe
    @inline(__always)
    private static func name(of record: UnsafeMutablePointer<Record>) -> Name {
        unsafe NameStore.find(
            in: UnsafeRawPointer(nameField(of: record)), record.pointee.segmentCount,
            record.pointee.size, inlineSize: Record.inlineSize)
    }

    @unsafe
    @inline(__always)
    private static func base(
        of record: UnsafeMutablePointer<Record>
    ) -> UnsafeMutablePointer<MemberListID> {
        let field = unsafe field(of: record)
        if unsafe record.pointee.capacity == 0 { return unsafe field }
        return unsafe UnsafeRawPointer(field).load(as: UnsafeMutablePointer<MemberListID>.self)
    }

    @unsafe
    @inline(__always)
    private static func view(of record: UnsafeMutablePointer<Record>) -> MatchedLists {
        unsafe MatchedLists(base: UnsafePointer(base(of: record)), count: Int(record.pointee.count))
    }

    @unsafe
    private static func dropLists(of record: UnsafeMutablePointer<Record>) {
        if unsafe record.pointee.capacity == 0 { return }
        unsafe base(of: record).deallocate()
        unsafe record.pointee.capacity = 0
    }

    /// Gives back what a record has outside itself.
    @unsafe
    private func drop(_ place: Int) {
        let record = unsafe records.pointer(to: place)
        unsafe Self.dropLists(of: record)
        unsafe NameStore.drop(
            in: UnsafeRawPointer(Self.nameField(of: record)), record.pointee.segmentCount,
            record.pointee.size, inlineSize: Record.inlineSize)
    }

    func checkInvariants() {
        precondition(MemoryLayout<Record>.size == 128)
        table.checkInvariants()
        precondition(table.count == records.count && records.count <= limit)
        for place in 0..<records.count {
            let room = unsafe Room(Self.name(of: records.pointer(to: place)))
            let record = records[place]
            precondition(record.fingerprint == room.fingerprint)
            precondition(find(room, in: record.realm, record.tag) == place)
            precondition(record.count <= max(record.capacity, UInt32(Record.inlineListCount)))
        }
    }
}
