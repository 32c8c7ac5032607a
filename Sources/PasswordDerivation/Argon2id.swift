// Argon2id — keys from passwords that cost memory as well as time (RFC 9106), version 1.3.

internal import CArgon2
package import Crypto
package import WAMPAuthentication

/// Derivation by Argon2id with one lane.
package enum Argon2id {
    /// Passes over the memory.
    package static let iterations = 1...100_000
    /// KiB; a router names the number to clients, so there is a most: 1 GiB.
    package static let memory = 8...1_048_576
    /// KiB times passes; what Autobahn takes by default (512 × 4096) is a thirty-second of it.
    package static let workLimit = 1 << 26

    /// Derives a key of `size` octets.
    ///
    /// - Throws: ``AuthenticationError/derivation(_:)`` when a number is out of range, the salt
    ///   shorter than 8 octets or there is not so much memory.
    package static func key(
        password: [UInt8], salt: [UInt8], iterations: Int, memory: Int, size: Int = 32
    ) throws(AuthenticationError) -> SecretOctets {
        guard Self.iterations.contains(iterations), Self.memory.contains(memory),
            iterations * memory <= workLimit, (4...1024).contains(size)
        else { throw .derivation("Argon2id of \(iterations) passes over \(memory) KiB is refused") }
        return try unsafe SecretOctets(count: size) { key throws(AuthenticationError) in
            let status = unsafe carillon_argon2id(
                password, password.count, salt, salt.count, UInt32(iterations), UInt32(memory),
                key.baseAddress?.assumingMemoryBound(to: UInt8.self), key.count)
            guard status == 0 else {
                throw .derivation(unsafe String(cString: carillon_argon2_message(status)))
            }
        }
    }
}
