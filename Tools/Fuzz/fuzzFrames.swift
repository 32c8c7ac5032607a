// Fuzz target: a stream of WebSocket frames (RFC 6455 §5, RFC 7692).
//
// The first four octets choose role, extension and limits; the rest is the stream.

import Bytes
import WebSocket

/// Checks that any stream gives the same events, or the same error, whole and cut, and that what
/// was received can be written and received again.
package func fuzzFrames(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 4 else { return }
    let role: Role = unsafe bytes[0] & 1 == 0 ? .server : .client
    var deflate: DeflateAgreement?
    if unsafe bytes[0] & 2 != 0 {
        let noContext = unsafe bytes[0] & 4 != 0
        // The largest window: within one call zlib lets a reference reach as far back as the call
        // has written, even beyond a smaller window, so there the cuts would decide.
        let bits: UInt8 = 15
        deflate = DeflateAgreement(
            serverNoContextTakeover: noContext, clientNoContextTakeover: noContext,
            serverWindowBits: bits, clientWindowBits: bits)
    }
    let limits = unsafe ReceiverLimits(
        messageSize: Int(bytes[1]) * 64 + Int(bytes[1] & 7), fragmentCount: Int(bytes[2]) + 1,
        inflatedPerStep: Int(bytes[3]) * 16 + 1)
    let stream = unsafe Array(bytes[4...])
    let whole = converse(stream, role: role, deflate: deflate, limits: limits, cutter: nil)
    let seed = unsafe checksum(bytes)
    for round: UInt64 in 0..<3 {
        let cut = converse(
            stream, role: role, deflate: deflate, limits: limits,
            cutter: Cutter(seed: seed &+ round))
        precondition(cut == whole, "cuts change the events")
    }
    writeAgain(whole, role: role)
}

/// Encode and decode are each other's inverse.
private func writeAgain(_ outcomes: [Outcome], role: Role) {
    var stream = OctetBuffer()
    var expected: [Outcome] = []
    for outcome in outcomes {
        guard case .event(let name, let octets) = outcome else { continue }
        let opcode: Opcode
        switch name {
        case "text": opcode = .text
        case "binary": opcode = .binary
        case "ping": opcode = .ping
        case "pong": opcode = .pong
        default: continue
        }
        unsafe FrameWriter.write(
            opcode, octets.span.bytes,
            mask: role == .server ? MaskKey(bits: 0x0102_0304 &* UInt32(stream.count + 1)) : nil,
            into: &stream)
        expected.append(outcome)
    }
    let again = converse(
        stream.octets.array, role: role, deflate: nil, limits: ReceiverLimits(),
        cutter: Cutter(seed: UInt64(stream.count)))
    precondition(again == expected, "what is written is not what is read")
}
