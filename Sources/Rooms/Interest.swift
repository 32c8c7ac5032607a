// Interest — the keys by which cores tell each other what they listen to.
//
// Pure: a pattern has one key, and a publication probes the few keys any pattern that matches its
// room can have. The summary built on them may only err towards posting: if a pattern matches a
// room, the pattern's key is among those the room probes; the reverse need not hold. Keys are made
// with the process-wide hash, so all cores agree, and mean nothing outside the process.
//
// Covering publishes are not among the probes: a pattern on the publishing side may meet exact
// rooms of any name, so they go to every core.

/// One entry of the interest summary.
@frozen
@usableFromInline
package struct InterestKey: Hashable, Sendable {
    @usableFromInline package let rawValue: UInt64

    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

extension Pattern {
    /// The key this pattern is announced under.
    ///
    /// Exact rooms and globs have keys of their own (a glob that of its parent), wildcards one per
    /// realm and length, prefixes one per realm.
    package func interestKey(in realm: Realm) -> InterestKey {
        switch self {
        case .exact(let room): exactKey(room.fingerprint, realm)
        case .glob(let parent, _): parentKey(parent.fingerprint, realm)
        case .wildcard(let components): wildcardKey(components.count, realm)
        case .prefix: prefixKey(realm)
        }
    }
}

extension Room {
    /// Calls `body` with every key under which a pattern that matches this room can be announced.
    package func forEachInterestKey(in realm: Realm, _ body: (InterestKey) -> Void) {
        body(exactKey(fingerprint, realm))
        body(parentKey(fingerprint, realm))  // a glob that matches the empty text
        body(parentKey(parentFingerprint, realm))
        body(wildcardKey(segmentCount, realm))
        body(prefixKey(realm))
    }
}

private func exactKey(_ fingerprint: UInt64, _ realm: Realm) -> InterestKey {
    InterestKey(rawValue: OctetHash.hash(fingerprint, for: .exact, in: realm))
}

private func parentKey(_ fingerprint: UInt64, _ realm: Realm) -> InterestKey {
    InterestKey(rawValue: OctetHash.hash(fingerprint, for: .globParent, in: realm))
}

private func wildcardKey(_ count: Int, _ realm: Realm) -> InterestKey {
    let count = UInt64(truncatingIfNeeded: count)
    return InterestKey(rawValue: OctetHash.hash(count, for: .wildcard, in: realm))
}

private func prefixKey(_ realm: Realm) -> InterestKey {
    InterestKey(rawValue: OctetHash.hash(0, for: .prefix, in: realm))
}
