// Membership — who is subscribed: member lists and the entries that point into them.
//
// A member is stored once, in the dense array of its list, where fan-out reads it in sequence. An
// entry knows its list and position; when a member leaves, the last one takes its place and its
// entry is told. Joining and leaving are O(1) whatever the size of the list.
//
// Memory: 8 octets of entry and 8 of member per subscription, at most doubled by growth.

/// No list, no node, no entry: the end of every chain of indices here.
let none = UInt32.max

/// One run of members, 32 octets. A single member is in the list itself, which is all that most
/// rooms of a server with a room per user ever have.
///
/// Safety: while `capacity` is more than 1, `storage` holds the address of a block of `capacity`
/// members allocated by ``Membership``, the first `count` initialized; while it is 1, `storage` is
/// the member; while it is 0 the list is free.
struct MemberList: Poolable {
    var envelopeClass: EnvelopeClass
    /// The pattern's node, or nothing while the list is free.
    var node: UInt32
    /// The next list of the same node, or the next free list.
    var next: UInt32
    fileprivate var storage: UInt64 = 0
    var count: UInt32 = 0
    fileprivate(set) var capacity: UInt32 = 1

    fileprivate init(envelopeClass: EnvelopeClass, node: UInt32, next: UInt32) {
        self.envelopeClass = envelopeClass
        self.node = node
        self.next = next
    }

    var nextFree: UInt32 {
        get { next }
        set { next = newValue }
    }

    @unsafe
    fileprivate var block: UnsafeMutablePointer<Member>? {
        get { unsafe UnsafeMutablePointer(bitPattern: UInt(storage)) }
        set { storage = UInt64(UInt(bitPattern: newValue)) }
    }
}

/// All member lists and entries of one core.
struct Membership: ~Copyable {
    /// Where one subscription's member is.
    struct Entry: Poolable {
        /// Nothing while the entry is free.
        var list: UInt32
        /// The member's place in the list, or the next free entry.
        var position: UInt32

        var nextFree: UInt32 {
            get { position }
            set { position = newValue }
        }
    }

    private var lists = Pool<MemberList>()
    private var entries = Pool<Entry>()
    /// Subscriptions.
    private(set) var count = 0

    init() {}

    deinit {
        for place in 0..<lists.count where lists[place].capacity > 1 {
            unsafe lists[place].block?.deallocate()
        }
    }

    /// The member lists in use and out of use.
    var listCount: Int { lists.count }

    func list(_ list: UInt32) -> MemberList { lists[list] }

    /// The members of a list, lent.
    func members(of list: UInt32) -> UnsafeBufferPointer<Member> {
        unsafe UnsafeBufferPointer(start: base(of: list), count: Int(lists[list].count))
    }

    /// Where the members of a list are: its block, or the one field of the list itself.
    @unsafe
    @inline(__always)
    private func base(of place: UInt32) -> UnsafeMutablePointer<Member> {
        let list = unsafe lists.pointer(to: Int(place))
        if unsafe list.pointee.capacity > 1 { return unsafe list.pointee.block.unsafelyUnwrapped }
        // Behind the class, the node and the next list; `checkInvariants` looks.
        return unsafe (UnsafeMutableRawPointer(list) + 16).assumingMemoryBound(to: Member.self)
    }

    /// Makes an empty list; it must get a member before anything else happens.
    mutating func makeList(
        of envelopeClass: EnvelopeClass, at node: UInt32, before next: UInt32
    ) -> UInt32 {
        lists.store(MemberList(envelopeClass: envelopeClass, node: node, next: next))
    }

    /// Gives an empty list back.
    mutating func freeList(_ place: UInt32) {
        precondition(lists[place].count == 0)
        if lists[place].capacity > 1 { unsafe lists[place].block?.deallocate() }
        lists[place].capacity = 0
        lists[place].node = none
        lists.free(place)
    }

    mutating func setNext(of list: UInt32, to next: UInt32) { lists[list].next = next }

    /// Whether one more subscription can be named.
    var isFull: Bool { entries.isFull }

    /// Adds a subscription of `connection` to a list.
    mutating func join(_ list: UInt32, connection: UInt32) -> EntryID {
        if lists[list].count == lists[list].capacity {
            // 3, 7, 15… members fill what malloc hands out, which keeps 8 octets for itself.
            resize(list, to: lists[list].capacity * 2 + 1)
        }
        let position = lists[list].count
        let entry = entries.store(Entry(list: list, position: position))
        let member = Member(connection: connection, entry: entry)
        unsafe (base(of: list) + Int(position)).initialize(to: member)
        lists[list].count += 1
        count += 1
        return EntryID(rawValue: entry)
    }

    /// Removes a subscription and returns its list, which may be empty now.
    mutating func leave(_ id: EntryID) -> UInt32 {
        precondition(id.rawValue < UInt32(entries.count))
        let entry = entries[id.rawValue]
        precondition(entry.list != none, "a subscription was removed twice")
        let list = lists[entry.list]
        let base = unsafe base(of: entry.list)
        precondition(unsafe base[Int(entry.position)].entry == id.rawValue)
        let last = unsafe base[Int(list.count - 1)]
        unsafe base[Int(entry.position)] = last
        entries[last.entry].position = entry.position
        entries[id.rawValue].list = none
        entries.free(id.rawValue)
        lists[entry.list].count -= 1
        count -= 1
        // Shrinking at a quarter leaves room both ways, so a list at the edge does not thrash.
        if list.capacity > 8 && (list.count - 1) * 4 <= list.capacity {
            resize(entry.list, to: list.capacity / 2)
        }
        return entry.list
    }

    /// The list a subscription is in.
    func list(of id: EntryID) -> UInt32 {
        precondition(id.rawValue < UInt32(entries.count))
        precondition(entries[id.rawValue].list != none, "the subscription was removed")
        return entries[id.rawValue].list
    }

    private mutating func resize(_ place: UInt32, to capacity: UInt32) {
        let list = lists[place]
        precondition(capacity >= list.count)
        let base = unsafe base(of: place)
        let fresh = UnsafeMutablePointer<Member>.allocate(capacity: Int(capacity))
        unsafe fresh.initialize(from: base, count: Int(list.count))
        if list.capacity > 1 { unsafe base.deallocate() }
        unsafe lists[place].block = fresh
        lists[place].capacity = capacity
    }

    /// Checks that entries and members point at each other and that the free chains are whole.
    func checkInvariants() {
        var memberCount = 0
        precondition(MemoryLayout<MemberList>.offset(of: \.storage) == 16)
        for place in 0..<lists.count where lists[place].node != none {
            let list = lists[place]
            precondition(list.count > 0 && list.count <= list.capacity)
            memberCount += Int(list.count)
            let members = unsafe members(of: UInt32(place))
            for position in members.indices {
                let entry = unsafe entries[Int(members[position].entry)]
                precondition(entry.list == UInt32(place) && entry.position == UInt32(position))
            }
        }
        precondition(memberCount == count)
        var free = 0
        entries.forEachFree { entry in
            precondition(entries[entry].list == none)
            free += 1
        }
        precondition(free + count == entries.count)
        lists.forEachFree { list in
            precondition(lists[list].node == none)
            precondition(lists[list].capacity == 0)
        }
    }
}
