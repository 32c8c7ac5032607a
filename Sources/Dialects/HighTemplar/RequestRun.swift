// RequestRun — subscriptions and their requestIds in one run of octets.
//
// A record is `[key size][raw size][key][raw]`, sizes of two octets; the raw part is the requestId
// as it was sent, which the tail is made of. The key tells subscriptions apart:
// `[identity size][identity][segment count][open segments: a bit each][segment sizes][segments]`,
// where the identity is the canonical text of the requestId, so `1` and `"1"` are two. Searching is
// linear.

import Bytes
import Rooms

/// Subscriptions, in the order in which they were made.
internal struct RequestRun {
    private var octets: [UInt8] = []
    private(set) var count = 0

    /// Octets of all records.
    var size: Int { octets.count }

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
            var octets = RequestRun.beginning(of: identity)
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

        /// What it shares with all keys of its requestId, and with no others.
        var beginning: ArraySlice<UInt8> {
            octets[..<RequestRun.beginningSize(octets[0], octets[1])]
        }
    }

    /// How the keys of a requestId begin, and no others.
    static func beginning(of identity: [UInt8]) -> [UInt8] {
        precondition(identity.count < 1 << 15)
        return [UInt8(identity.count >> 8), UInt8(identity.count & 0xFF)] + identity
    }

    private static func beginningSize(_ first: UInt8, _ second: UInt8) -> Int {
        2 + (Int(first) << 8 | Int(second))
    }

    /// Subscriptions of a requestId.
    func count(of beginning: [UInt8]) -> Int {
        var count = 0
        forEach { if octets[$0.key].starts(with: beginning) { count += 1 } }
        return count
    }

    func contains(_ key: Key) -> Bool { place(of: key) != nil }

    /// Adds a subscription that the run does not contain.
    mutating func append(_ key: Key, requestID: [UInt8]) {
        precondition(requestID.count <= 0xFFFF)
        octets.append(UInt8(key.octets.count >> 8))
        octets.append(UInt8(key.octets.count & 0xFF))
        octets.append(UInt8(requestID.count >> 8))
        octets.append(UInt8(requestID.count & 0xFF))
        octets.append(contentsOf: key.octets)
        octets.append(contentsOf: requestID)
        count += 1
    }

    /// Takes out that subscription, if it is there.
    mutating func remove(_ key: Key) {
        guard let record = place(of: key) else { return }
        octets.removeSubrange(record.range)
        count -= 1
    }

    /// Takes out all subscriptions of a requestId.
    mutating func removeAll(_ beginning: [UInt8]) -> [Subscription] {
        var removed: [Subscription] = []
        // What stays is copied once: taking out one after the other moves all of it each time.
        var kept: [UInt8] = []
        forEach { record in
            if octets[record.key].starts(with: beginning) {
                removed.append(subscription(of: record, behind: beginning.count))
            } else {
                kept += octets[record.range]
            }
        }
        guard !removed.isEmpty else { return [] }
        octets = kept
        count -= removed.count
        return removed
    }

    /// A run for each requestId, by what its keys begin with.
    func divided() -> [ArraySlice<UInt8>: RequestRun] {
        var runs: [ArraySlice<UInt8>: RequestRun] = [:]
        forEach { record in
            let start = record.key.lowerBound
            let size = Self.beginningSize(octets[start], octets[start + 1])
            let beginning = ArraySlice(Array(octets[start..<start + size]))
            runs[beginning, default: RequestRun()].octets += octets[record.range]
            runs[beginning]?.count += 1
        }
        return runs
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

    private func forEach(_ body: (Record) -> Void) {
        var start = 0
        while start < octets.count {
            let record = Record(at: start, in: octets)
            body(record)
            start = record.range.upperBound
        }
        assert(start == octets.count)
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
        return nil
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
