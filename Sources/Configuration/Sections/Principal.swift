// [[realm.principal]] — who may join by proving it, and as what (WAMP's authentication methods).
//
// In the file a principal is flat, with the keys that its method takes; for the server it has a
// ``Credential``. The same authid may have several methods, each in a table of its own.

extension Configuration.Realm {
    package struct Principal: RecordDescription {
        package enum Method: String, CaseIterable, Sendable {
            case ticket, wampcra, scram, cryptosign
        }

        /// How SCRAM makes a key of a password.
        package enum KDF: String, CaseIterable, Sendable {
            case pbkdf2
            case argon2id = "argon2id13"
            /// As Autobahn derives: the key is the text of what the specification takes.
            case argon2idText = "argon2id-13"
        }

        package var authID = ""
        package var role = ""
        package var method = Method.ticket
        package var secret: Secret?
        package var salt: String?
        package var iterations: Int?
        package var keyLength: Int?
        package var kdf: KDF?
        /// KiB.
        package var memory: Int?
        /// 64 hexadecimal digits.
        package var storedKey: Secret?
        package var serverKey: Secret?
        /// Each 64 hexadecimal digits, lower case.
        package var publicKeys: [String] = []

        package init() {}

        /// The keys, or `nil` for none, so that a listing has them only where they mean something.
        private var givenKeys: [String]? {
            get { publicKeys.isEmpty ? nil : publicKeys }
            set { publicKeys = newValue ?? [] }
        }

        package static let name = "principal"
        package static let summary =
            "Somebody who joins by proving it. The same authid may have several methods, each in a "
            + "table of its own. Secrets stand here, in a file (…_file) or in a variable of the "
            + "environment (…_env)."
        package static let settings: [Setting<Principal>] = [
            Setting("authid", \.authID, .identity, "Whom a client says it is."),
            Setting("role", \.role, .identity, "The role of the session, one of the realm's."),
            Setting("method", \.method, .choice, "How it is proved."),
            Setting(
                secret: "secret", \.secret,
                "ticket: the ticket. wampcra: the shared secret or, with a salt, the key derived "
                    + "from the password, as Base64."),
            Setting(
                optional: "salt", \.salt, .identity,
                "wampcra: the text that clients derive their key with. scram: the salt, as Base64."),
            Setting(
                optional: "iterations", \.iterations, .count(1...10_000_000),
                "wampcra with a salt, scram: rounds of the derivation."),
            Setting(
                optional: "key_length", \.keyLength, .count(16...64),
                "wampcra with a salt: octets of the derived key; 32 when it is not given."),
            Setting(
                optional: "kdf", \.kdf, .choice, "scram: how a key is derived from the password."),
            Setting(
                optional: "memory", \.memory, .count(8...4_194_304),
                "scram with argon2id13 or argon2id-13: memory of the derivation, in KiB."),
            Setting(
                secret: "stored_key", \.storedKey, format: .secretKey,
                "scram: the hash of the client's key."),
            Setting(
                secret: "server_key", \.serverKey, format: .secretKey,
                "scram: the server's key."),
            Setting(
                optional: "public_keys", \.givenKeys, .list(of: .publicKey, atMost: 100),
                "cryptosign: the Ed25519 keys, any of which will do."),
        ]
        package static let required = ["authid", "role", "method"]
    }
}

// MARK: What goes together

extension Configuration.Realm.Principal {
    /// The keys that a method must have, and those it may have.
    private static func keys(of method: Method) -> (needed: [String], possible: [String]) {
        switch method {
        case .ticket: (["secret"], [])
        case .wampcra: (["secret"], ["salt", "iterations", "key_length"])
        case .scram: (["kdf", "salt", "iterations", "stored_key", "server_key"], ["memory"])
        case .cryptosign: (["public_keys"], [])
        }
    }

    package func faults(given: Set<String>) -> [RecordFault] {
        let (needed, possible) = Self.keys(of: method)
        let name = TOMLText.quoted(method.rawValue)
        let known = Set(needed + possible + Self.required)
        var faults = given.subtracting(known).sorted().map {
            RecordFault([$0], "has no meaning with method \(name)")
        }
        faults += needed.filter { !given.contains($0) }.map {
            RecordFault([$0], "is missing; method \(name) needs it")
        }
        guard faults.isEmpty else { return faults }
        switch method {
        case .ticket: break
        case .wampcra: faults = challengeFaults
        case .scram: faults = scramFaults
        case .cryptosign:
            if publicKeys.isEmpty {
                faults.append(RecordFault(["public_keys"], "is empty; nobody could join"))
            }
        }
        return faults
    }

