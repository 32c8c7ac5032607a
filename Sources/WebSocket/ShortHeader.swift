// ShortHeader — the header of an unmasked frame below 65 536 octets, as one word (RFC 6455 §5.2).
//
// For loops that write many frames which differ in their size: two octets or four, and no call.

/// The octets of a header, the first one lowest.
@frozen
@usableFromInline
package struct ShortHeader: BitwiseCopyable {
    /// What follows the header's own octets is zero.
    @usableFromInline package let octets: UInt32
    /// Octets: 2 or 4.
    @usableFromInline package let size: Int

    /// - Parameters:
    ///   - firstOctet: FIN, RSV1 and opcode, as they are on the wire.
    ///   - payloadSize: Octets, at most 65 535.
    @inlinable
    package init(firstOctet: UInt8, payloadSize: Int) {
        assert(payloadSize >= 0 && payloadSize <= 0xFFFF)
        let first = UInt32(firstOctet)
        let length = UInt32(truncatingIfNeeded: payloadSize)
        if payloadSize < 126 {
            octets = first | length << 8
            size = 2
        } else {
            // The highest octets of the swapped length are those of its lower half.
            octets = first | 126 << 8 | length.byteSwapped & 0xFFFF_0000
            size = 4
        }
    }

    /// Writes four octets to `place`, of which the first `size` are the header.
    @unsafe
    @inlinable
    package func write(to place: UnsafeMutableRawPointer) {
        unsafe place.storeBytes(of: octets.littleEndian, as: UInt32.self)
    }
}
