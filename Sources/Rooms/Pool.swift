// Pool — a slab whose places are given back and used again.
//
// What is out of use is chained through the elements themselves: each names the next free one, in
// whatever field it does not need then. How an element is told to be out of use is its own affair.

/// What can wait in a pool for being used again.
protocol Poolable: BitwiseCopyable {
    /// The next free place; has this meaning only while this one is free.
    var nextFree: UInt32 { get set }
}

/// A growing run of trivial values with places that are used again.
struct Pool<Element: Poolable>: ~Copyable {
    private var slab = Slab<Element>()
    private var firstFree = none

    init() {}

    /// Places in use and out of use.
    var count: Int { slab.count }

    /// Whether one more element can be named.
    var isFull: Bool { firstFree == none && slab.count >= Int(UInt32.max) - 1 }

    subscript(place: Int) -> Element {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(slab.pointer(to: place)) }
        @inline(__always) unsafeMutableAddress { unsafe slab.pointer(to: place) }
    }

    subscript(place: UInt32) -> Element {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(slab.pointer(to: Int(place))) }
        @inline(__always) unsafeMutableAddress { unsafe slab.pointer(to: Int(place)) }
    }

    /// Where an element is, until the next `store`.
    @unsafe
    @inline(__always)
    func pointer(to place: Int) -> UnsafeMutablePointer<Element> {
        unsafe slab.pointer(to: place)
    }

    /// Puts an element where one was freed last, or behind all others.
    @inline(__always)
    mutating func store(_ element: Element) -> UInt32 {
        if firstFree == none { return slab.append(element) }
        let place = firstFree
        firstFree = slab[place].nextFree
        slab[place] = element
        return place
    }

    /// Gives a place back; its element is marked as free by the caller.
    @inline(__always)
    mutating func free(_ place: UInt32) {
        slab[place].nextFree = firstFree
        firstFree = place
    }

    /// Calls `body` with every free place.
    func forEachFree(_ body: (UInt32) -> Void) {
        var place = firstFree
        while place != none {
            body(place)
            place = slab[place].nextFree
        }
    }
}
