// Attempt — one method of one HELLO: who is meant, and what they are asked (reference §10.2–10.6).

internal import Bytes
internal import Crypto

/// A method that the client offers and the realm has.
internal struct Attempt {
    internal let request: JoinRequest
    internal let context: JoinContext
    internal let principals: Principals
    internal let method: AuthMethod

    /// Longest nonce of a client, in octets.
    private static let nonceLimit = 256

    internal enum Outcome {
        case final(JoinDecision)
        /// Another method may do; this is what becomes of the session if none does.
        case unsuitable(JoinDecision)
    }

    internal func decide() -> Outcome {
        do throws(CryptoError) {
            switch method {
            case .anonymous: return .final(anonymous())
            case .cryptosign: return try cryptosign()
            case .ticket, .wampCRA, .wampSCRAM, .scram: return try named()
            }
        } catch {
            return .final(.unavailable)
        }
    }

    /// §10.2; authid-based filters can tell anonymous sessions apart by their fresh names.
    private func anonymous() -> JoinDecision {
        guard let role = principals.anonymousRole else { return .authenticationRequired }
        let name = TextForm.name(context.random(16))
        return .welcome(
            Joined(authID: name, authRole: role, authMethod: AuthMethod.anonymous.rawValue))
    }

    /// Methods that need an authid.
    private func named() throws(CryptoError) -> Outcome {
        guard let authID = request.authID else {
            return .unsuitable(
                .notAuthorized("authentication by \(method.rawValue) needs an authid"))
        }
        guard authID.utf8.count <= Principals.authIDLimit else {
            return .unsuitable(.unknown(authID: authID))
        }
        let entries = principals.entries(
            of: authID, method: method, preferring: request.authRole)
        guard let entry = entries.first else { return try unknown(authID) }
        switch entry.credential {
        case .ticket(let ticket): return .final(challenge([], .ticket(ticket), entry))
        case .wampCRA(let secret, let salt): return .final(wampCRA(secret, salt, entry))
        case .scram(let verifier):
            // What is done for strangers is done for everybody: the time tells nothing either.
            _ = try verifier.decoy(for: authID)
            return try scram(verifier, entry)
        case .cryptosign: return .unsuitable(.unknown(authID: authID))
        }
    }

    /// By SCRAM nobody learns who exists: strangers get a challenge too, and no proof fits it.
    private func unknown(_ authID: String) throws(CryptoError) -> Outcome {
        guard case .scram(let verifier)? = principals.model(for: method)?.credential,
            let decoy = try verifier.decoy(for: authID)
        else { return .unsuitable(.unknown(authID: authID)) }
        let nobody = Principal(authID: authID, role: "", credential: .scram(decoy))
        switch try scram(decoy, nobody) {
        case .final(let decision), .unsuitable(let decision): return .unsuitable(decision)
        }
    }

    // MARK: Challenges

    private func challenge(
        _ extra: AuthExtra, _ expectation: PendingJoin.Expectation, _ entry: Principal
    ) -> JoinDecision {
        let pending = PendingJoin(expectation, authID: entry.authID, role: entry.role)
        return .challenge(method: method.rawValue, extra: extra, pending)
    }

    private func wampCRA(
        _ secret: [UInt8], _ salt: (text: String, iterations: Int, keyLength: Int)?,
        _ entry: Principal
    ) -> JoinDecision {
        let text = WAMPCRA.challenge(
            authID: entry.authID, role: entry.role, session: context.session,
            timestamp: context.timestamp, nonce: context.random(16))
        var extra: AuthExtra = [("challenge", .text(text))]
        if let salt {
            extra.append(("salt", .text(salt.text)))
            extra.append(("iterations", .number(UInt64(clamping: salt.iterations))))
            extra.append(("keylen", .number(UInt64(clamping: salt.keyLength))))
        }
        return challenge(extra, .wampCRA(challenge: text, key: secret), entry)
    }

    private func scram(
        _ verifier: SCRAMVerifier, _ entry: Principal
    ) throws(CryptoError) -> Outcome {
        // RFC 5802 §5.1: printable ASCII without the comma.
        guard let clientNonce = request.extra["nonce"], !clientNonce.isEmpty,
            clientNonce.utf8.count <= Self.nonceLimit,
            clientNonce.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x2C })
        else { return .unsuitable(.failed("authextra.nonce is missing or is none")) }
        let parameters = verifier.parameters
        let salt = unsafe TextForm.base64(parameters.salt.span.bytes)
        let random = context.random(18)  // 24 letters, no padding
        let nonce = unsafe clientNonce + TextForm.base64(random.span.bytes)
        let exchange = SCRAMExchange(
            dialect: method == .scram ? .deployed : .specified, authID: entry.authID,
            clientNonce: clientNonce, nonce: nonce, salt: salt, iterations: parameters.iterations)
        var extra: AuthExtra = [
            ("nonce", .text(nonce)), ("salt", .text(salt)),
            ("kdf", .text(parameters.derivation.name)),
            ("iterations", .number(UInt64(clamping: parameters.iterations))),
        ]
        if let memory = parameters.derivation.memory {
            extra.append(("memory", .number(UInt64(clamping: memory))))
        } else if method == .wampSCRAM {
            extra.append(("memory", .null))  // Autobahn would make an integer of it and fail
        }
        return .final(challenge(extra, .scram(exchange, verifier), entry))
    }

    /// §10.6: the key may say who it is; an authid, if given, must be the key's.
    private func cryptosign() throws(CryptoError) -> Outcome {
        let size = Cryptosign.challengeSize
        guard let text = request.extra["pubkey"],
            let key = TextForm.octets(hex: text, count: Ed25519.keySize)
        else {
            return .unsuitable(.failed("authextra.pubkey is not 32 octets in hexadecimal digits"))
        }
        let entries = principals.entries(key: key, preferring: request.authRole)
        guard let entry = entries.first(where: { request.authID?.isExactly($0.authID) ?? true })
        else { return .unsuitable(unknown(key: text)) }
        let wanted = request.extra["channel_binding"]
        let isBound =
            context.channel.map { wanted?.isExactly($0.type) == true && $0.id.count == size }
            ?? false
        let channel = isBound ? context.channel : nil
        let random = context.random(size)
        guard let message = Cryptosign.message(challenge: random, channel: channel)
        else { return .final(.unavailable) }
        var extra: AuthExtra = [
            ("challenge", .text(unsafe TextForm.hex(random.span.bytes))),
            ("channel_binding", channel.map { .text($0.type) } ?? .null),
        ]
        if let router = principals.routerKey, let text = request.extra["challenge"] {
            guard let challenge = TextForm.octets(hex: text, count: size),
                let signature = try router.signature(of: challenge, channel: channel)
            else {
                return .unsuitable(
                    .failed("authextra.challenge is not 32 octets in hexadecimal digits"))
            }
            extra.append(("pubkey", .text(unsafe TextForm.hex(router.publicKey.span.bytes))))
            extra.append(("signature", .text(signature)))
        }
        return .final(challenge(extra, .cryptosign(message: message, key: key), entry))
    }

    private func unknown(key: String) -> JoinDecision {
        guard let authID = request.authID else {
            return .notAuthorized("no principal with public key \(key) exists")
        }
        let known = principals.entries(of: authID, method: .cryptosign, preferring: nil)
        return known.isEmpty
            ? .unknown(authID: authID)
            : .notAuthorized("public key \(key) is none of the principal's")
    }
}
