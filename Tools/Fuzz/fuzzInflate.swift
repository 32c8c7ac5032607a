// Fuzz target: the payload of deflated messages (RFC 7692 §7.2.2), broken and well-formed.
//
// The first three octets choose window, context, fragment size and limit. The rest is taken twice:
// as compressed data straight from a peer, and as a message to be compressed and read back.

import Bytes
import WebSocket

/// Checks that compressed octets, whatever they are, give the same outcome however cut, never more
/// than the limit, and that a compressed message comes back as it was.
package func fuzzInflate(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 3 else { return }
    let choices = unsafe bytes[0]
    let fragmentSize = unsafe Int(bytes[1]) * Int(bytes[1]) + 1
    let limits = unsafe ReceiverLimits(
        messageSize: Int(bytes[2]) * 256, fragmentCount: 1 << 20,
        inflatedPerStep: 1 + Int(bytes[2] & 15) * 500)
    let octets = unsafe Array(bytes[3...])
    let agreement = DeflateAgreement(
        clientNoContextTakeover: choices & 1 != 0, clientWindowBits: 9 + (choices >> 1) % 7)
    let kind: MessageKind = choices & 0x80 != 0 ? .text : .binary
    let seed = unsafe checksum(bytes)

    // The largest window: within one call zlib lets a reference reach as far back as the call has
    // written, even beyond a smaller window, so there the cuts would decide.
    let widest = DeflateAgreement(
        clientNoContextTakeover: agreement.clientNoContextTakeover, clientWindowBits: 15)
    // Twice the same, so that the second message meets the context of the first.
    var hostile = OctetBuffer()
    for _ in 0..<2 {
        unsafe FrameWriter.writeFragments(
            kind, octets.span.bytes, isCompressed: true, fragmentSize: fragmentSize,
            masks: { MaskKey(bits: UInt32(truncatingIfNeeded: seed)) }, into: &hostile)
    }
    check(hostile, widest, limits, seed)

    guard
        var deflater = Deflater(
            level: 1 + Int(choices) % 9, windowBits: Int(agreement.clientWindowBits),
            memoryLevel: 1 + Int(choices >> 4) % 9,
            keepsContext: !agreement.clientNoContextTakeover)
    else { fatalError("no deflater") }
    var honest = OctetBuffer()
    for _ in 0..<2 {
        var compressed = OctetBuffer()
        unsafe deflater.compress(octets.span.bytes, into: &compressed)
        FrameWriter.writeFragments(
            .binary, compressed.octets, isCompressed: true, fragmentSize: fragmentSize,
            masks: { MaskKey(bits: UInt32(truncatingIfNeeded: seed)) }, into: &honest)
    }
    let roomy = ReceiverLimits(messageSize: octets.count, fragmentCount: 1 << 20)
    let outcomes = check(honest, agreement, roomy, seed)
    precondition(outcomes == [.event("binary", octets), .event("binary", octets)])
}

@discardableResult
private func check(
    _ stream: borrowing OctetBuffer, _ agreement: DeflateAgreement, _ limits: ReceiverLimits,
    _ seed: UInt64
) -> [Outcome] {
    let octets = stream.octets.array
    let whole = converse(octets, role: .server, deflate: agreement, limits: limits, cutter: nil)
    for round: UInt64 in 0..<2 {
        let cut = converse(
            octets, role: .server, deflate: agreement, limits: limits,
            cutter: Cutter(seed: seed &+ round))
        precondition(cut == whole, "cuts change the outcome")
    }
    return whole
}
