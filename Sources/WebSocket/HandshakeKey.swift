// HandshakeKey — the key of the opening handshake and the answer to it (RFC 6455 §4.1, §4.2.2).
//
// The answer proves that the server read the request as a WebSocket handshake: the base 64 of the
// SHA-1 of the key, as sent, followed by a fixed GUID. Both sides compute it on fixed storage.

package import Bytes

/// The value of `Sec-WebSocket-Key`: 24 octets of base 64, which stand for 16.
package struct HandshakeKey: Sendable {
    private var text: InlineArray<24, UInt8>

    /// Reads the key of a request; `nil` unless it is the base 64 of 16 octets.
    package init?(_ value: RawSpan) {
        guard value.byteCount == 24, Base64.decodedSize(value) == 16 else { return nil }
        text = InlineArray(repeating: 0)
        for index in 0..<24 { text[index] = value[octet: index] }
    }

    /// Makes the key of a client from 16 random octets (§4.1, 7: a fresh nonce per connection).
    package init(random: (UInt64, UInt64)) {
        var nonce = OctetBuffer(capacity: 16)
        nonce.append(bigEndian: random.0, size: 8)
        nonce.append(bigEndian: random.1, size: 8)
        var encoded = OctetBuffer(capacity: 24)
        Base64.encode(nonce.octets, into: &encoded)
        text = InlineArray(repeating: 0)
        for index in 0..<24 { text[index] = encoded.octets[octet: index] }
    }

    /// Appends the key.
    package func write(into buffer: inout OctetBuffer) { unsafe buffer.append(text.span.bytes) }

    /// Appends the value of `Sec-WebSocket-Accept`, 28 octets.
    package func writeAccept(into buffer: inout OctetBuffer) {
        var sum = SHA1()
        unsafe sum.update(text.span.bytes)
        sum.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        let digest = sum.finish()
        unsafe Base64.encode(digest.span.bytes, into: &buffer)
    }
}
