// IndexTypes — the words of the room index: what its callers hand in and get back.

/// Subscribers of one class get the same octets.
///
/// Opaque here: the engine packs into it whatever tells two envelopes apart.
@frozen
@usableFromInline
package struct EnvelopeClass: Hashable, Sendable {
    @usableFromInline package let rawValue: UInt64

    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One subscriber in a member list: 8 octets, read in sequence on fan-out.
@frozen
@usableFromInline
package struct Member: BitwiseCopyable, Sendable {
    /// The slot of the connection on this core.
    @usableFromInline package let connection: UInt32
    /// The subscription; what swap-remove follows back.
    @usableFromInline package let entry: UInt32

    @inlinable
    package init(connection: UInt32, entry: UInt32) {
        self.connection = connection
        self.entry = entry
    }
}

/// Names the subscribers of one class at one pattern, until the last of them has left.
@frozen
@usableFromInline
package struct MemberListID: Hashable, BitwiseCopyable, Sendable {
    @usableFromInline package let rawValue: UInt32

    @inlinable
    package init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// Names one subscription of one connection, from `add` to `remove`. Reused afterwards.
@frozen
@usableFromInline
package struct EntryID: Hashable, BitwiseCopyable, Sendable {
    @usableFromInline package let rawValue: UInt32

    @inlinable
    package init(rawValue: UInt32) { self.rawValue = rawValue }
}

/// The member lists a publication goes to.
///
/// Safety: a view into the index, valid until the index is next called mutably (`add`, `remove` or
/// another `match`). Take what is needed and let go of it; the bound of every access is checked.
@safe
@frozen
@usableFromInline
package struct MatchedLists: BitwiseCopyable {
    @usableFromInline internal let base: UnsafePointer<MemberListID>?
    @usableFromInline package let count: Int

    @inlinable
    internal init(base: UnsafePointer<MemberListID>?, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    @inlinable
    package var isEmpty: Bool { count == 0 }

    @inlinable
    package subscript(index: Int) -> MemberListID {
        precondition(index >= 0 && index < count)
        return unsafe base.unsafelyUnwrapped[index]
    }
}

/// How much one index holds; each is an error of the one who asks for more.
package struct IndexLimits: Sendable {
    /// Different sets of fixed positions among the wildcards of one realm and length.
    package var shapesPerLength = 64
    /// Globs under one parent.
    package var globsPerParent = 256
    /// Patterns one publication may meet. With the other limits as they are it cannot be reached
    /// (1 exact, 256 prefixes, 64 shapes, 2 × 256 globs); past it the rest is left out and counted.
    package var nodesPerMatch = 1024
    /// `nil` positions in one wildcard pattern.
    package var wildcardsPerPattern = 8
    /// Rooms whose matches are remembered, rounded up to a multiple of 7; at least 1. Rooms that
    /// are published to all the time want a quarter more than there are of them: see
    /// `RememberedRooms`.
    package var rememberedRooms = 65_536
    /// Member lists that are remembered for rooms that reach more than two, 4 octets each. What is
    /// beyond is looked up each time.
    package var rememberedLists = 1 << 20
    /// Whether exact rooms, and rooms above globs, are kept findable for covering publishes. It
    /// costs 16 octets of a room and, from a family's first such publish on, about 32 per segment
    /// but the first; without it ``RoomIndex/match(covering:_:in:)`` matches one room.
    package var answersCoveringPublishes = true
    /// Rooms of a family that a covering publish compares one by one; of more, posting lists are
    /// made, by each of the next ones of the 32-fold or of a sixteenth of the family.
    package var scannedRoomsPerFamily = 64

    package init() {}

    package static let standard = IndexLimits()
}

/// Why a subscription is refused.
package enum IndexError: Error, Equatable {
    case emptyPattern  // no segments at all
    case tooLong(limit: Int)  // octets of a prefix, or of a wildcard with its dots
    case tooManySegments(limit: Int)
    case tooManyWildcards(limit: Int)
    case tooManyShapes(limit: Int)
    case tooManyGlobs(limit: Int)
    case full  // 2³² subscriptions on one core
}
