// ClientCredential — how a client of ours joins: what HELLO says, the answer to a challenge, and
// whether WELCOME comes from the router that was meant (reference §10).
//
//     var credential = ClientCredential.ticket("wEx9TPFt")
//     // HELLO: authmethods = credential.methods, authextra = credential.helloExtra
//     let answer = try credential.answer(method: "ticket", challengeExtra: extra)
//     // AUTHENTICATE: answer.signature, answer.extra
//     try credential.checkWelcome(extra)
//
// A value is good for one session: SCRAM remembers what the router must show in the end. Answers
// are computed from what a router says, so derivations have limits; they take long all the same.

internal import Bytes
package import Crypto

/// What a client knows or has, and how far the exchange is.
package struct ClientCredential: Sendable {
    /// What AUTHENTICATE says.
    package typealias Answer = (signature: String, extra: AuthExtra)
    /// Derives the salted password of SCRAM; see the module `PasswordDerivation`.
    package typealias SCRAMDerive =
        @Sendable (SCRAMParameters) throws(AuthenticationError) -> SecretOctets

    private enum Kind: Sendable {
        case ticket(String)
        case wampCRA(secret: [UInt8], isKey: Bool)
        case scram(authID: String, nonce: String, SCRAMDerive)
        case cryptosign(seed: [UInt8], publicKey: [UInt8])
    }

    /// What the router must show before the session counts.
    private enum Demand: Sendable {
        case nothing
        /// A challenge that we answered, and this in WELCOME.
        case verifier([UInt8]?)
        /// The signature of our challenge by this key; afterwards nothing.
        case router(key: [UInt8], challenge: [UInt8])
    }

    private let kind: Kind
    private var demand = Demand.nothing

    private init(_ kind: Kind) { self.kind = kind }

    /// A password that is shown as it is.
    package static func ticket(_ ticket: String) -> ClientCredential {
        ClientCredential(.ticket(ticket))
    }

    /// A shared secret.
    ///
    /// - Parameter isKey: Whether it is the derived key already, and salted challenges are to be
    ///   answered with it as it is (wampy does so). Otherwise it is the password.
    package static func wampCRA(secret: [UInt8], isKey: Bool = false) -> ClientCredential {
        ClientCredential(.wampCRA(secret: secret, isKey: isKey))
    }

    /// A password that is never shown.
    ///
    /// - Parameters:
    ///   - random: 16 or more octets that nobody can guess.
    ///   - derive: Salts the password, in the way the challenge names.
    package static func scram(
        authID: String, random: [UInt8], derive: @escaping SCRAMDerive
    ) -> ClientCredential {
        let nonce = unsafe TextForm.base64(random.span.bytes)
        var credential = ClientCredential(.scram(authID: authID, nonce: nonce, derive))
        credential.demand = .verifier(nil)
        return credential
    }

    /// An Ed25519 key.
    ///
    /// - Parameter router: The router's public key and 32 random octets that it must sign; without
    ///   it any router is trusted.
    package static func cryptosign(
        seed: [UInt8], router: (key: [UInt8], challenge: [UInt8])? = nil
    ) throws(AuthenticationError) -> ClientCredential {
        let key = try crypto { () throws(CryptoError) in
            try unsafe Ed25519.publicKey(seed: seed.span.bytes)
        }
        var credential = ClientCredential(.cryptosign(seed: seed, publicKey: key))
        if let router {
            guard router.challenge.count == Cryptosign.challengeSize
            else { throw .malformed("challenge") }
            credential.demand = .router(key: router.key, challenge: router.challenge)
        }
        return credential
    }

    // MARK: HELLO

    /// HELLO.Details.authmethods.
    package var methods: [String] {
        switch kind {
        case .ticket: [AuthMethod.ticket.rawValue]
        case .wampCRA: [AuthMethod.wampCRA.rawValue]
        case .scram: [AuthMethod.wampSCRAM.rawValue, AuthMethod.scram.rawValue]
        case .cryptosign: [AuthMethod.cryptosign.rawValue]
        }
    }

    /// HELLO.Details.authextra.
    package var helloExtra: AuthExtra {
        switch kind {
        case .ticket, .wampCRA: return []
        case .scram(_, let nonce, _):
            return [("nonce", .text(nonce)), ("channel_binding", .null)]
        case .cryptosign(_, let key):
            var extra: AuthExtra = [
                ("pubkey", .text(unsafe TextForm.hex(key.span.bytes))), ("channel_binding", .null),
            ]
            if case .router(_, let challenge) = demand {
                extra.append(("challenge", .text(unsafe TextForm.hex(challenge.span.bytes))))
            }
            return extra
        }
    }

    // MARK: CHALLENGE and AUTHENTICATE

    /// Answers a challenge.
    ///
    /// - Throws: Leave with ABORT then; nothing secret has been shown.
    package mutating func answer(
        method: String, challengeExtra: [String: AuthValue]
    ) throws(AuthenticationError) -> Answer {
        guard methods.contains(method) else { throw .unexpectedMethod(method) }
        let challenge = ChallengeExtra(members: challengeExtra)
        switch kind {
        case .ticket(let ticket): return (ticket, [])
        case .wampCRA(let secret, let isKey):
            return (try wampCRA(challenge, secret, isKey: isKey), [])
        case .scram(let authID, let nonce, let derive):
            let dialect: SCRAMDialect =
                method == AuthMethod.scram.rawValue ? .deployed : .specified
            return try scram(challenge, dialect, authID, nonce, derive)
        case .cryptosign(let seed, _): return (try cryptosign(challenge, seed), [])
        }
    }

    private func wampCRA(
        _ challenge: ChallengeExtra, _ secret: [UInt8], isKey: Bool
    ) throws(AuthenticationError) -> String {
        let text = try challenge.text("challenge")
        guard !isKey, challenge.members["salt"] != nil else {
            return try Self.crypto { () throws(CryptoError) in
                try unsafe WAMPCRA.signature(of: text, key: secret.span.bytes)
            }
        }
        let salt = try challenge.text("salt")
        let iterations = try challenge.number("iterations")
        let keyLength = try challenge.number("keylen")
        return try Self.crypto { () throws(CryptoError) in
            let key = try unsafe WAMPCRA.key(
                password: secret.span.bytes, salt: salt, iterations: iterations,
                keyLength: keyLength)
            return try WAMPCRA.signature(of: text, key: key.octets)
        }
    }

    private mutating func scram(
        _ challenge: ChallengeExtra, _ dialect: SCRAMDialect, _ authID: String,
        _ clientNonce: String, _ derive: SCRAMDerive
    ) throws(AuthenticationError) -> Answer {
        let nonce = try challenge.text("nonce")
        guard nonce.utf8.starts(with: clientNonce.utf8), nonce.utf8.count > clientNonce.utf8.count
        else { throw .foreignNonce }
        let saltText = try challenge.text("salt")
        guard let salt = TextForm.octets(base64: saltText, atMost: 1024), !salt.isEmpty
        else { throw .malformed("salt") }
        let iterations = try challenge.number("iterations")
        let memory = try challenge.optionalNumber("memory")
        guard let derivation = SCRAMDerivation(name: try challenge.text("kdf"), memory: memory),
            derivation.belongs(to: dialect)
        else { throw .malformed("kdf") }
        let password = try derive(
            SCRAMParameters(salt: salt, iterations: iterations, derivation: derivation))
        let exchange = SCRAMExchange(
            dialect: dialect, authID: authID, clientNonce: clientNonce, nonce: nonce,
            salt: saltText, iterations: iterations)
        do throws(CryptoError) {
            let serverKey = try HMACSHA256.code(of: "Server Key", key: password.octets)
            let signature = try exchange.serverSignature(serverKey: serverKey.octets)
            demand = .verifier(signature.octets.array)
            let proof = try exchange.proof(saltedPassword: password.octets)
            switch dialect {
            case .deployed: return (proof, [])
            case .specified:
                return (
                    proof,
                    [("nonce", .text(nonce)), ("channel_binding", .null), ("cbind_data", .null)]
                )
            }
        } catch {
            throw .crypto(error)
        }
    }

    private mutating func cryptosign(
        _ challenge: ChallengeExtra, _ seed: [UInt8]
    ) throws(AuthenticationError) -> String {
        let random = try challenge.text("challenge")
        guard let octets = TextForm.octets(hex: random, count: Cryptosign.challengeSize)
        else { throw .malformed("challenge") }
        guard try challenge.isNull("channel_binding") else { throw .malformed("channel_binding") }
        if case .router(let key, let ours) = demand {
            // Before anything is signed for it: a router that shows no key gets no answer.
            let signature = try challenge.text("signature")
            let isValid = try Self.crypto { () throws(CryptoError) in
                try Cryptosign.isValid(signature, of: ours, key: key)
            }
            guard isValid else { throw .untrustedRouter }
            demand = .nothing
        }
        return try Self.crypto { () throws(CryptoError) in
            try unsafe Cryptosign.signature(of: octets, seed: seed.span.bytes)
        }
    }

    // MARK: WELCOME

    /// Whether the router may be trusted, by WELCOME.Details.authextra.
    ///
    /// - Throws: ``AuthenticationError/untrustedRouter``; leave then.
    package func checkWelcome(_ extra: [String: AuthValue]) throws(AuthenticationError) {
        switch demand {
        case .nothing: return
        case .router: throw .untrustedRouter  // it never signed our challenge
        case .verifier(let expected):
            guard let expected else { throw .untrustedRouter }  // it never challenged us
            // The specification's example writes "v=" before it (reference §10.5).
            guard case .text(let text)? = extra["verifier"] ?? extra["scram_server_signature"],
                let shown = TextForm.octets(
                    base64: text.hasPrefix("v=") ? String(text.dropFirst(2)) : text,
                    count: SHA256.size),
                unsafe shown.span.bytes.equalsInConstantTime(expected.span.bytes)
            else { throw .untrustedRouter }
        }
    }

    /// Runs `body` with its errors as ours.
    private static func crypto<Result>(
        _ body: () throws(CryptoError) -> Result
    ) throws(AuthenticationError) -> Result {
        do throws(CryptoError) {
            return try body()
        } catch {
            throw .crypto(error)
        }
    }
}

/// CHALLENGE.Extra, read with errors that name the member.
private struct ChallengeExtra {
    let members: [String: AuthValue]

    func text(_ key: String) throws(AuthenticationError) -> String {
        guard case .text(let text)? = members[key] else { throw .malformed(key) }
        return text
    }

    func number(_ key: String) throws(AuthenticationError) -> Int {
        guard let number = try optionalNumber(key) else { throw .malformed(key) }
        return number
    }

    /// A number, or `nil` when it is left out or null.
    func optionalNumber(_ key: String) throws(AuthenticationError) -> Int? {
        switch members[key] {
        case .number(let number):
            guard let number = Int(exactly: number) else { throw .malformed(key) }
            return number
        case .text: throw .malformed(key)
        case .null, nil: return nil
        }
    }

    func isNull(_ key: String) throws(AuthenticationError) -> Bool {
        switch members[key] {
        case .null, nil: true
        case .text(let text): text.isEmpty
        case .number: false
        }
    }
}
