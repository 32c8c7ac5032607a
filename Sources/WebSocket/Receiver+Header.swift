// Headers — how a frame begins, wherever it is cut (RFC 6455 §5.2, §5.4).

internal import Bytes

extension Receiver {
    /// Reads the next frame header; `false` if it is not complete and all input is used.
    mutating func readHeader(
        _ input: UnsafeMutableRawBufferPointer, _ offset: inout Int, _ limits: ReceiverLimits
    ) throws(FrameError) -> Bool {
        let available = input.count - offset
        if available == 0 { return false }
        let carried = Int(carryCount)
        if carried == 0 {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: input[offset...])
            if let header = try unsafe header(in: rest.bytes, limits) {
                offset += header.headerSize
                begin(header)
                return true
            }
        }
        let size = min(FrameHeader.sizeLimit - carried, available)
        for index in 0..<size {
            unsafe carry[carried + index] = input[offset + index]
        }
        let carry = self.carry
        let together = unsafe carry.span.bytes.extracting(0..<carried + size)
        guard let header = try header(in: together, limits) else {
            // Fourteen octets are always enough, so this was all there is.
            carryCount = UInt8(truncatingIfNeeded: carried + size)
            offset += size
            return false
        }
        offset += header.headerSize - carried
        carryCount = 0
        begin(header)
        return true
    }

    /// Decodes a header and checks it against the message it comes in (§5.4).
    private func header(
        in bytes: RawSpan, _ limits: ReceiverLimits
    ) throws(FrameError) -> FrameHeader? {
        var isDeflated = bytes[octet: 0] & 0x40 != 0
        var before = 0
        switch bytes[octet: 0] & 0x0F {
        case Opcode.continuation.rawValue:
            guard kind != nil else { throw .unexpectedContinuation }
            guard Int(fragmentCount) < limits.fragmentCount else { throw .tooManyFragments }
            isDeflated = isCompressed
            before = announced
        case Opcode.text.rawValue, Opcode.binary.rawValue:
            guard kind == nil else { throw .unfinishedMessage }
        default: break
        }
        return try FrameHeader.decode(
            bytes, role: role,
            payloadLimit: max(0, limits.wireSize(isCompressed: isDeflated) - before),
            allowsCompression: allowsCompression)
    }

    private mutating func begin(_ header: FrameHeader) {
        isInFrame = true
        remaining = header.payloadSize
        mask = header.mask ?? MaskKey(bits: 0)
        phase = 0
        opcode = header.opcode
        guard !opcode.isControl else { return }
        isFinal = header.isFinal
        if opcode != .continuation {
            kind = opcode == .text ? .text : .binary
            isCompressed = header.isCompressed
            utf8 = UTF8Checker()
            fragmentCount = 0
            announced = 0
            tailLeft = 4
        }
        fragmentCount &+= 1
        announced += remaining
    }
}
