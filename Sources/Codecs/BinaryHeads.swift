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

    /// Replaces the octet at `place`.
    @inlinable
    @inline(__always)
    internal mutating func replaceOctet(at place: Int, with octet: UInt8) {
        unsafe withMutableOctets { octets in
            precondition(place >= 0 && place < octets.count)
            unsafe octets[place] = octet
        }
    }

    /// Moves the head that was appended last, from `start` on, over the one octet at `place`, and
    /// everything between them behind it.
    internal mutating func moveHead(from start: Int, over place: Int) {
        let size = count - start
        precondition(size >= 1 && size <= 9 && place >= 0 && place < start)
        var head = InlineArray<9, UInt8>(repeating: 0)
        for index in 0..<size { head[index] = octets[octet: start + index] }
        unsafe withMutableOctets { octets in
            let between = unsafe UnsafeRawBufferPointer(rebasing: octets[place + 1..<start])
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: octets[(place + size)...])
            unsafe target.copyMemory(from: between)  // they may overlap
            for index in 0..<size { unsafe octets[place + index] = head[index] }
        }
        truncate(to: count - 1)  // the octet that was replaced
    }
}
