// PBKDF2 — keys from passwords, slowly, by HMAC-SHA-256 (RFC 8018 §5.2).
//
// It is meant to take long (some 0.2 µs for each iteration and 32 octets): never on a core.

internal import COpenSSL

/// Password-based key derivation.
package enum PBKDF2 {
    /// Iterations that are carried out. A peer may name the number, so there is a last one; ten
    /// million take seconds.
    package static let iterations = 1...10_000_000
    /// Octets a key may have.
    package static let keySizes = 1...1024

    /// Derives a key.
    ///
    /// - Parameter size: Octets wanted. A shorter key is the beginning of a longer one.
    /// - Throws: ``CryptoError/wrongIterations(_:)`` and ``CryptoError/wrongSize(_:)`` outside
    ///   ``iterations`` and ``keySizes``.
    package static func key(
        password: RawSpan, salt: RawSpan, iterations: Int, size: Int
    ) throws(CryptoError) -> SecretOctets {
        guard Self.iterations.contains(iterations) else { throw .wrongIterations(iterations) }
        guard keySizes.contains(size) else { throw .wrongSize(size) }
        return try unsafe SecretOctets(count: size) { key throws(CryptoError) in
            let isDone = unsafe password.withUnsafeBytes { password in
                unsafe salt.withUnsafeBytes { salt in
                    unsafe carillon_pbkdf2_sha256(
                        password.baseAddress, password.count, salt.baseAddress, salt.count,
                        UInt32(iterations), key.octets, key.count)
                }
            }
            guard isDone else { throw .unavailable }
        }
    }
}
