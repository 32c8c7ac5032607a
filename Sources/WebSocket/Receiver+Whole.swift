// Receiver+Whole — the short way for the message that nearly all messages are (RFC 6455 §5.2,
// §5.6).

internal import Bytes

extension Receiver {
    /// The case that nearly all messages are, without the states of the others: one plain data
    /// frame that lies in the input to its end.
    ///
    /// - Returns: `nil` for everything else, faulty frames included; nothing is used then.
    func nextWhole(
        _ input: UnsafeMutableRawBufferPointer, _ offset: inout Int, _ limits: ReceiverLimits
    ) throws(FrameError) -> Reception? {
        let available = input.count - offset
        guard available >= FrameHeader.sizeLimit else { return nil }
        let start = unsafe input.baseAddress.unsafelyUnwrapped + offset
        // FIN, no reserved bit, text or binary.
        let first = unsafe start.load(as: UInt8.self)
        let second = unsafe start.load(fromByteOffset: 1, as: UInt8.self)
        guard first == 0x81 || first == 0x82, (second & 0x80 != 0) == (role == .server) else {
            return nil
        }
        var size = Int(second & 0x7F)
        var headerSize = 2
        if size == 126 {
            size = Int(
                UInt16(bigEndian: unsafe start.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            headerSize = 4
            guard size >= 126 else { return nil }
        }
        let maskSize = role == .server ? 4 : 0
        guard size < 127 || headerSize == 4, headerSize + maskSize + size <= available,
            size <= limits.messageSize
        else { return nil }
        let payload = unsafe UnsafeMutableRawBufferPointer(
            start: start + headerSize + maskSize, count: size)
        if maskSize > 0 {
            let bits = unsafe start.loadUnaligned(fromByteOffset: headerSize, as: UInt32.self)
            unsafe Masking.apply(MaskKey(bits: bits), to: payload, phase: 0)
        }
        if first == 0x81, !trustsWholeText,
            unsafe !UTF8Checker.accepts(UnsafeRawBufferPointer(payload).bytes)
        {
            throw .notText
        }
        let place = Place(
            origin: .input, start: offset + headerSize + maskSize, size: size)
        offset = place.start + size
        return .message(first == 0x81 ? .text : .binary, place)
    }
}
