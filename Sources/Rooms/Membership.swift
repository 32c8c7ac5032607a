// Membership — who is subscribed: member lists and the entries that point into them.
//
// A member is stored once, in the dense array of its list, where fan-out reads it in sequence. An
// entry knows its list and position; when a member leaves, the last one takes its place and its
// entry is told. Joining and leaving are O(1) whatever the size of the list.
//
// Memory: 8 octets of entry and 8 of member per subscription, at most doubled by growth.

/// No list, no node, no entry: the end of every chain of indices here.
let none = UInt32.max

/// One run of members. Safety: `base` points to `capacity` members allocated by ``Membership``,
/// the first `count` initialized; it is `nil` exactly while the list is free.
@safe
struct MemberList {
    var envelopeClass: EnvelopeClass
    /// The pattern's node, or nothing while the list is free.
    var node: UInt32
    /// The next list of the same node, or the next free list.
    var next: UInt32
    var base: UnsafeMutablePointer<Member>?
    var count: UInt32
    var capacity: UInt32
}

/// All member lists and entries of one core.
struct Membership: ~Copyable {
    /// Where one subscription's member is.
    struct Entry {
        /// Nothing while the entry is free.
        var list: UInt32
        /// The member's place in the list, or the next free entry.
        var position: UInt32
    }

    private var lists: [MemberList] = []
    private var freeList = none
    private var entries: [Entry] = []
    private var freeEntry = none
    /// Subscriptions.
    private(set) var count = 0

    init() {}

    deinit {
        for list in lists { unsafe list.base?.deallocate() }
    }

    /// The member lists in use and out of use.
    var listCount: Int { lists.count }

    func list(_ list: UInt32) -> MemberList { lists[Int(list)] }

    /// The members of a list, lent.
    func members(of list: UInt32) -> UnsafeBufferPointer<Member> {
        let list = lists[Int(list)]
        return unsafe UnsafeBufferPointer(start: list.base, count: Int(list.count))
    }

    /// Makes an empty list; it must get a member before anything else happens.
    mutating func makeList(
        of envelopeClass: EnvelopeClass, at node: UInt32, before next: UInt32
    ) -> UInt32 {
        let capacity: UInt32 = 2
        let base = UnsafeMutablePointer<Member>.allocate(capacity: Int(capacity))
        let list = unsafe MemberList(
            envelopeClass: envelopeClass, node: node, next: next, base: base, count: 0,
            capacity: capacity)
        if freeList != none {
            let place = freeList
            freeList = lists[Int(place)].next
            lists[Int(place)] = list
            return place
        }
        lists.append(list)
        return UInt32(lists.count - 1)
    }

    /// Gives an empty list back.
    mutating func freeList(_ place: UInt32) {
        precondition(lists[Int(place)].count == 0)
        unsafe lists[Int(place)].base?.deallocate()
        unsafe lists[Int(place)].base = nil
        lists[Int(place)].capacity = 0
        lists[Int(place)].node = none
        lists[Int(place)].next = freeList
        freeList = place
    }

    mutating func setNext(of list: UInt32, to next: UInt32) { lists[Int(list)].next = next }

    /// Whether one more subscription can be named.
    var isFull: Bool { freeEntry == none && entries.count >= Int(UInt32.max) - 1 }

    /// Adds a subscription of `connection` to a list.
    mutating func join(_ list: UInt32, connection: UInt32) -> EntryID {
        if lists[Int(list)].count == lists[Int(list)].capacity {
            resize(list, to: lists[Int(list)].capacity * 2)
        }
        let position = lists[Int(list)].count
        let entry: UInt32
        if freeEntry != none {
            entry = freeEntry
            freeEntry = entries[Int(entry)].position
            entries[Int(entry)] = Entry(list: list, position: position)
        } else {
            entry = UInt32(entries.count)
            entries.append(Entry(list: list, position: position))
        }
        let member = Member(connection: connection, entry: entry)
        unsafe (lists[Int(list)].base.unsafelyUnwrapped + Int(position)).initialize(to: member)
        lists[Int(list)].count += 1
        count += 1
        return EntryID(rawValue: entry)
    }

    /// Removes a subscription and returns its list, which may be empty now.
    mutating func leave(_ id: EntryID) -> UInt32 {
        precondition(id.rawValue < entries.count)
        let entry = entries[Int(id.rawValue)]
        precondition(entry.list != none, "a subscription was removed twice")
        let list = lists[Int(entry.list)]
        let base = unsafe list.base.unsafelyUnwrapped
        precondition(unsafe base[Int(entry.position)].entry == id.rawValue)
        let last = unsafe base[Int(list.count - 1)]
        unsafe base[Int(entry.position)] = last
        entries[Int(last.entry)].position = entry.position
        entries[Int(id.rawValue)] = Entry(list: none, position: freeEntry)
        freeEntry = id.rawValue
        lists[Int(entry.list)].count -= 1
        count -= 1
        // Shrinking at a quarter leaves room both ways, so a list at the edge does not thrash.
        if list.capacity > 8 && (list.count - 1) * 4 <= list.capacity {
            resize(entry.list, to: list.capacity / 2)
        }
        return entry.list
    }

    /// The list a subscription is in.
    func list(of id: EntryID) -> UInt32 {
        precondition(id.rawValue < entries.count)
        precondition(entries[Int(id.rawValue)].list != none, "the subscription was removed")
        return entries[Int(id.rawValue)].list
    }

    private mutating func resize(_ place: UInt32, to capacity: UInt32) {
        let list = lists[Int(place)]
        precondition(capacity >= list.count)
        let base = unsafe list.base.unsafelyUnwrapped
        let fresh = UnsafeMutablePointer<Member>.allocate(capacity: Int(capacity))
        unsafe fresh.moveInitialize(from: base, count: Int(list.count))
        unsafe base.deallocate()
        unsafe lists[Int(place)].base = fresh
        lists[Int(place)].capacity = capacity
    }

    /// Checks that entries and members point at each other and that the free chains are whole.
    func checkInvariants() {
        var memberCount = 0
        for (place, list) in lists.enumerated() where list.node != none {
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
        var entry = freeEntry
        while entry != none {
            precondition(entries[Int(entry)].list == none)
            free += 1
            entry = entries[Int(entry)].position
        }
        precondition(free + count == entries.count)
        var list = freeList
        while list != none {
            precondition(lists[Int(list)].node == none)
            precondition(unsafe lists[Int(list)].base == nil)
            list = lists[Int(list)].next
        }
    }
}
