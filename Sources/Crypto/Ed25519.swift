// Ed25519 — signatures on the twisted Edwards curve (RFC 8032 §5.1), neither prehashed nor with a
// context.
//
// Signing takes some 50 µs and verifying some 70 µs, so neither belongs on a core.

internal import COpenSSL

/// Signatures by Ed25519.
package enum Ed25519 {
    /// Octets of a seed, which is the private key.
    package static let seedSize = 32
    /// Octets of a public key.
    package static let keySize = 32
    /// Octets of a signature.
    package static let signatureSize = 64

    /// The public key that belongs to `seed`.
    ///
    /// - Throws: ``CryptoError/wrongSize(_:)`` unless the seed has 32 octets.
    package static func publicKey(seed: RawSpan) throws(CryptoError) -> [UInt8] {
        guard seed.byteCount == seedSize else { throw .wrongSize(seed.byteCount) }
        var key = [UInt8](repeating: 0, count: keySize)
        let isDone = unsafe seed.withUnsafeBytes { seed in
            unsafe carillon_ed25519_public_key(seed.octets, &key)
        }
        guard isDone else { throw .unavailable }
        return key
    }

    /// Signs `message`. The same seed and message always give the same 64 octets.
    ///
    /// - Throws: ``CryptoError/wrongSize(_:)`` unless the seed has 32 octets.
    package static func sign(_ message: RawSpan, seed: RawSpan) throws(CryptoError) -> [UInt8] {
        guard seed.byteCount == seedSize else { throw .wrongSize(seed.byteCount) }
        var signature = [UInt8](repeating: 0, count: signatureSize)
        let isDone = unsafe seed.withUnsafeBytes { seed in
            unsafe message.withUnsafeBytes { message in
                unsafe carillon_ed25519_sign(
                    seed.octets, message.baseAddress, message.count, &signature)
            }
        }
        guard isDone else { throw .unavailable }
        return signature
    }

    /// Whether `signature` was made for `message` with the seed of `key`. Keys and signatures of
    /// another size, or that are no points or numbers of the curve, are not valid.
    package static func isValid(
        _ signature: RawSpan, of message: RawSpan, key: RawSpan
    ) throws(CryptoError) -> Bool {
        guard key.byteCount == keySize, signature.byteCount == signatureSize else { return false }
        let result = unsafe key.withUnsafeBytes { key in
            unsafe message.withUnsafeBytes { message in
                unsafe signature.withUnsafeBytes { signature in
                    unsafe carillon_ed25519_verify(
                        key.octets, message.baseAddress, message.count, signature.octets)
                }
            }
        }
        guard result >= 0 else { throw .unavailable }
        return result == 1
    }
}
