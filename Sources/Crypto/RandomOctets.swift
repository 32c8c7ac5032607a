// RandomOctets — octets nobody can guess, from the generator of libcrypto, which the kernel seeds.
//
// Protocol code takes its random octets as a parameter; this is what the server passes.

internal import COpenSSL

/// Random octets.
package enum RandomOctets {
    /// Makes `count` octets fit for keys and nonces.
    package static func make(_ count: Int) throws(CryptoError) -> [UInt8] {
        precondition(count >= 0)
        var octets = [UInt8](repeating: 0, count: count)
        let isDone = unsafe octets.withUnsafeMutableBytes {
            unsafe carillon_random($0.baseAddress, $0.count)
        }
        guard isDone else { throw .unavailable }
        return octets
    }
}
