// Epochs — how a remembered room notices, in four loads, that its matches may have changed.
//
// A change bumps one counter chosen by what it can touch: an exact room by itself, a glob by its
// parent, wildcards by realm and length, prefixes by realm. A room sums the counters that concern
// it; as counters only grow, an unchanged sum means nothing happened. Counters are shared by
// hashing, so a change elsewhere may cause a needless look, never a missed one. Adding or removing
// a pattern thus costs one increment, whatever the number of rooms and subscribers.

/// Counters of changes.
struct Epochs: ~Copyable {
    private var narrow = Slab<UInt64>(repeating: 0, count: 4096)
    private var wide = Slab<UInt64>(repeating: 0, count: 256)

    init() {}

    /// The sum of everything that can change what `room` matches.
    @inline(__always)
    func stamp(of room: borrowing Room, in realm: Realm) -> UInt64 {
        narrow[Self.narrow(room.fingerprint, realm)]
            &+ narrow[Self.narrow(room.parentFingerprint, realm)]
            &+ wide[Self.wide(room.segmentCount, realm)]
            &+ wide[Self.wide(-1, realm)]
    }

    /// Something came or went that can only reach this room, or what is right below it.
    mutating func bump(room fingerprint: UInt64, in realm: Realm) {
        narrow[Self.narrow(fingerprint, realm)] &+= 1
    }

    /// A list of a wildcard of that many segments came or went.
    mutating func bump(wildcardOf segmentCount: Int, in realm: Realm) {
        wide[Self.wide(segmentCount, realm)] &+= 1
    }

    /// A list of a prefix came or went.
    mutating func bumpPrefixes(in realm: Realm) { wide[Self.wide(-1, realm)] &+= 1 }

    private static func narrow(_ fingerprint: UInt64, _ realm: Realm) -> Int {
        Int(truncatingIfNeeded: fingerprint ^ UInt64(realm.rawValue)) & 4095
    }

    /// The counter of one length, or of the prefixes with -1.
    private static func wide(_ count: Int, _ realm: Realm) -> Int {
        (Int(realm.rawValue) &* 37 &+ count &+ 1) & 255
    }
}
