// HMAC — codes by any hash of the SHA-2 family (RFC 2104, FIPS 180-4), as JSON Web Signatures name
// them (RFC 7518 §3.2).
//
// ``HMACSHA256`` is what WAMP needs and says so; here the hash is chosen by configuration.

internal import COpenSSL

/// Message authentication codes.
package enum HMAC {
    package enum Hash: Int, Sendable, CaseIterable {
        case sha256 = 32
        case sha384 = 48
        case sha512 = 64

        /// Octets of a digest, and of a code.
        package var size: Int { rawValue }
    }

    /// The code of `message` under `key`, which may have any size.
    package static func code(
        _ hash: Hash, of message: RawSpan, key: RawSpan
    ) throws(CryptoError) -> SecretOctets {
        try unsafe SecretOctets(count: hash.size) { code throws(CryptoError) in
            let isDone = unsafe message.withUnsafeBytes { message in
                unsafe key.withUnsafeBytes { key in
                    unsafe carillon_hmac(
                        hash.size, key.baseAddress, key.count, message.baseAddress, message.count,
                        code.octets)
                }
            }
            guard isDone else { throw .unavailable }
        }
    }
}
