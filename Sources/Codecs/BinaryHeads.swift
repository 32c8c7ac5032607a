// Heads — the octets in front of a value's contents, as MessagePack and CBOR writers put them down.
//
// A head is one octet, or one octet and a number of 1, 2, 4 or 8 in network order.

public import Bytes

extension OctetBuffer {
    /// Appends one octet and the lowest `size` octets of `value`, most significant first.
    ///
    /// - Parameter size: 1, 2, 4 or 8.
    @inlinable
    @inline(__always)
    internal mutating func append(head octet: UInt8, _ value: UInt64, size: Int) {
        unsafe append(atMost: 9) { room in
            unsafe room.storeBytes(of: octet, as: UInt8.self)
            // The wanted octets first; those behind them are overwritten later.
            let shifted = value &<< UInt64(truncatingIfNeeded: 64 &- 8 &* size)
            unsafe room.storeBytes(of: shifted.bigEndian, toByteOffset: 1, as: UInt64.self)
            return 1 &+ size
        }
    }

    /// Replaces the octet at `place` by `head`, moving what is behind it.
    internal mutating func replaceOctet(at place: Int, with head: borrowing OctetBuffer) {
        let size = count - place - 1
        let growth = head.count - 1
        precondition(size >= 0 && growth >= 0)
        for index in 0..<growth { append(head.octets[octet: index]) }  // room, whatever is in it
        unsafe withMutableOctets { octets in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: octets[place + 1..<place + 1 + size])
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: octets[(place + 1 + growth)...])
            unsafe target.copyMemory(from: rest)  // may overlap
            for index in 0...growth { unsafe octets[place + index] = head.octets[octet: index] }
        }
    }
}
