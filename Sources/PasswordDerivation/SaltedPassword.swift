// SaltedPassword — what SCRAM makes of a password, in each of its derivations (RFC 5802 §3,
// reference §10.5), for entries and for clients.
//
// The deployed dialect differs in two points that its name for Argon2id tells: the password is not
// prepared, and the key is the text that the library prints, 43 letters of unpadded base 64.

internal import Bytes
package import Crypto
package import WAMPAuthentication

/// Salted passwords of SCRAM.
package enum SaltedPassword {
    /// Derives the key that both of SCRAM's keys are made of. Takes long by intention.
    package static func derive(
        _ password: String, _ parameters: SCRAMParameters, for purpose: SASLprep.Purpose
    ) throws(AuthenticationError) -> SecretOctets {
        let iterations = parameters.iterations
        switch parameters.derivation {
        case .pbkdf2:
            var octets = Array(try SASLprep.prepare(password, for: purpose).utf8)
            defer { octets.wipe() }
            do throws(CryptoError) {
                return try unsafe PBKDF2.key(
                    password: octets.span.bytes, salt: parameters.salt.span.bytes,
                    iterations: iterations, size: SHA256.size)
            } catch {
                throw .crypto(error)
            }
        case .argon2id(let memory):
            var octets = Array(try SASLprep.prepare(password, for: purpose).utf8)
            defer { octets.wipe() }
            return try Argon2id.key(
                password: octets, salt: parameters.salt, iterations: iterations, memory: memory)
        case .argon2idText(let memory):
            guard !password.isEmpty else { throw .derivation("the password is empty") }
            var octets = Array(password.utf8)
            defer { octets.wipe() }
            let key = try Argon2id.key(
                password: octets, salt: parameters.salt, iterations: iterations, memory: memory)
            var text = OctetBuffer(capacity: 44)
            defer { text.wipe() }
            Base64.encode(key.octets, into: &text)
            text.truncate(to: 43)  // 32 octets are 43 letters and one of padding
            return SecretOctets(copying: text.octets)
        }
    }
}

extension SCRAMVerifier {
    /// Makes the entry of a principal.
    ///
    /// - Throws: ``AuthenticationError/derivation(_:)`` or ``AuthenticationError/crypto(_:)`` when
    ///   the password or the parameters are unfit.
    package static func make(
        password: String, parameters: SCRAMParameters
    ) throws(AuthenticationError) -> SCRAMVerifier {
        let salted = try SaltedPassword.derive(password, parameters, for: .stored)
        let verifier: SCRAMVerifier?
        do throws(CryptoError) {
            verifier = try SCRAMVerifier(saltedPassword: salted.octets, parameters: parameters)
        } catch {
            throw .crypto(error)
        }
        guard let verifier else { throw .derivation("salt, iterations or memory are none") }
        return verifier
    }
}

extension ClientCredential {
    /// A password that is never shown, in both dialects of SCRAM.
    ///
    /// - Parameter random: 16 or more octets that nobody can guess.
    package static func scram(
        authID: String, password: String, random: [UInt8]
    ) -> ClientCredential {
        scram(authID: authID, random: random) { parameters throws(AuthenticationError) in
            try SaltedPassword.derive(password, parameters, for: .query)
        }
    }
}
