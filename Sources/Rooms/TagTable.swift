// TagTable — from hashes to places in some array: open addressing with linear probing.
//
// It holds no keys. A slot is 8 octets: a 32-bit tag cut from the hash and the place; the caller,
// who owns the array, compares the real key when tags agree. Growing needs no key either, since
// the tag alone says where a slot belongs. Removing shifts later slots back, so there are no
// tombstones and a table that breathes stays fast.

/// Hash → place, for arrays that grow and shrink.
///
/// Safety: `slots` points to `size` slots allocated here and freed in `deinit`, all initialized;
/// `size` is a power of two and every index is masked with it.
@safe
struct TagTable: ~Copyable {
    /// `place + 1` above, tag below; 0 is an empty slot.
    private var slots: UnsafeMutablePointer<UInt64>
    private var size: Int
    private(set) var count = 0

    init() {
        size = 16
        unsafe slots = Self.allocate(16)
    }

    deinit { unsafe slots.deallocate() }

    private static func allocate(_ size: Int) -> UnsafeMutablePointer<UInt64> {
        let slots = UnsafeMutablePointer<UInt64>.allocate(capacity: size)
        unsafe slots.initialize(repeating: 0, count: size)
        return unsafe slots
    }

    /// The part of a hash this table works with.
    static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) }

    /// The place stored under `tag` for which `isMatch` holds.
    ///
    /// - Complexity: O(1) expected; `isMatch` is called only where tags agree.
    @inline(__always)
    func find(_ tag: UInt32, where isMatch: (Int) -> Bool) -> Int? {
        let mask = size &- 1
        var index = Int(tag) & mask
        while true {
            let slot = unsafe slots[index]
            if slot == 0 { return nil }
            if Self.tag(in: slot) == tag {
                let place = Self.place(in: slot)
                if isMatch(place) { return place }
            }
            index = (index &+ 1) & mask
        }
    }

    /// Adds `place`, which must not be stored under `tag` already.
    mutating func insert(_ tag: UInt32, _ place: Int) {
        precondition(place >= 0 && place < Int(UInt32.max))
        if (count + 1) * 4 > size * 3 { resize(to: size * 2) }
        put(UInt64(place + 1) << 32 | UInt64(tag))
        count += 1
    }

    /// Removes `place`, which must be stored under `tag`.
    mutating func remove(_ tag: UInt32, _ place: Int) {
        let mask = size - 1
        let wanted = UInt64(place + 1) << 32 | UInt64(tag)
        var hole = Int(tag) & mask
        while unsafe slots[hole] != wanted {
            precondition(unsafe slots[hole] != 0, "removed from a table that does not hold it")
            hole = (hole + 1) & mask
        }
        // A later slot may fill the hole unless that would put it before its own beginning.
        var index = (hole + 1) & mask
        while true {
            let slot = unsafe slots[index]
            if slot == 0 { break }
            let home = Int(Self.tag(in: slot)) & mask
            if (index - home) & mask >= (index - hole) & mask {
                unsafe slots[hole] = slot
                hole = index
            }
            index = (index + 1) & mask
        }
        unsafe slots[hole] = 0
        count -= 1
        if size > 64 && count * 8 < size { resize(to: size / 2) }
    }

    private mutating func put(_ slot: UInt64) {
        let mask = size - 1
        var index = Int(Self.tag(in: slot)) & mask
        while unsafe slots[index] != 0 { index = (index + 1) & mask }
        unsafe slots[index] = slot
    }

    private mutating func resize(to newSize: Int) {
        let (old, oldSize) = unsafe (slots, size)
        unsafe slots = Self.allocate(newSize)
        size = newSize
        for index in 0..<oldSize where unsafe old[index] != 0 { put(unsafe old[index]) }
        unsafe old.deallocate()
    }

    private static func tag(in slot: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: slot) }
    private static func place(in slot: UInt64) -> Int { Int(slot >> 32) - 1 }

    /// Calls `body` with every tag and place.
    func forEach(_ body: (UInt32, Int) -> Void) {
        for index in 0..<size {
            let slot = unsafe slots[index]
            if slot != 0 { body(Self.tag(in: slot), Self.place(in: slot)) }
        }
    }

    /// Checks that every slot can be found from its tag.
    func checkInvariants() {
        precondition(size & (size - 1) == 0)
        precondition(count * 4 <= size * 3)
        var seen = 0
        forEach { tag, place in
            seen += 1
            precondition(find(tag, where: { $0 == place }) != nil)
        }
        precondition(seen == count)
    }
}
