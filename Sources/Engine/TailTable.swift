// TailTable — the octets that end a subscription's messages and nobody else's (DESIGN §6).
//
// By the subscription's entry, because that is what a member list has in hand when it delivers. The
// octets lie in one array in cells of 16, so that a fan-out reads two places per member, and copies
// whole cells: most tails are one, and a copy of known size is two instructions. Cells are used again
// by their number.

import Rooms

/// Safety: a place with a size names `cells(size)` cells of `octets`, which are this entry's alone
/// until it is removed. Every tail is followed by a zero octet, so they hold one octet more.
@safe
struct TailTable {
    /// Where a tail is.
    struct Place: BitwiseCopyable {
        fileprivate var start: UInt32
        /// Octets; 0 while the entry has no tail.
        fileprivate(set) var size: UInt32
    }

    /// Octets that are given out and copied at once.
    static let cell = 16

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
        let padded = tail + repeatElement(0, count: cells * Self.cell - tail.count)
        let start: Int
        if cells < free.count, let reused = free[cells].popLast() {
            start = Int(reused)
            octets.replaceSubrange(start..<start + padded.count, with: padded)
        } else {
            start = octets.count
            octets.append(contentsOf: padded)
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

    /// Where a member's tail is, until it is removed.
    @inline(__always)
    func place(of entry: UInt32) -> Place { places[Int(entry)] }

    /// Writes a tail and a zero octet to `target`, and what is left of their last cell: up to ``cell``
    /// octets more than the tail has.
    @unsafe
    @inline(__always)
    func copy(_ place: Place, to target: UnsafeMutableRawPointer) {
        let source = unsafe octets.span.bytes
        var offset = 0
        repeat {
            let cell = unsafe source.unsafeLoadUnaligned(
                fromUncheckedByteOffset: Int(place.start) &+ offset, as: SIMD16<UInt8>.self)
            unsafe target.storeBytes(of: cell, toByteOffset: offset, as: SIMD16<UInt8>.self)
            offset &+= Self.cell
        } while offset <= Int(place.size)
    }

    /// Cells of a tail of so many octets and the zero behind it.
    private static func cells(_ size: Int) -> Int { size / cell + 1 }
}
