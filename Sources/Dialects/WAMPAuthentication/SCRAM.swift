// SCRAM — salted challenge and response in which the router proves itself too (RFC 5802, reference
// §10.5), in the two dialects that exist.
//
// They differ in names, in one part of the text both sides sign, and in what Argon2id gives: the
// specification takes its 32 octets, Autobahn and Crossbar the 43 letters of their unpadded base 64
// (`_hash_argon2id13_secret` in autobahn/wamp/auth.py, 26.10.2). The name of the derivation tells
// the two apart, so an entry made with Argon2id belongs to one dialect. Autobahn does not escape
// the authid either.

internal import Bytes
package import Crypto

/// Which of the two.
package enum SCRAMDialect: Sendable, CaseIterable {
    /// `wamp-scram`, by the specification.
    case specified
    /// `scram`, by Autobahn and Crossbar.
    case deployed

    package var method: AuthMethod {
        switch self {
        case .specified: .wampSCRAM
        case .deployed: .scram
        }
    }

    /// The part `c=` of the text that is signed: nothing is bound to.
    fileprivate var binding: StaticString {
        switch self {
        case .specified: "biws"  // base 64 of "n,,"
        case .deployed: ""
        }
    }
}

/// How a password becomes 32 octets, or 43 letters.
package enum SCRAMDerivation: Sendable, Equatable {
    /// PBKDF2 by HMAC-SHA-256; both dialects.
    case pbkdf2
    /// Argon2id 1.3 with one lane and `memory` in KiB; `specified` only.
    case argon2id(memory: Int)
    /// The same, then unpadded base 64; `deployed` only.
    case argon2idText(memory: Int)

    /// Reads what a configuration or a challenge calls it.
    ///
    /// - Parameter memory: In KiB; not looked at for PBKDF2.
    package init?(name: String, memory: Int?) {
        switch (name, memory) {
        case ("pbkdf2", _): self = .pbkdf2
        case ("argon2id13", let memory?): self = .argon2id(memory: memory)
        case ("argon2id-13", let memory?): self = .argon2idText(memory: memory)
        default: return nil
        }
    }

    /// The name in challenges.
    package var name: String {
        switch self {
        case .pbkdf2: "pbkdf2"
        case .argon2id: "argon2id13"
        case .argon2idText: "argon2id-13"
        }
    }

    /// Memory in KiB, where it takes some.
    package var memory: Int? {
        switch self {
        case .pbkdf2: nil
        case .argon2id(let memory), .argon2idText(let memory): memory
        }
    }

    /// Whether entries made this way can be used in `dialect`.
    package func belongs(to dialect: SCRAMDialect) -> Bool {
        switch self {
        case .pbkdf2: true
        case .argon2id: dialect == .specified
        case .argon2idText: dialect == .deployed
        }
    }
}

/// What it takes to derive a key from a password.
package struct SCRAMParameters: Sendable, Equatable {
    package var salt: [UInt8]
    package var iterations: Int
    package var derivation: SCRAMDerivation

    package init(salt: [UInt8], iterations: Int, derivation: SCRAMDerivation) {
        self.salt = salt
        self.iterations = iterations
        self.derivation = derivation
    }
}

