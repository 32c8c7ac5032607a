// RememberedRooms — the matches of rooms that were published to lately.
//
// A record is one cache line: with names of up to 32 octets (of at most 8 segments) and one or two
// member lists it holds both itself, and the tags say where it lies (TagGroups.swift). So recalling
// a room among millions waits for memory once. There is no fingerprint to compare first: of other
// rooms the tag lets pass one in 255, and names must be compared anyway.
//
// Bounded: when both groups of places that a room may lie in are full, it takes the place of one of
// their rooms that was not recalled lately. Rooms that reach many lists share a number of them: who
// subscribes to hundreds of patterns in every form would else have each room that is named below
// them remember thousands of lists.

/// A bounded memory from rooms to member lists.
struct RememberedRooms: ~Copyable {
    /// Safety: while `listCount` is `outside`, `lists` holds the address of a block as `ListBlock`
    /// describes it, otherwise that many list names.
    struct Record: BitwiseCopyable {
        static let inlineListCount = 2
        static let inlineSize = 40
        static let outside = UInt8.max
        static let unused = Record(stamp: 0, realm: .standard, segmentCount: 0, size: 0)

        /// ``Epochs/stamp(of:in:)`` when the lists were found.
        var stamp: UInt64
        var realm: Realm
        var segmentCount: UInt8
        var size: UInt8
        var listCount: UInt8 = 0
        var lists: UInt64 = 0
        var name = InlineArray<5, UInt64>(repeating: 0)
    }

    /// What stands in front of the list names in a block of their own.
    struct ListBlock: BitwiseCopyable {
        var count: UInt32
        var capacity: UInt32
    }

    var groups: TagGroups
    /// As many as there are places; those in use are the ones that are taken.
    var records: Slab<Record>
    private let groupLimit: Int
    /// List names that blocks have room for, and how many that may be.
    var blockedCount = 0
    let blockLimit: Int
    /// Where the next look for blocks to give up begins.
    var hand = 0

    /// - Parameters:
    ///   - limit: Rooms, rounded up to whole groups. While there are half as many, none has to go
    ///     for another; at four fifths one in 400 has to, and of as many one in eighteen.
    ///   - blockLimit: Lists of all rooms together that reach more than two.
    init(limit: Int, blockLimit: Int = IndexLimits.standard.rememberedLists) {
        precondition(limit >= 1 && limit <= UInt32.max)
        self.blockLimit = blockLimit
        groupLimit = (limit + TagGroups.placesPerGroup - 1) / TagGroups.placesPerGroup
        groups = TagGroups(groupCount: 1)
        records = Slab(repeating: .unused, count: groups.capacity)
    }

    deinit {
        for place in 0..<groups.capacity where groups.isTaken(place) {
            let record = unsafe records.pointer(to: place)
            unsafe Self.freeBlock(of: record)
            unsafe Self.dropName(of: record)
        }
    }

    var count: Int { groups.count }

    /// What a room is found by. Fingerprints are well mixed, and only rooms are in here.
    static func hash(of room: borrowing Room, in realm: Realm) -> UInt64 {
        hash(room.fingerprint, realm)
    }

    private static func hash(_ fingerprint: UInt64, _ realm: Realm) -> UInt64 {
        fingerprint ^ UInt64(realm.rawValue) &* 0x9E37_79B9_7F4A_7C15
    }

    /// Where `room` is remembered, whether still right or not.
    @inline(__always)
    func find(_ room: borrowing Room, in realm: Realm, _ hash: UInt64) -> Int? {
        groups.find(hash) { place in
            let record = unsafe records.pointer(to: place)
            return unsafe record.pointee.realm == realm && room.isNamed(Self.name(of: record))
        }
    }

    /// The lists at `place` if nothing changed since `stamp`.
    @inline(__always)
    mutating func lists(at place: Int, ifStill stamp: UInt64) -> MatchedLists? {
        let record = unsafe records.pointer(to: place)
        guard unsafe record.pointee.stamp == stamp else { return nil }
        groups.mark(place)
        return unsafe Self.view(of: record)
    }

    /// Chooses the place where a room that is not remembered will be. Nothing may happen here
    /// before it is remembered there.
    ///
    /// Its line is seldom in the cache, and looking the room up takes longer than it takes to come.
    /// Writing to it asks for it; other than for something read, the CPU does not wait.
    mutating func reserve(_ hash: UInt64) -> Int {
        let place = takePlace(hash)
        records[place].stamp = 0
        return place
    }

