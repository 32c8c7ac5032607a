// FrameHeader — the 2 to 14 octets in front of every payload (RFC 6455 §5.2).
//
// Pure: octets in, values out. Allocates nothing and reads only the span it is given, so the same
// code runs on a core, under the fuzzer and in the simulator. Octets are judged in order, each as
// soon as it is there: a header cut anywhere fails with the error it fails with whole.

public import Bytes

/// Which side of the connection we are.
package enum Role: UInt8, Sendable { case server, client }

/// What a frame is (§5.2); all other numbers are reserved.
@frozen
@usableFromInline
package enum Opcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Whether frames of the kind may stand between the fragments of a message (§5.5).
    @inlinable
    package var isControl: Bool { rawValue >= 0x8 }
}

/// The header of one frame.
@frozen
@usableFromInline
package struct FrameHeader: Equatable, Sendable {
    @usableFromInline package var isFinal: Bool
    /// RSV1 of the first frame of a message: the message is deflated (RFC 7692 §6).
    @usableFromInline package var isCompressed: Bool
    @usableFromInline package var opcode: Opcode
    /// Octets.
    @usableFromInline package var payloadSize: Int
    /// The key the payload is masked with; set exactly on frames that clients send.
    @usableFromInline package var mask: MaskKey?

    @inlinable
    package init(
        isFinal: Bool = true, isCompressed: Bool = false, opcode: Opcode, payloadSize: Int,
        mask: MaskKey? = nil
    ) {
        precondition(payloadSize >= 0)
        self.isFinal = isFinal
        self.isCompressed = isCompressed
        self.opcode = opcode
        self.payloadSize = payloadSize
        self.mask = mask
    }

    /// The largest header: two octets, a long length and a key.
    @inlinable
    package static var sizeLimit: Int { 14 }

    /// Octets the header takes on the wire.
    package var headerSize: Int {
        let length = payloadSize < 126 ? 2 : payloadSize < 65536 ? 4 : 10
        return mask == nil ? length : length + 4
    }

    /// Decodes the header at the start of `bytes`.
    ///
    /// - Parameters:
    ///   - bytes: Received octets, starting at a frame boundary.
    ///   - role: Who is reading: a server wants masked frames, a client unmasked ones.
    ///   - payloadLimit: Largest acceptable payload, in octets.
    ///   - allowsCompression: Whether permessage-deflate was agreed on.
    /// - Returns: The header, or `nil` while octets are missing (14 are always enough). It takes
    ///   `headerSize` octets of `bytes`.
    /// - Throws: ``FrameError``; fail the connection with its `closeCode` (§7.1.7).
    /// - Complexity: O(1), no allocation.
    package static func decode(
        _ bytes: RawSpan, role: Role, payloadLimit: Int, allowsCompression: Bool
    ) throws(FrameError) -> FrameHeader? {
        guard bytes.byteCount >= 1 else { return nil }
        let first = bytes[octet: 0]
        guard let opcode = Opcode(rawValue: first & 0x0F) else {
            throw .reservedOpcode(first & 0x0F)
        }
        // RSV2 and RSV3 belong to no extension; RSV1 marks the first frame of a deflated message.
        guard first & 0x30 == 0 else { throw .reservedBit }
        let isCompressed = first & 0x40 != 0
        guard !isCompressed || (allowsCompression && (opcode == .text || opcode == .binary))
        else { throw .reservedBit }
        let isFinal = first & 0x80 != 0
        guard isFinal || !opcode.isControl else { throw .fragmentedControl }

        guard bytes.byteCount >= 2 else { return nil }
        let second = bytes[octet: 1]
        let isMasked = second & 0x80 != 0
        guard isMasked == (role == .server) else { throw isMasked ? .masked : .unmasked }
        let short = Int(second & 0x7F)
        guard short < 126 || !opcode.isControl else { throw .oversizedControl }

        var payloadSize = short
        var offset = 2
        if short == 126 {
            guard bytes.byteCount >= 4 else { return nil }
            payloadSize = Int(bytes.bigEndian(at: 2, size: 2))
            guard payloadSize >= 126 else { throw .lengthNotMinimal }
            offset = 4
        } else if short == 127 {
            guard bytes.byteCount >= 10 else { return nil }
            let long = bytes.bigEndian(at: 2, size: 8)
            guard long >> 63 == 0 else { throw .lengthOverflow }
            guard long >= 65536 else { throw .lengthNotMinimal }
            payloadSize = Int(long)
            offset = 10
        }
        guard payloadSize <= payloadLimit || opcode.isControl else { throw .oversizedMessage }

        var mask: MaskKey?
        if isMasked {
            guard bytes.byteCount >= offset + 4 else { return nil }
            mask = MaskKey(
                bytes[octet: offset], bytes[octet: offset + 1], bytes[octet: offset + 2],
                bytes[octet: offset + 3])
        }
        return FrameHeader(
            isFinal: isFinal, isCompressed: isCompressed, opcode: opcode,
            payloadSize: payloadSize, mask: mask)
    }

    /// Appends the header to `buffer`.
    package func encode(into buffer: inout OctetBuffer) {
        unsafe buffer.append(atMost: Self.sizeLimit) { room in
            guard let start = room.baseAddress else { return 0 }
            return unsafe encode(at: start)
        }
    }

    /// Writes the header to `place`, where at least `headerSize` octets are ours to write.
    ///
    /// - Returns: `headerSize`.
    @unsafe
    @inlinable
    @inline(__always)
    package func encode(at place: UnsafeMutableRawPointer) -> Int {
        let first = opcode.rawValue | (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0)
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        unsafe place.storeBytes(of: first, as: UInt8.self)
        var size = 2
        if payloadSize < 126 {
            let short = UInt8(truncatingIfNeeded: payloadSize) | maskBit
            unsafe place.storeBytes(of: short, toByteOffset: 1, as: UInt8.self)
        } else if payloadSize < 65536 {
            unsafe place.storeBytes(of: 126 | maskBit, toByteOffset: 1, as: UInt8.self)
            let length = UInt16(truncatingIfNeeded: payloadSize).bigEndian
            unsafe place.storeBytes(of: length, toByteOffset: 2, as: UInt16.self)
            size = 4
        } else {
            unsafe place.storeBytes(of: 127 | maskBit, toByteOffset: 1, as: UInt8.self)
            let length = UInt64(truncatingIfNeeded: payloadSize).bigEndian
            unsafe place.storeBytes(of: length, toByteOffset: 2, as: UInt64.self)
            size = 10
        }
        if let mask {
            unsafe place.storeBytes(
                of: mask.bits.littleEndian, toByteOffset: size, as: UInt32.self)
            size += 4
        }
        return size
    }
}
