// TailTable — the octets that end a subscription's messages and nobody else's (DESIGN §6).
//
// By the subscription's entry, because that is what a member list has in hand when it delivers. The
// octets lie in one array in cells of 16, so that a fan-out reads two places per member; cells are
// used again by their size.

import Rooms

struct TailTable {
    private struct Place {
        var start: UInt32
        /// Octets; 0 while the entry has no tail.
        var size: UInt32
    }

    private static let cell = 16

    private var places: [Place] = []
    private var octets: [UInt8] = []
    /// Entries that have a tail.
    private(set) var count = 0
    /// Starts of free runs, by cells.
    private var free: [[UInt32]] = []

    init() {}

    /// Octets held, free ones included.
    var size: Int { octets.count }

    /// - Precondition: The entry has no tail yet; `tail` is not empty.
    mutating func set(_ tail: [UInt8], of entry: EntryID) {
        let index = Int(entry.rawValue)
        if index >= places.count {
            let missing = index + 1 - places.count
            places.append(contentsOf: repeatElement(Place(start: 0, size: 0), count: missing))
        }
        precondition(places[index].size == 0 && !tail.isEmpty)
        let cells = Self.cells(tail.count)
        let start: Int
        if cells < free.count, let reused = free[cells].popLast() {
            start = Int(reused)
            octets.replaceSubrange(start..<start + tail.count, with: tail)
        } else {
            start = octets.count
            octets.append(contentsOf: tail)
            let padding = cells * Self.cell - tail.count
            octets.append(contentsOf: repeatElement(0, count: padding))
        }
        count += 1
        places[index] = Place(start: UInt32(start), size: UInt32(tail.count))
    }

    mutating func remove(_ entry: EntryID) {
        let place = places[Int(entry.rawValue)]
        precondition(place.size > 0)
        let cells = Self.cells(Int(place.size))
        while free.count <= cells { free.append([]) }
        free[cells].append(place.start)
        places[Int(entry.rawValue)].size = 0
        count -= 1
    }

    /// Where a member's tail is in ``withOctets(_:)``.
    @inline(__always)
    func range(of entry: UInt32) -> Range<Int> {
        let place = places[Int(entry)]
        return Int(place.start)..<Int(place.start) + Int(place.size)
    }

    /// Lends all octets.
    var span: RawSpan {
        @_lifetime(borrow self) get { unsafe octets.span.bytes }
    }

    private static func cells(_ size: Int) -> Int { (size + cell - 1) / cell }
}
