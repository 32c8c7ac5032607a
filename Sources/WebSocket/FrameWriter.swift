// FrameWriter — whole messages and control frames to octets, for either role (RFC 6455 §5, §6.1).
//
// A server's frames are plain and can be shared by every subscriber; a client masks each of its
// frames with a key of its own (§5.3), which the caller brings, since randomness is not ours.

package import Bytes

/// Appends frames to octet buffers.
package enum FrameWriter {
    /// Appends one frame.
    ///
    /// - Parameters:
    ///   - isCompressed: Sets RSV1; only for the first frame of a deflated message.
    ///   - mask: A key exactly if we are the client.
    package static func write(
        _ opcode: Opcode, _ payload: RawSpan, isFinal: Bool = true, isCompressed: Bool = false,
        mask: MaskKey? = nil, into buffer: inout OctetBuffer
    ) {
        precondition(!opcode.isControl || (payload.byteCount <= 125 && isFinal && !isCompressed))
        let header = FrameHeader(
            isFinal: isFinal, isCompressed: isCompressed, opcode: opcode,
            payloadSize: payload.byteCount, mask: mask)
        buffer.reserve(header.headerSize + payload.byteCount)
        header.encode(into: &buffer)
        let start = buffer.count
        buffer.append(payload)
        guard let mask else { return }
        var octets = buffer.mutableOctets
        unsafe octets.withUnsafeMutableBytes {
            unsafe Masking.apply(mask, to: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
        }
    }

    /// Appends one message in one frame.
    package static func writeMessage(
        _ kind: MessageKind, _ payload: RawSpan, isCompressed: Bool = false, mask: MaskKey? = nil,
        into buffer: inout OctetBuffer
    ) {
        write(
            kind == .text ? .text : .binary, payload, isCompressed: isCompressed, mask: mask,
            into: &buffer)
    }

    /// Appends one message in frames of at most `fragmentSize` octets of payload.
    ///
    /// - Parameter masks: Gives the key of each frame, `nil` for a server.
    package static func writeFragments(
        _ kind: MessageKind, _ payload: RawSpan, isCompressed: Bool = false, fragmentSize: Int,
        masks: () -> MaskKey?, into buffer: inout OctetBuffer
    ) {
        precondition(fragmentSize > 0)
        var start = 0
        repeat {
            let end = min(payload.byteCount - start, fragmentSize) + start
            let isFirst = start == 0
            write(
                isFirst ? (kind == .text ? .text : .binary) : .continuation,
                payload.extracting(start..<end), isFinal: end == payload.byteCount,
                isCompressed: isFirst && isCompressed, mask: masks(), into: &buffer)
            start = end
        } while start < payload.byteCount
    }

    /// Appends one message, deflated where that makes it smaller.
    ///
    /// - Parameters:
    ///   - deflater: The stream for the agreed window; its context is advanced only if the
    ///     compressed form is what is sent, which without context takeover is no matter, so with
    ///     it the compressed form is always sent.
    ///   - scratch: Takes the compressed octets; its content is replaced.
    ///   - threshold: Smaller messages are not tried, in octets.
    package static func writeMessage(
        _ kind: MessageKind, _ payload: RawSpan, deflater: inout Deflater,
        scratch: inout OctetBuffer, threshold: Int = 64, mask: MaskKey? = nil,
        into buffer: inout OctetBuffer
    ) {
        if payload.byteCount >= threshold {
            scratch.removeAll()
            let size = deflater.compress(payload, into: &scratch)
            if size < payload.byteCount || deflater.keepsContext {
                writeMessage(kind, scratch.octets, isCompressed: true, mask: mask, into: &buffer)
                return
            }
        }
        writeMessage(kind, payload, mask: mask, into: &buffer)
    }

    /// Appends a close frame (§5.5.1).
    ///
    /// - Parameters:
    ///   - code: `nil` leaves the payload empty, the reason with it.
    ///   - reason: Cut at 123 octets, between two characters.
    package static func writeClose(
        _ code: CloseCode?, reason: String = "", mask: MaskKey? = nil,
        into buffer: inout OctetBuffer
    ) {
        var payload = OctetBuffer(capacity: 128)
        writeClosePayload(code, reason: reason, into: &payload)
        write(.close, payload.octets, mask: mask, into: &buffer)
    }

    /// Appends what a close frame holds: at most 125 octets.
    package static func writeClosePayload(
        _ code: CloseCode?, reason: String, into payload: inout OctetBuffer
    ) {
        guard let code else { return }
        precondition(code.isValidOnWire)
        payload.append(bigEndian: UInt64(code.rawValue), size: 2)
        var left = 123
        for scalar in reason.unicodeScalars {
            guard let encoded = UTF8.encode(scalar), encoded.count <= left else { break }
            for octet in encoded { payload.append(octet) }
            left -= encoded.count
        }
    }
}