/// What a router keeps of a password: enough to check, not enough to join elsewhere.
package struct SCRAMVerifier: Sendable {
    package let parameters: SCRAMParameters
    package let storedKey: [UInt8]
    package let serverKey: [UInt8]

    /// Takes an entry from a configuration; `nil` unless both keys have 32 octets, the salt 1 to
    /// 1024, and iterations and memory are positive and fit 32 bits.
    package init?(parameters: SCRAMParameters, storedKey: [UInt8], serverKey: [UInt8]) {
        let numbers = 1...Int(UInt32.max)
        guard storedKey.count == SHA256.size, serverKey.count == SHA256.size,
            (1...1024).contains(parameters.salt.count), numbers.contains(parameters.iterations),
            numbers.contains(parameters.derivation.memory ?? 1)
        else { return nil }
        self.parameters = parameters
        self.storedKey = storedKey
        self.serverKey = serverKey
    }

    /// Makes an entry of a salted password; `nil` for parameters that are none.
    package init?(saltedPassword: RawSpan, parameters: SCRAMParameters) throws(CryptoError) {
        let clientKey = try HMACSHA256.code(of: "Client Key", key: saltedPassword)
        let storedKey = try SHA256.digest(of: clientKey.octets)
        let serverKey = try HMACSHA256.code(of: "Server Key", key: saltedPassword)
        self.init(
            parameters: parameters, storedKey: storedKey.octets.array,
            serverKey: serverKey.octets.array)
    }

    /// An entry for somebody who does not exist, like this one in everything that shows. The salt
    /// is the same each time the same name asks, and nothing fits the keys.
    internal func decoy(for authID: String) throws(CryptoError) -> SCRAMVerifier? {
        let name = Array(authID.utf8)
        let key = try unsafe HMACSHA256.code(of: "no such principal", key: serverKey.span.bytes)
        let salt = try unsafe HMACSHA256.code(of: name.span.bytes, key: key.octets)
        let keys = try HMACSHA256.code(of: salt.octets, key: key.octets)
        var parameters = parameters
        parameters.salt = Array(salt.octets.array.prefix(parameters.salt.count))
        return SCRAMVerifier(
            parameters: parameters, storedKey: keys.octets.array, serverKey: keys.octets.array)
    }
}

/// One exchange, as both sides see it.
package struct SCRAMExchange: Sendable {
    package let dialect: SCRAMDialect
    package let nonce: String
    /// The text that both sides sign.
    package let message: [UInt8]

    /// - Parameters:
    ///   - nonce: The client's, followed by the router's.
    ///   - salt: As it is written in the challenge.
    package init(
        dialect: SCRAMDialect, authID: String, clientNonce: String, nonce: String, salt: String,
        iterations: Int
    ) {
        self.dialect = dialect
        self.nonce = nonce
        var text = OctetBuffer(capacity: 256)
        text.append("n=")
        switch dialect {
        case .specified: for octet in authID.utf8 { text.append(escaping: octet) }
        case .deployed: text.append(authID)
        }
        text.append(",r=")
        text.append(clientNonce)
        text.append(",r=")
        text.append(nonce)
        text.append(",s=")
        text.append(salt)
        text.append(",i=")
        text.append(decimal: iterations)
        text.append(",c=")
        text.append(dialect.binding)
        text.append(",r=")
        text.append(nonce)
        message = text.octets.array
    }

    /// What the client shows (RFC 5802 §3, ClientProof), in base 64.
    package func proof(saltedPassword: RawSpan) throws(CryptoError) -> String {
        var proof = try HMACSHA256.code(of: "Client Key", key: saltedPassword)
        let storedKey = try SHA256.digest(of: proof.octets)
        let signature = try unsafe HMACSHA256.code(of: message.span.bytes, key: storedKey.octets)
        proof.formXOR(signature.octets)
        return TextForm.base64(proof.octets)
    }

    /// Whether the client knew the password: its key is recovered from the proof and hashed.
    package func isValid(
        proof text: String, verifier: SCRAMVerifier
    ) throws(CryptoError) -> Bool {
        guard let proof = TextForm.octets(base64: text, count: SHA256.size) else { return false }
        var clientKey = try unsafe HMACSHA256.code(
            of: message.span.bytes, key: verifier.storedKey.span.bytes)
        unsafe clientKey.formXOR(proof.span.bytes)
        let storedKey = try SHA256.digest(of: clientKey.octets)
        return unsafe storedKey.octets.equalsInConstantTime(verifier.storedKey.span.bytes)
    }

    /// What the router shows (ServerSignature).
    package func serverSignature(serverKey: RawSpan) throws(CryptoError) -> SecretOctets {
        try unsafe HMACSHA256.code(of: message.span.bytes, key: serverKey)
    }
}

extension OctetBuffer {
    /// Appends an octet of a name (RFC 5802 §5.1, saslname).
    fileprivate mutating func append(escaping octet: UInt8) {
        switch octet {
        case 0x3D: append("=3D")
        case 0x2C: append("=2C")
        default: append(octet)
        }
    }
}
