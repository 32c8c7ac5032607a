// Room — an address one can publish to: one or more segments of octets.
//
// The realm is kept beside it, never inside. A room carries its own hash, made segment by segment
// while it is built, so looking one up costs no second pass over its name; the hash of the room
// above it falls out on the way. The text form lives in Room+Text.swift.

internal import Bytes

/// An isolated name space; rooms of different realms never meet.
@frozen
@usableFromInline
package struct Realm: Hashable, BitwiseCopyable, Sendable {
    @usableFromInline package let rawValue: UInt16

    @inlinable
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// `realm1`, where everything lives unless a route says otherwise.
    package static let standard = Realm(rawValue: 0)
}

/// What can be wrong with the name of a room.
package enum RoomError: Error, Equatable {
    case tooLong(limit: Int)  // octets, all segments and the dots between them
    case tooManySegments(limit: Int)
    case invalidEscape  // a `%` without two hexadecimal digits in a text form

    /// What is wrong, for whoever named the room.
    package var sentence: String {
        switch self {
        case .tooLong(let limit): "the name of the room is longer than \(limit) octets"
        case .tooManySegments(let limit): "the room has more than \(limit) segments"
        case .invalidEscape: "\"%\" in the name of a room is followed by two hexadecimal digits"
        }
    }
}

/// The segments of one room, in one piece.
///
/// `Room()` has no segment and is only where building begins; no publication goes there.
package struct Room: Hashable, Sendable {
    /// Octets of a name, the dots between its segments included.
    package static let sizeLimit = 255
    package static let segmentLimit = 32

    /// All segments, one behind the other, without separators.
    package private(set) var octets: [UInt8]
    /// Where each segment ends in `octets`, eight to a word, the first one lowest; an octet holds
    /// it because the size limit does. Behind the last end there are zeros.
    private var ends: InlineArray<4, UInt64>
    private var endCount: UInt8
    /// The hash of all segments, the same for equal rooms everywhere in this process.
    private(set) var fingerprint: UInt64
    /// The hash of all segments but the last.
    private(set) var parentFingerprint: UInt64

    package init() {
        octets = []
        ends = InlineArray(repeating: 0)
        endCount = 0
        fingerprint = OctetHash.start
        parentFingerprint = OctetHash.start
    }

    /// Makes a room of the dotted parts of `name` (no escapes: a dot always separates).
    package init(dotted name: RawSpan) throws(RoomError) {
        guard name.byteCount <= Self.sizeLimit else { throw .tooLong(limit: Self.sizeLimit) }
        self.init()
        octets.reserveCapacity(name.byteCount)
        var start = 0
        while let dot = name.firstIndex(of: 0x2E, from: start) {
            try append(name.extracting(start..<dot))
            start = dot + 1
        }
        try append(name.extracting(start..<name.byteCount))
    }

    package var segmentCount: Int { Int(endCount) }

    /// Octets of the dotted name: the segments and the dots between them.
    package var dottedSize: Int { octets.count + max(0, segmentCount - 1) }

    /// Adds `segment` as the last one; it may be empty. On an error the room stays as it was.
    package mutating func append(_ segment: RawSpan) throws(RoomError) {
        guard segmentCount < Self.segmentLimit else {
            throw .tooManySegments(limit: Self.segmentLimit)
        }
        guard segment.byteCount <= Self.sizeLimit,
            octets.count + segmentCount + segment.byteCount <= Self.sizeLimit
        else { throw .tooLong(limit: Self.sizeLimit) }
        unsafe segment.withUnsafeBytes { unsafe octets.append(contentsOf: $0) }
        ends[segmentCount >> 3] |= UInt64(octets.count) << UInt64((segmentCount & 7) * 8)
        endCount += 1
        parentFingerprint = fingerprint
        fingerprint = OctetHash.appending(OctetHash.hash(segment), to: fingerprint)
    }

    /// The place of segment `index` in `octets`.
    package func range(of index: Int) -> Range<Int> {
        precondition(index >= 0 && index < segmentCount)
        return (index == 0 ? 0 : end(of: index - 1))..<end(of: index)
    }

    /// Where segment `index` ends; 0 if there is none.
    @inline(__always)
    private func end(of index: Int) -> Int {
        Int(ends[index >> 3] >> UInt64((index & 7) * 8) & 0xFF)
    }

    package subscript(segment index: Int) -> ArraySlice<UInt8> { octets[range(of: index)] }

    /// Segment `index`, lent without reference counting.
    package func withSegment<R, E>(
        _ index: Int, _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R {
        try body(octets.raw.extracting(range(of: index)))
    }

    /// The room made of the first `count` segments.
    package func prefix(_ count: Int) -> Room {
        precondition(count >= 0 && count <= segmentCount)
        if count == segmentCount { return self }
        var room = Room()
        room.octets.reserveCapacity(count == 0 ? 0 : end(of: count - 1))
        for index in 0..<count {
            // What fitted as a part of the whole fits alone.
            withSegment(index) { segment in try! room.append(segment) }
        }
        return room
    }

    /// Whether the segments of `other` are the first ones of this room, followed by one more.
    func isChild(of other: borrowing Room) -> Bool {
        guard segmentCount == other.segmentCount + 1, parentFingerprint == other.fingerprint,
            octets.count >= other.octets.count
        else { return false }
        for index in 0..<other.segmentCount where end(of: index) != other.end(of: index) {
            return false
        }
        return octets.raw.extracting(first: other.octets.count)
            .equals(other.octets.raw)
    }

    package static func == (left: borrowing Room, right: borrowing Room) -> Bool {
        guard left.fingerprint == right.fingerprint, left.endCount == right.endCount else {
            return false
        }
        for word in 0..<Name.endsSize(left.segmentCount) >> 3
        where left.ends[word] != right.ends[word] {
            return false
        }
        return left.octets.raw.equals(right.octets.raw)
    }

    /// Whether the room has the segments of `name`, no more and no fewer.
    @inline(__always)
    func isNamed(_ name: Name) -> Bool {
        guard segmentCount == name.segmentCount, octets.count == name.size else { return false }
        for word in 0..<Name.endsSize(segmentCount) >> 3
        where unsafe ends[word] != name.base.load(fromByteOffset: word &* 8, as: UInt64.self) {
            return false
        }
        return octets.raw.equals(name.octets)
    }

    /// Writes the run of octets that ``Name`` describes; `base` must have room for it.
    @unsafe
    func write(to base: UnsafeMutableRawPointer) {
        let endsSize = Name.endsSize(segmentCount)
        for word in 0..<endsSize >> 3 {
            unsafe base.storeBytes(of: ends[word], toByteOffset: word * 8, as: UInt64.self)
        }
        unsafe octets.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + endsSize).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// The room with the segments of a stored name.
    init(_ name: Name) {
        self.init()
        octets.reserveCapacity(name.size)
        // What is stored was a room, so it is within the limits.
        for index in 0..<name.segmentCount { try! append(name.segment(index)) }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
}
