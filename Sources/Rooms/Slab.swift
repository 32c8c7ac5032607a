// Slab — values of one trivial kind, one behind the other, in memory of our own.
//
// What an Array does before every write (is the buffer ours alone?) and around every read (retain,
// release) costs more than most of what the index does with an element. A slab has one owner, so it
// does neither. Elements are named by their place; a place outside stops the process.

/// A growing run of trivial values.
///
/// Safety: `base` points to `capacity` elements allocated here and freed in `deinit`, the first
/// `count` initialized. Every access compares its place with `count`.
@safe
struct Slab<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    /// Elements of 64 octets, or multiples, never share a pair of cache lines with half a
    /// neighbour.
    private static var alignment: Int { 128 }

    init(capacity: Int = 16) {
        self.capacity = capacity
        unsafe base = Self.allocate(capacity)
    }

    /// `count` elements of the same value.
    init(repeating value: Element, count: Int) {
        self.init(capacity: max(count, 1))
        unsafe base.initialize(repeating: value, count: count)
        self.count = count
    }

    deinit { unsafe UnsafeMutableRawPointer(base).deallocate() }

    private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Element> {
        unsafe UnsafeMutableRawPointer.allocate(
            byteCount: capacity * MemoryLayout<Element>.stride, alignment: alignment
        ).bindMemory(to: Element.self, capacity: capacity)
    }

    subscript(place: Int) -> Element {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(pointer(to: place)) }
        @inline(__always) unsafeMutableAddress { unsafe pointer(to: place) }
    }

    subscript(place: UInt32) -> Element {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(pointer(to: Int(place))) }
        @inline(__always) unsafeMutableAddress { unsafe pointer(to: Int(place)) }
    }

    /// Where an element is, until the next `append`.
    @unsafe
    @inline(__always)
    func pointer(to place: Int) -> UnsafeMutablePointer<Element> {
        precondition(place >= 0 && place < count)
        return unsafe base + place
    }

    /// Adds an element and returns its place.
    @discardableResult
    mutating func append(_ element: Element) -> UInt32 {
        if count == capacity { grow() }
        unsafe (base + count).initialize(to: element)
        count += 1
        return UInt32(count - 1)
    }

    private mutating func grow() {
        let fresh = unsafe Self.allocate(capacity * 2)
        unsafe fresh.moveInitialize(from: base, count: count)
        unsafe UnsafeMutableRawPointer(base).deallocate()
        unsafe base = fresh
        capacity *= 2
    }
}