    /// Notes what `room` matches at `place`, where it is remembered already or which was reserved.
    ///
    /// - Returns: The lists; `nil` when there are too many to be remembered now.
    mutating func remember(
        _ room: borrowing Room, in realm: Realm, at place: Int, isReserved: Bool, stamp: UInt64,
        lists: [MemberListID]
    ) -> MatchedLists? {
        if isReserved {
            // Of who was there before; a record that was never used has nothing either.
            unsafe drop(place)
            records[place] = Record(
                stamp: 0, realm: realm, segmentCount: UInt8(room.segmentCount),
                size: UInt8(room.octets.count))
            unsafe NameStore.keep(
                room, in: Self.nameField(of: records.pointer(to: place)),
                inlineSize: Record.inlineSize)
        } else {
            // Who is published to once does not push out those who are published to again: only
            // these are marked.
            groups.mark(place)
        }
        let record = unsafe records.pointer(to: place)
        guard unsafe makeSpace(for: lists.count, in: record) else {
            // No stamp of a room that reaches any list is 0.
            unsafe record.pointee.stamp = 0
            return nil
        }
        unsafe record.pointee.stamp = stamp
        let base = unsafe Self.base(of: record)
        for index in lists.indices { unsafe (base + index).initialize(to: lists[index]) }
        return unsafe Self.view(of: record)
    }

    private mutating func takePlace(_ hash: UInt64) -> Int {
        if let place = groups.take(hash) { return place }
        if groups.groupCount < groupLimit {
            grow()
            if let place = groups.take(hash) { return place }
        }
        _ = groups.makeWay(for: hash)
        guard let place = groups.take(hash) else {
            preconditionFailure("a place was freed and is not free")
        }
        return place
    }

    private mutating func grow() {
        var larger = TagGroups(groupCount: min(groups.groupCount * 2, groupLimit))
        var moved = Slab(repeating: Record.unused, count: larger.capacity)
        for place in 0..<groups.capacity where groups.isTaken(place) {
            if let newPlace = larger.take(hash(at: place)) {
                moved[newPlace] = records[place]
            } else {
                unsafe drop(place)
            }
        }
        groups = larger
        records = moved
    }

    /// The hash of who is at `place`, made anew.
    private func hash(at place: Int) -> UInt64 {
        let name = unsafe Self.name(of: records.pointer(to: place))
        var fingerprint = OctetHash.start
        for index in 0..<name.segmentCount {
            fingerprint = OctetHash.appending(
                OctetHash.hash(name.segment(index)), to: fingerprint)
        }
        return Self.hash(fingerprint, records[place].realm)
    }

    // MARK: Inside a record

    @unsafe
    @inline(__always)
    static func listField(
        of record: UnsafeMutablePointer<Record>
    ) -> UnsafeMutableRawPointer {
        let offset = MemoryLayout<Record>.size - Record.inlineSize - MemoryLayout<UInt64>.size
        return unsafe UnsafeMutableRawPointer(record) + offset
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

    /// Gives back what a record has outside itself.
    @unsafe
    private mutating func drop(_ place: Int) {
        let record = unsafe records.pointer(to: place)
        unsafe dropLists(of: record)
        unsafe Self.dropName(of: record)
    }

    @unsafe
    private static func dropName(of record: UnsafeMutablePointer<Record>) {
        unsafe NameStore.drop(
            in: UnsafeRawPointer(nameField(of: record)), record.pointee.segmentCount,
            record.pointee.size, inlineSize: Record.inlineSize)
    }

    func checkInvariants() {
        precondition(MemoryLayout<Record>.size == 64)
        precondition(MemoryLayout<Record>.offset(of: \.lists) == 16)
        precondition(MemoryLayout<Record>.offset(of: \.name) == 24)
        precondition(records.count == groups.capacity && groups.groupCount <= groupLimit)
        groups.checkInvariants { hash(at: $0) }
        var blocked = 0
        for place in 0..<groups.capacity where groups.isTaken(place) {
            let record = unsafe records.pointer(to: place)
            let room = unsafe Room(Self.name(of: record))
            let realm = unsafe record.pointee.realm
            precondition(Self.hash(of: room, in: realm) == hash(at: place))
            precondition(find(room, in: realm, hash(at: place)) == place)
            let listCount = unsafe record.pointee.listCount
            guard listCount == Record.outside else {
                precondition(listCount <= UInt8(Record.inlineListCount))
                continue
            }
            let block = unsafe Self.block(of: record).pointee
            precondition(block.count > UInt32(Record.inlineListCount))
            precondition(block.count <= block.capacity)
            blocked += Int(block.capacity)
        }
        precondition(blocked == blockedCount && blocked <= blockLimit)
    }
}
