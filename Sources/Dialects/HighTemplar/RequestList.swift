// RequestList — what one connection is subscribed to, and under which requestIds (specification
// §3.2, §3.3).
//
// Hundreds of thousands of connections hold one or two subscriptions each, so the list is one run
// of octets. A record is `[key size][raw size][key][raw]`, sizes of two octets; the raw part is the
// requestId as it was sent, which the tail is made of. The key tells subscriptions apart:
// `[identity size][identity][segment count][open segments: a bit each][segment sizes][segments]`,
// where the identity is the canonical text of the requestId, so `1` and `"1"` are two. Searching is
// linear.

import Bytes
import Rooms

/// Subscriptions, without duplicates, in the order in which they were made.
internal struct RequestList {
    private var octets: [UInt8] = []
    private(set) var count = 0

    /// One of them.
    struct Subscription {
        let pattern: Pattern
        /// As it was sent.
        let requestID: [UInt8]
    }

    /// What tells subscriptions apart.
    struct Key {
        fileprivate let octets: [UInt8]

        /// - Parameters:
        ///   - identity: The canonical text of a requestId; shorter than 2^15 octets.
        ///   - pattern: An exact room, or a wildcard with a gap whose other segments fit a room.
        init(identity: [UInt8], pattern: Pattern) {
            let segments: [[UInt8]?]
            switch pattern {
            case .exact(let room):
                segments = (0..<room.segmentCount).map { Array(room[segment: $0]) }
            case .wildcard(let components):
                precondition(components.contains(nil), "a wildcard without a gap is a room")
                segments = components
            case .prefix, .glob: preconditionFailure("no room of this dialect")
            }
            precondition(segments.count <= Room.segmentLimit)
            var octets = RequestList.beginning(of: identity)
            var openSegments: UInt32 = 0
            for (index, segment) in segments.enumerated() where segment == nil {
                openSegments |= 1 << UInt32(index)
            }
            octets.append(UInt8(segments.count))
            for place in [24, 16, 8, 0] {
                octets.append(UInt8(truncatingIfNeeded: openSegments >> UInt32(place)))
            }
            // A segment of a room has at most 255 octets.
            for segment in segments { octets.append(UInt8(segment?.count ?? 0)) }
            for segment in segments { octets.append(contentsOf: segment ?? []) }
            precondition(octets.count <= 0xFFFF)
            self.octets = octets
        }
    }

    /// Octets of a list that takes nothing more: some 400 for each of ten thousand.
    static let sizeLimit = 4 << 20
    /// Subscriptions of one requestId, which end together.
    static let limitPerRequest = 256

    /// Whether there is room for one more subscription of that requestId, whatever their number.
    func takesMore(identity: [UInt8]) -> Bool {
        guard octets.count < Self.sizeLimit else { return false }
        let beginning = Self.beginning(of: identity)
        var start = 0
        var count = 0
        while start < octets.count {
            let record = Record(at: start, in: octets)
            if octets[record.key].starts(with: beginning) { count += 1 }
            start = record.range.upperBound
        }
        return count < Self.limitPerRequest
    }

    /// Adds a subscription, unless the list contains it.
    ///
    /// - Returns: Whether it was added.
    mutating func insert(_ key: Key, requestID: RawSpan) -> Bool {
        guard place(of: key) == nil else { return false }
        precondition(requestID.byteCount <= 0xFFFF)
        octets.append(UInt8(key.octets.count >> 8))
        octets.append(UInt8(key.octets.count & 0xFF))
        octets.append(UInt8(requestID.byteCount >> 8))
        octets.append(UInt8(requestID.byteCount & 0xFF))
        octets.append(contentsOf: key.octets)
        octets.append(contentsOf: requestID.array)
        count += 1
        return true
    }

    /// Whether the list contains that subscription.
    func contains(_ key: Key) -> Bool { place(of: key) != nil }

    /// Takes out that subscription.
    ///
    /// - Returns: Whether the list contained it.
    mutating func remove(_ key: Key) -> Bool {
        guard let record = place(of: key) else { return false }
        drop(record)
        return true
    }

    /// Takes out all subscriptions of that requestId.
    mutating func removeAll(identity: [UInt8]) -> [Subscription] {
        let beginning = Self.beginning(of: identity)
        var removed: [Subscription] = []
        // What stays is copied once: taking out one after the other moves all of it each time.
        var kept: [UInt8] = []
        var start = 0
        while start < octets.count {
            let record = Record(at: start, in: octets)
            if octets[record.key].starts(with: beginning) {
                removed.append(subscription(of: record, behind: beginning.count))
            } else {
                kept += octets[record.range]
            }
            start = record.range.upperBound
        }
        guard !removed.isEmpty else { return [] }
        octets = kept
        count -= removed.count
        return removed
    }

    // MARK: Records

    private struct Record {
        let key: Range<Int>
        let raw: Range<Int>

        init(at start: Int, in octets: borrowing [UInt8]) {
            let keySize = Int(octets[start]) << 8 | Int(octets[start + 1])
            let rawSize = Int(octets[start + 2]) << 8 | Int(octets[start + 3])
            key = start + 4..<start + 4 + keySize
            raw = key.upperBound..<key.upperBound + rawSize
        }

        var range: Range<Int> { key.lowerBound - 4..<raw.upperBound }
    }

    /// How the keys of a requestId begin, and no others.
    private static func beginning(of identity: [UInt8]) -> [UInt8] {
        precondition(identity.count < 1 << 15)
        return [UInt8(identity.count >> 8), UInt8(identity.count & 0xFF)] + identity
    }

    private func place(of key: Key) -> Record? {
        var start = 0
        while start < octets.count {
            let record = Record(at: start, in: octets)
            if record.key.count == key.octets.count, octets[record.key].elementsEqual(key.octets) {
                return record
            }
            start = record.range.upperBound
        }
        assert(start == octets.count)
        return nil
    }

    private mutating func drop(_ record: Record) {
        octets.removeSubrange(record.range)
        count -= 1
        if count == 0 { octets = [] }
    }

    private func subscription(of record: Record, behind size: Int) -> Subscription {
        var place = record.key.lowerBound + size
        let segmentCount = Int(octets[place])
        var openSegments: UInt32 = 0
        for index in 1...4 { openSegments = openSegments << 8 | UInt32(octets[place + index]) }
        let sizes = place + 5..<place + 5 + segmentCount
        place = sizes.upperBound
        var segments: [[UInt8]?] = []
        for index in 0..<segmentCount {
            let end = place + Int(octets[sizes.lowerBound + index])
            let isOpen = openSegments & 1 << UInt32(index) != 0
            segments.append(isOpen ? nil : Array(octets[place..<end]))
            place = end
        }
        let requestID = Array(octets[record.raw])
        guard openSegments == 0 else {
            return Subscription(pattern: .wildcard(segments), requestID: requestID)
        }
        var room = Room()
        for case let segment? in segments {
            // It was taken out of a room.
            try! room.append(unsafe segment.span.bytes)
        }
        return Subscription(pattern: .exact(room), requestID: requestID)
    }
}
