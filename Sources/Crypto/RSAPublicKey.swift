// RSAPublicKey — signatures by RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2.2), verified only.
//
// What issuers of web tokens sign with (RS256). A key is read once, at the start; verifying takes
// some 40 µs with 2048 bits, most of it the exponentiation.

internal import COpenSSL

/// A public key of 2048 to 8192 bits.
package struct RSAPublicKey: Sendable {
    /// Octets of the largest key, encoded: the modulus and less than 100 around it.
    private static let sizeLimit = 8192 / 8 + 512

    /// A SubjectPublicKeyInfo in DER.
    private let encoded: [UInt8]

    /// Reads a key as `openssl rsa -pubout` writes it: `-----BEGIN PUBLIC KEY-----` (RFC 7468 §13).
    ///
    /// - Returns: `nil` for what is no such key, and for keys too short to be safe.
    package init?(pem: RawSpan) {
        var encoded = [UInt8](repeating: 0, count: Self.sizeLimit)
        var size = Self.sizeLimit
        let isKey = unsafe pem.withUnsafeBytes { pem in
            unsafe carillon_rsa_public_key(pem.baseAddress, pem.count, &encoded, &size)
        }
        guard isKey, size <= encoded.count else { return nil }
        encoded.removeLast(encoded.count - size)
        self.encoded = encoded
    }

    /// Whether `signature` was made for `message` with the private key of this one. Signatures of
    /// another size are not valid.
    package func isValid(
        _ signature: RawSpan, of message: RawSpan
    ) throws(CryptoError) -> Bool {
        let result = unsafe message.withUnsafeBytes { message in
            unsafe signature.withUnsafeBytes { signature in
                unsafe carillon_rsa_sha256_verify(
                    encoded, encoded.count, message.baseAddress, message.count, signature.octets,
                    signature.count)
            }
        }
        guard result >= 0 else { throw .unavailable }
        return result == 1
    }
}
