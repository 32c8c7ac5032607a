// WAMPCRA — challenge and response by HMAC-SHA-256 (reference §10.4).
//
// The challenge is a JSON text that clients treat as opaque; the response is the base 64 of its
// code. The key of a salted principal is the base 64 *text* of what PBKDF2 gives, so a router that
// keeps that text never sees the password.

internal import Bytes
internal import Codecs
package import Crypto

/// The arithmetic of WAMP-CRA.
package enum WAMPCRA {
    /// The text that the client is to sign.
    internal static func challenge(
        authID: String, role: String, session: UInt64, timestamp: String, nonce: [UInt8]
    ) -> String {
        var text = OctetBuffer(capacity: 256)
        var writer = JSONWriter()
        let map = writer.beginMap(count: 7, into: &text)
        writer.append(key: "authid", into: &text)
        writer.append(string: authID, into: &text)
        writer.append(key: "authrole", into: &text)
        writer.append(string: role, into: &text)
        writer.append(key: "authmethod", into: &text)
        writer.append(string: "wampcra", into: &text)
        writer.append(key: "authprovider", into: &text)
        writer.append(string: "static", into: &text)
        writer.append(key: "session", into: &text)
        writer.append(unsigned: session, into: &text)
        writer.append(key: "nonce", into: &text)
        unsafe writer.append(string: TextForm.hex(nonce.span.bytes), into: &text)
        writer.append(key: "timestamp", into: &text)
        writer.append(string: timestamp, into: &text)
        writer.end(map, into: &text)
        return text.octets.text
    }

    /// The response to a challenge.
    package static func signature(
        of challenge: String, key: RawSpan
    ) throws(CryptoError) -> String {
        let code = try unsafe HMACSHA256.code(of: Array(challenge.utf8).span.bytes, key: key)
        return TextForm.base64(code.octets)
    }

    /// Whether `signature` is the response to `challenge`; compared in constant time.
    internal static func isValid(
        _ signature: String, of challenge: String, key: RawSpan
    ) throws(CryptoError) -> Bool {
        guard let given = TextForm.octets(base64: signature, count: HMACSHA256.size)
        else { return false }
        let code = try unsafe HMACSHA256.code(of: Array(challenge.utf8).span.bytes, key: key)
        return unsafe code.octets.equalsInConstantTime(given.span.bytes)
    }

    /// The key of a salted principal: the base 64 of PBKDF2's octets. Takes long by intention.
    ///
    /// - Parameter keyLength: Octets derived, before base 64.
    package static func key(
        password: RawSpan, salt: String, iterations: Int, keyLength: Int
    ) throws(CryptoError) -> SecretOctets {
        let derived = try unsafe PBKDF2.key(
            password: password, salt: Array(salt.utf8).span.bytes, iterations: iterations,
            size: keyLength)
        var text = OctetBuffer(capacity: (keyLength + 2) / 3 * 4)
        Base64.encode(derived.octets, into: &text)
        defer { text.wipe() }
        return SecretOctets(copying: text.octets)
    }
}
