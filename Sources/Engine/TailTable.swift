// TailTable — the octets that end a subscription's messages and nobody else's.
//
// By the subscription's entry, because that is what a member list has in hand when it delivers. A
// tail is kept as the end of a deflated frame, ready to be copied: as the content of a stored block
// whose header has begun, and the octet that begins the empty block which every receiver completes
// (Core+Tails.swift). A plain frame's end is the tail within.
//
// Ends lie in one array in cells of 32 octets, so that a fan-out reads two places per member, and
// copies a whole cell: most ends fit one, and a copy of known size needs no call. Cells are given
// out in runs of 1, 2, 4 and so on and used again by their number; where none is free, a larger one
// is halved. So tails of ever other sizes do not each take room that nobody else can use.

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
    /// Starts of free runs: of one cell, of two, of four….
    private var free: [[UInt32]] = []
    /// Octets of all ends, free ones included. A place has 32 bits for them.
    private let sizeLimit: Int

    init(sizeLimit: Int = 1 << 28) {
        precondition(sizeLimit <= UInt32.max)
        self.sizeLimit = sizeLimit
    }

    /// Octets held, free ones included.
    var size: Int { octets.count }

    /// - Precondition: The entry has no tail yet; `tail` is not empty.
    /// - Returns: `false`, and nothing has changed, when tails have all the octets they may have.
    mutating func set(_ tail: [UInt8], of entry: EntryID) -> Bool {
        let order = Self.order(tail.count)
        guard let start = take(order) else { return false }
        let index = Int(entry.rawValue)
        if index >= places.count {
            let missing = index + 1 - places.count
            places.append(contentsOf: repeatElement(Place(start: 0, size: 0), count: missing))
        }
        precondition(places[index].size == 0 && !tail.isEmpty)
        let end = Self.end(of: tail, size: Self.cell << order)
        octets.replaceSubrange(start..<start + end.count, with: end)
        count += 1
        places[index] = Place(start: UInt32(start), size: UInt32(tail.count))
        return true
    }

    /// Finds or makes a run of 2^`order` cells.
    private mutating func take(_ order: Int) -> Int? {
        for found in order..<max(order, free.count) {
            guard let start = free[found].popLast() else { continue }
            // The upper half of it is free, and that of its lower half.
            for rest in order..<found { free[rest].append(start + UInt32(Self.cell << rest)) }
            return Int(start)
        }
        let start = octets.count
        let size = Self.cell << order
        guard size <= sizeLimit - start else { return nil }
        octets.append(contentsOf: repeatElement(0, count: size))
        return start
    }

    mutating func remove(_ entry: EntryID) {
        let place = places[Int(entry.rawValue)]
        precondition(place.size > 0)
        let order = Self.order(Int(place.size))
        while free.count <= order { free.append([]) }
        free[order].append(place.start)
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

    /// What follows the body of a deflated frame, filled up to `fullSize` octets.
    private static func end(of tail: [UInt8], size fullSize: Int) -> [UInt8] {
        precondition(tail.count <= 0xFFFF, "one stored block holds a tail")
        var end: [UInt8] = []
        end.reserveCapacity(fullSize)
        let size = UInt16(tail.count)
        for length in [size, ~size] {  // low octets first
            end.append(UInt8(truncatingIfNeeded: length))
            end.append(UInt8(truncatingIfNeeded: length >> 8))
        }
        end += tail
        end.append(contentsOf: repeatElement(0, count: fullSize - end.count))
        return end
    }

    /// How often one cell is to be doubled for the end of a tail of so many octets.
    private static func order(_ size: Int) -> Int {
        let cells = (size + deflatedEndSize + cell - 1) / cell
        return Int.bitWidth - (cells - 1).leadingZeroBitCount
    }
}
