// OctetBuffer — a growable run of octets with one owner.
//
// What parsers fill and encoders write. It never shrinks by itself: `removeAll` keeps the room,
// so a buffer that is used again and again stops allocating.

/// A growable, uniquely owned run of octets.
///
/// Safety: `base` points to `capacity` octets, allocated here and freed in `deinit` (nowhere while
/// `capacity` is 0); the first
/// `count` are initialized, and nothing outside this file writes through it.
@safe
@frozen
@usableFromInline
package struct OctetBuffer: ~Copyable {
    @usableFromInline internal var base: UnsafeMutableRawPointer
    @usableFromInline package internal(set) var capacity: Int
    @usableFromInline package internal(set) var count: Int

    /// Makes an empty buffer with room for `capacity` octets; one without room allocates nothing.
    @inlinable
    package init(capacity: Int = 64) {
        precondition(capacity >= 0)
        guard capacity > 0 else {
            // Never read, written or freed: there is no octet in it.
            unsafe base = UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped
            self.capacity = 0
            count = 0
            return
        }
        let size = Swift.max(capacity, 16)
        unsafe base = .allocate(byteCount: size, alignment: 16)
        self.capacity = size
        count = 0
    }

    /// Makes a buffer that holds a copy of `octets`.
    @inlinable
    package init(copying octets: RawSpan) {
        self.init(capacity: octets.byteCount)
        append(octets)
    }

    @inlinable
    deinit {
        if capacity > 0 { unsafe base.deallocate() }
    }

    @inlinable
    package var isEmpty: Bool { count == 0 }

    /// The octets held, for reading.
    @inlinable
    package var octets: RawSpan {
        @_lifetime(borrow self) get {
            let span = unsafe RawSpan(_unsafeStart: base, byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The octets held, for changing in place (unmasking).
    @inlinable
    package var mutableOctets: MutableRawSpan {
        @_lifetime(&self) mutating get {
            let span = unsafe MutableRawSpan(_unsafeStart: base, byteCount: count)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// Lends the octets held, for changing in place, to `body`.
    @inlinable
    package mutating func withMutableOctets<R, E>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try unsafe body(UnsafeMutableRawBufferPointer(start: base, count: count))
    }

    /// Makes room for `additional` more octets; amortized by doubling.
    @inlinable
    package mutating func reserve(_ additional: Int) {
        precondition(additional >= 0 && additional <= Int.max - count)
        if count + additional > capacity { grow(to: count + additional) }
    }

    @inlinable
    package mutating func append(_ octet: UInt8) {
        if count == capacity { grow(to: count + 1) }
        unsafe base.storeBytes(of: octet, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inlinable
    package mutating func append(_ source: RawSpan) {
        reserve(source.byteCount)
        unsafe source.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + count).copyMemory(from: start, byteCount: source.count)
        }
        count += source.byteCount
    }

    @inlinable
    package mutating func append(_ source: [UInt8]) { unsafe append(source.span.bytes) }

    @inlinable
    package mutating func append(_ source: StaticString) {
        unsafe append(RawSpan(_unsafeStart: source.utf8Start, byteCount: source.utf8CodeUnitCount))
    }

    @inlinable
    package mutating func append(_ source: String) {
        var source = source
        source.withUTF8 { unsafe append($0.span.bytes) }
    }

    /// Appends `value` in decimal digits.
    @inlinable
    package mutating func append(decimal value: Int) {
        var digits: UInt64 = value.magnitude.asUInt64
        if value < 0 { append(0x2D) }
        var divisor: UInt64 = 1
        while digits / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(0x30 + UInt8(truncatingIfNeeded: digits / divisor))
            digits %= divisor
            divisor /= 10
        }
    }

    /// Appends the lowest `size` octets of `value`, most significant first.
    @inlinable
    package mutating func append(bigEndian value: UInt64, size: Int) {
        precondition(size >= 1 && size <= 8)
        for place in stride(from: (size - 1) * 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> UInt64(place)))
        }
    }

    /// Appends up to `room` octets that `body` writes; it returns how many it wrote.
    @inlinable
    package mutating func append<E>(
        atMost room: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        reserve(room)
        let free = unsafe UnsafeMutableRawBufferPointer(start: base + count, count: room)
        let written = try unsafe body(free)
        precondition(written >= 0 && written <= room)
        count += written
    }

    /// Drops the first `size` octets and moves the rest to the front. O(rest).
    @inlinable
    package mutating func removeFirst(_ size: Int) {
        precondition(size >= 0 && size <= count)
        unsafe base.copyMemory(from: base + size, byteCount: count - size)
        count -= size
    }

    /// Drops what follows the first `size` octets.
    @inlinable
    package mutating func truncate(to size: Int) {
        precondition(size >= 0 && size <= count)
        count = size
    }

    /// Drops everything and keeps the room.
    @inlinable
    package mutating func removeAll() { count = 0 }

    @usableFromInline
    internal mutating func grow(to needed: Int) {
        let size = Swift.max(needed, capacity * 2, 16)
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        unsafe fresh.copyMemory(from: base, byteCount: count)
        if capacity > 0 { unsafe base.deallocate() }
        unsafe base = fresh
        capacity = size
    }
}

extension UInt {
    @inlinable internal var asUInt64: UInt64 { UInt64(self) }
}
