// TailTable — the octets that end a subscription's messages and nobody else's.
//
// By the subscription's entry, because that is what a member list has in hand when it delivers. A
// tail is kept as the end of a deflated frame, ready to be copied: as the content of a stored block
// whose header has begun, and the octet that begins the empty block which every receiver completes
// (Core+Tails.swift). A plain frame's end is the tail within.
//
// Ends lie in one array in cells of 32 octets, so that a fan-out reads two places per member, and
// copies a whole cell: most ends fit one, and a copy of known size needs no call. Cells are used
// again by their number.

import Rooms

/// Safety: a place with a size names the cells of `octets` that hold the end of its tail, which are
/// this entry's alone until it is removed.
@safe
struct TailTable {
    /// Where a tail is.
    struct Place: BitwiseCopyable {
        /// Of its end, in front of the tail.
        fileprivate var start: UInt32
        /// Octets of the tail; 0 while the entry has none.
        fileprivate(set) var size: UInt32
    }

    /// Octets that are given out and copied at once.
    static let cell = 32
    /// In front of the tail: the length of the stored block and its complement (RFC 1951 §3.2.4).
    static let lengthSize = 4
    /// Octets of a deflated frame's end besides the tail.
    static let deflatedEndSize = lengthSize + 1

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
        let end = Self.end(of: tail, cells: cells)
        let start: Int
        if cells < free.count, let reused = free[cells].popLast() {
            start = Int(reused)
            octets.replaceSubrange(start..<start + end.count, with: end)
        } else {
            start = octets.count
            octets.append(contentsOf: end)
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

    /// Copies the end of a frame to `target`, which takes up to ``cell`` octets more than it has.
    ///
    /// - Parameter skipped: Octets left out in front of the tail: 0, or ``lengthSize`` in a plain
    ///   frame.
    @unsafe
    @inline(__always)
    func copyEnd(
        _ place: Place, skipping skipped: Int, to target: UnsafeMutableRawPointer
    ) {
        unsafe octets.withUnsafeBytes { octets in
            let end = unsafe octets.baseAddress.unsafelyUnwrapped + Int(place.start)
            let size = Int(place.size) &+ Self.deflatedEndSize
            if size <= Self.cell {
                // The halves overlap where something is left out, so that nothing behind is read.
                let first = unsafe (end + skipped).loadUnaligned(as: SIMD16<UInt8>.self)
                let second = unsafe (end + 16).loadUnaligned(as: SIMD16<UInt8>.self)
                unsafe target.storeBytes(of: first, as: SIMD16<UInt8>.self)
                unsafe (target + 16 - skipped).storeBytes(of: second, as: SIMD16<UInt8>.self)
            } else {
                unsafe target.copyMemory(from: end + skipped, byteCount: size &- skipped)
            }
        }
    }

    /// What follows the body of a deflated frame, in whole cells.
    private static func end(of tail: [UInt8], cells: Int) -> [UInt8] {
        precondition(tail.count <= 0xFFFF, "one stored block holds a tail")
        var end: [UInt8] = []
        end.reserveCapacity(cells * cell)
        let size = UInt16(tail.count)
        for length in [size, ~size] {  // low octets first
            end.append(UInt8(truncatingIfNeeded: length))
            end.append(UInt8(truncatingIfNeeded: length >> 8))
        }
        end += tail
        end.append(contentsOf: repeatElement(0, count: cells * cell - end.count))
        return end
    }

    /// Cells of the end of a tail of so many octets.
    private static func cells(_ size: Int) -> Int { (size + deflatedEndSize + cell - 1) / cell }
}
