// SecretOctets — octets that are overwritten when their owner is done with them.
//
// Keys, digests of keys and codes live in these: one allocation that is never copied by growing,
// moved by assigning or left behind on the heap. What must be kept longer, such as the secrets of a
// configuration, is an ordinary array that lives as long as the process; `wipe` is for arrays and
// buffers that hold a secret for a moment.

package import Bytes
internal import COpenSSL

/// A fixed number of octets, wiped at the end of their life.
///
/// Safety: `storage` holds `count` initialized octets (and one more when that is none), is
/// allocated in `init`, freed in `deinit`, and lent only for the length of a borrow.
@safe
package struct SecretOctets: ~Copyable {
    private let storage: UnsafeMutableRawPointer
    package let count: Int

    /// Makes `count` octets of 0 and lets `body` fill them.
    package init<E>(
        count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        precondition(count >= 0)
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 16)
        unsafe fresh.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 1))
        // From here on `deinit` runs when `body` throws, and wipes what it left half done.
        unsafe storage = fresh
        self.count = count
        try unsafe body(UnsafeMutableRawBufferPointer(start: fresh, count: count))
    }

    /// Copies `octets`.
    package init(copying octets: RawSpan) {
        unsafe self.init(count: octets.byteCount) { place in
            unsafe octets.withUnsafeBytes { unsafe place.copyMemory(from: $0) }
        }
    }

    deinit {
        unsafe carillon_wipe(storage, count)
        unsafe storage.deallocate()
    }

    /// The octets, for reading.
    package var octets: RawSpan {
        @_lifetime(borrow self) get {
            let span = unsafe RawSpan(_unsafeStart: storage, byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Combines each octet with that of `other` by exclusive or; both are of one size.
    package mutating func formXOR(_ other: RawSpan) {
        precondition(other.byteCount == count)
        for index in 0..<count {
            let octet = octets[octet: index] ^ other[octet: index]
            unsafe storage.storeBytes(of: octet, toByteOffset: index, as: UInt8.self)
        }
    }
}

extension [UInt8] {
    /// Overwrites the octets with 0; the array keeps its size. Copies made before are not reached.
    package mutating func wipe() {
        unsafe withUnsafeMutableBytes { unsafe carillon_wipe($0.baseAddress, $0.count) }
    }
}

extension OctetBuffer {
    /// Overwrites the octets held and drops them. What the buffer left behind when it grew is not
    /// reached: reserve first.
    package mutating func wipe() {
        unsafe withMutableOctets { unsafe carillon_wipe($0.baseAddress, $0.count) }
        removeAll()
    }
}

extension RawSpan {
    /// Whether both runs hold the same octets, in a time that depends on their sizes alone.
    ///
    /// The sizes are compared as usual, so they must be no secret.
    package func equalsInConstantTime(_ other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        return unsafe withUnsafeBytes { left in
            unsafe other.withUnsafeBytes { right in
                unsafe carillon_equal(left.baseAddress, right.baseAddress, left.count)
            }
        }
    }
}
