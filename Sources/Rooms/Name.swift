// Name — segments as the index keeps them: ends and octets in one run, and no object per name.
//
// A run begins with where each segment ends, an octet each, filled up with zeros to whole words,
// and goes on with the octets. Two names are equal when their runs are. A holder keeps the run
// within itself while it is short, and in a block of its own otherwise; nothing here is reference
// counted.

internal import Bytes

/// A name in the memory of whoever holds it.
///
/// Safety: `base` points to a run made by ``NameWriter`` with these counts, valid until its holder
/// is next called mutably; every segment is compared with the counts before it is read.
@safe
struct Name {
    let base: UnsafeRawPointer
    let segmentCount: Int
    /// Octets of all segments.
    let size: Int

    @inline(__always)
    init(base: UnsafeRawPointer, segmentCount: UInt8, size: UInt8) {
        unsafe self.base = base
        self.segmentCount = Int(segmentCount)
        self.size = Int(size)
    }

    /// Octets of the ends, in whole words.
    @inline(__always)
    static func endsSize(_ segmentCount: Int) -> Int { (segmentCount &+ 7) & ~7 }

    /// The whole run.
    var run: RawSpan {
        @_lifetime(borrow self)
        @inline(__always)
        get {
            let span = unsafe RawSpan(
                _unsafeStart: base, byteCount: Self.endsSize(segmentCount) &+ size)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The octets of all segments.
    var octets: RawSpan {
        @_lifetime(borrow self)
        @inline(__always)
        get {
            let span = unsafe RawSpan(
                _unsafeStart: base + Self.endsSize(segmentCount), byteCount: size)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Segment `index`.
    @_lifetime(borrow self)
    func segment(_ index: Int) -> RawSpan {
        precondition(index >= 0 && index < segmentCount)
        let start =
            index == 0 ? 0 : unsafe Int(base.load(fromByteOffset: index - 1, as: UInt8.self))
        let end = unsafe Int(base.load(fromByteOffset: index, as: UInt8.self))
        precondition(start <= end && end <= size)
        let span = unsafe RawSpan(
            _unsafeStart: base + Self.endsSize(segmentCount) + start, byteCount: end - start)
        return unsafe _overrideLifetime(span, borrowing: self)
    }
}

/// Makes runs, one after the other, in a place of its own.
///
/// Safety: `base` points to `capacity` octets allocated here and freed in `deinit`; what is written
/// is compared with the limits of rooms, which fit.
@safe
struct NameWriter: ~Copyable {
    private let base: UnsafeMutableRawPointer
    private(set) var segmentCount = 0
    private(set) var size = 0

    /// All ends and all octets of the largest name.
    private static var capacity: Int { Room.segmentLimit + Room.sizeLimit + 1 }

    init() {
        unsafe base = .allocate(byteCount: Self.capacity, alignment: 8)
    }

    deinit { unsafe base.deallocate() }

    /// The run written last.
    var name: Name {
        unsafe Name(
            base: UnsafeRawPointer(base), segmentCount: UInt8(segmentCount), size: UInt8(size))
    }

    /// Writes the segments of a room.
    mutating func write(_ room: borrowing Room) {
        segmentCount = room.segmentCount
        size = room.octets.count
        unsafe room.write(to: base)
    }

    /// Writes one text without segments.
    mutating func write(_ text: RawSpan) {
        precondition(text.byteCount <= Room.sizeLimit)
        segmentCount = 0
        size = text.byteCount
        unsafe copy(text, to: 0)
    }

    /// Writes the segments of a wildcard; an open one is empty.
    mutating func write(_ components: [[UInt8]?]) {
        precondition(components.count <= Room.segmentLimit)
        segmentCount = components.count
        size = 0
        let endsSize = Name.endsSize(segmentCount)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: endsSize)
        for index in components.indices {
            if let component = components[index] {
                precondition(component.count <= Room.sizeLimit - size)
                unsafe copy(component.raw, to: endsSize + size)
                size += component.count
            }
            unsafe base.storeBytes(of: UInt8(size), toByteOffset: index, as: UInt8.self)
        }
    }

    @unsafe
    private func copy(_ octets: RawSpan, to offset: Int) {
        unsafe octets.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + offset).copyMemory(from: start, byteCount: source.count)
        }
    }
}

/// Where a holder keeps a run: in `inlineSize` octets of itself, or in a block whose address those
/// octets hold.
enum NameStore {
    /// Keeps a copy of `name`.
    @unsafe
    static func keep(_ name: Name, in field: UnsafeMutableRawPointer, inlineSize: Int) {
        let run = name.run
        var target = unsafe field
        if run.byteCount > inlineSize {
            unsafe target = .allocate(byteCount: run.byteCount, alignment: 8)
            unsafe field.storeBytes(of: target, as: UnsafeMutableRawPointer.self)
        }
        unsafe run.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe target.copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Keeps the name of a room, without a run in between.
    @unsafe
    static func keep(
        _ room: borrowing Room, in field: UnsafeMutableRawPointer, inlineSize: Int
    ) {
        let size = Name.endsSize(room.segmentCount) + room.octets.count
        var target = unsafe field
        if size > inlineSize {
            unsafe target = .allocate(byteCount: size, alignment: 8)
            unsafe field.storeBytes(of: target, as: UnsafeMutableRawPointer.self)
        }
        unsafe room.write(to: target)
    }

    /// The run of a name with these counts.
    @unsafe
    @inline(__always)
    static func find(
        in field: UnsafeRawPointer, _ segmentCount: UInt8, _ size: UInt8, inlineSize: Int
    ) -> Name {
        let runSize = Name.endsSize(Int(segmentCount)) &+ Int(size)
        let base =
            unsafe runSize <= inlineSize ? field : field.load(as: UnsafeRawPointer.self)
        return unsafe Name(base: base, segmentCount: segmentCount, size: size)
    }

    /// Gives the block back, if there is one.
    @unsafe
    static func drop(
        in field: UnsafeRawPointer, _ segmentCount: UInt8, _ size: UInt8, inlineSize: Int
    ) {
        guard Name.endsSize(Int(segmentCount)) + Int(size) > inlineSize else { return }
        unsafe field.load(as: UnsafeMutableRawPointer.self).deallocate()
    }
}
