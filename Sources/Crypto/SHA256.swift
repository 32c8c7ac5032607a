// SHA256 and HMACSHA256 — the digest of FIPS 180-4 §6.2, and codes made with it (RFC 2104).
//
// Each is one call of libcrypto. Results are ``SecretOctets`` since most of them are keys of
// something: a digest that is wiped for nothing costs less than one that is forgotten.

internal import COpenSSL

/// The SHA-256 digest.
package enum SHA256 {
    /// Octets of a digest.
    package static let size = 32

    /// The digest of `octets`.
    package static func digest(of octets: RawSpan) throws(CryptoError) -> SecretOctets {
        try unsafe SecretOctets(count: size) { digest throws(CryptoError) in
            let isDone = unsafe octets.withUnsafeBytes {
                unsafe carillon_sha256($0.baseAddress, $0.count, digest.octets)
            }
            guard isDone else { throw .unavailable }
        }
    }
}

/// Message authentication codes by SHA-256 (RFC 2104, RFC 4231).
package enum HMACSHA256 {
    /// Octets of a code.
    package static let size = 32

    /// The code of `message` under `key`, which may have any size.
    package static func code(
        of message: RawSpan, key: RawSpan
    ) throws(CryptoError) -> SecretOctets {
        try unsafe SecretOctets(count: size) { code throws(CryptoError) in
            let isDone = unsafe message.withUnsafeBytes { message in
                unsafe key.withUnsafeBytes { key in
                    unsafe carillon_hmac_sha256(
                        key.baseAddress, key.count, message.baseAddress, message.count,
                        code.octets)
                }
            }
            guard isDone else { throw .unavailable }
        }
    }

    /// The code of a text of ours under `key`.
    package static func code(
        of message: StaticString, key: RawSpan
    ) throws(CryptoError) -> SecretOctets {
        let octets = unsafe RawSpan(
            _unsafeStart: message.utf8Start, byteCount: message.utf8CodeUnitCount)
        return try code(of: octets, key: key)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Where the octets begin, as C wants it.
    internal var octets: UnsafeMutablePointer<UInt8>? {
        unsafe baseAddress?.assumingMemoryBound(to: UInt8.self)
    }
}

extension UnsafeRawBufferPointer {
    /// Where the octets begin, as C wants it.
    internal var octets: UnsafePointer<UInt8>? {
        unsafe baseAddress?.assumingMemoryBound(to: UInt8.self)
    }
}