    private var challengeFaults: [RecordFault] {
        guard salt != nil else {
            let lost = [("iterations", iterations), ("key_length", keyLength)]
            return lost.compactMap { key, value in
                value == nil ? nil : RecordFault([key], "has no meaning without a salt")
            }
        }
        guard iterations != nil else {
            return [RecordFault(["iterations"], "is missing; a salt needs it")]
        }
        // The password itself here is the most likely mistake, and would never let anybody in.
        let size = keyLength ?? Self.standardKeyLength
        guard let secret, OctetText.base64(secret.text)?.count == size else {
            return [
                RecordFault(
                    ["secret"],
                    "must be the derived key, Base64 of \(size) octets, since there is a salt")
            ]
        }
        return []
    }

    private var scramFaults: [RecordFault] {
        var faults: [RecordFault] = []
        if salt.flatMap(OctetText.base64)?.isEmpty ?? true {
            faults.append(RecordFault(["salt"], "must be Base64 for method \"scram\""))
        }
        if let kdf, kdf != .pbkdf2, memory == nil {
            faults.append(RecordFault(["memory"], "is missing; \"\(kdf.rawValue)\" needs it"))
        }
        if kdf == .pbkdf2, memory != nil {
            faults.append(RecordFault(["memory"], "has no meaning with \"pbkdf2\""))
        }
        return faults
    }
}

// MARK: For the server

extension Configuration.Realm.Principal {
    /// Octets of a key that WAMP-CRA derives, when nothing is said.
    package static let standardKeyLength = 32

    /// What is compared with what a client shows.
    package enum Credential: Sendable, Equatable {
        case ticket(Secret)
        /// The key of the signature: the shared secret or, with a salt, the Base64 of what clients
        /// derive from their password.
        case wampCRA(secret: Secret, salt: Salt?)
        case scram(SCRAM)
        /// Keys of 32 octets.
        case cryptosign(publicKeys: [[UInt8]])
    }

    /// What clients of salted WAMP-CRA are told.
    package struct Salt: Sendable, Equatable {
        package let text: String
        package let iterations: Int
        /// Octets.
        package let keyLength: Int
    }

    /// What is kept of a password for SCRAM.
    package struct SCRAM: Sendable, Equatable {
        package let kdf: KDF
        /// Base64, as it is sent.
        package let salt: String
        package let iterations: Int
        /// KiB; only with Argon2.
        package let memory: Int?
        /// Their text is 64 hexadecimal digits; ``Secret/keyOctets`` are the 32 octets.
        package let storedKey: Secret
        package let serverKey: Secret
    }

    /// The credential; `nil` only for a principal that was not checked: ``faults(given:)`` is
    /// empty for those of a loaded configuration.
    package var credential: Credential? {
        switch method {
        case .ticket: return secret.map(Credential.ticket)
        case .wampcra:
            guard let secret else { return nil }
            guard let salt else { return .wampCRA(secret: secret, salt: nil) }
            guard let iterations else { return nil }
            let keyLength = keyLength ?? Self.standardKeyLength
            return .wampCRA(
                secret: secret,
                salt: Salt(text: salt, iterations: iterations, keyLength: keyLength))
        case .scram:
            guard let kdf, let salt, let iterations, let storedKey, let serverKey else {
                return nil
            }
            return .scram(
                SCRAM(
                    kdf: kdf, salt: salt, iterations: iterations, memory: memory,
                    storedKey: storedKey, serverKey: serverKey))
        case .cryptosign:
            let keys = publicKeys.compactMap(OctetText.hexadecimal)
            return keys.count == publicKeys.count && !keys.isEmpty
                ? .cryptosign(publicKeys: keys) : nil
        }
    }
}

extension Secret {
    /// The octets of a secret that is written as hexadecimal digits or Base64 of 32 octets;
    /// `nil` for another one.
    package var keyOctets: [UInt8]? { OctetText.key(text) }
}
