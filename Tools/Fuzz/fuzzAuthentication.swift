// fuzzAuthentication — whoever says whatever in HELLO, AUTHENTICATE, CHALLENGE or WELCOME: nobody
// comes in without the secret, and an exchange between two honest sides always ends well.
//
// The first octet chooses methods and authid; the rest is texts, separated by line feeds: nonce or
// public key, client's challenge, channel binding, signature, then what a router says to a client.

import Bytes
import Crypto
import WAMPAuthentication

func fuzzAuthentication(_ bytes: UnsafeRawBufferPointer) {
    let input = unsafe bytes.bytes
    guard input.byteCount > 0 else { return }
    let choice = Int(input[octet: 0])
    let texts = lines(input.extracting(1..<input.byteCount))
    join(choice, texts)
    answer(choice, texts)
}

/// At most ten texts; those beyond are empty.
private func lines(_ octets: RawSpan) -> [String] {
    let texts = octets.text.split(
        separator: "\n", maxSplits: 9, omittingEmptySubsequences: false
    ).map(String.init)
    return texts + [String](repeating: "", count: 10 - texts.count)
}

// MARK: A router

private let seed = [UInt8](0..<32)
private let password = [UInt8](repeating: 7, count: 32)
private let parameters = SCRAMParameters(salt: seed, iterations: 1, derivation: .pbkdf2)
/// By itself, since a leak sanitizer does not see through the enumeration of credentials: Swift keeps
/// its case in spare bits of the pointers.
private let verifier: SCRAMVerifier = {
    let salted = password
    let verifier = try? unsafe SCRAMVerifier(
        saltedPassword: salted.span.bytes, parameters: parameters)
    guard let verifier else { preconditionFailure("these are parameters") }
    return verifier
}()
private let principals: Principals = {
    guard let router = try? RouterKey(seed: password),
        let key = try? unsafe Ed25519.publicKey(seed: seed.span.bytes)
    else { preconditionFailure("these are keys") }
    let credentials: [Credential] = [
        .ticket(password), .wampCRA(secret: password, salt: nil), .scram(verifier),
        .cryptosign(publicKeys: [key]),
    ]
    return Principals(
        anonymousRole: nil,
        principals: credentials.map { Principal(authID: "a", role: "r", credential: $0) },
        routerKey: router)
}()
private let context = JoinContext(
    session: 1, timestamp: "now", randomOctets: { [UInt8](repeating: 9, count: $0) })
private let methods = ["ticket", "wampcra", "wamp-scram", "scram", "cryptosign"]

private func join(_ choice: Int, _ texts: [String]) {
    let offered = choice % 6 == 5 ? Array(texts[8...]) : [methods[choice % 6]]
    let authIDs = [nil, "a", texts[7]]
    var extra = ["nonce": texts[0], "pubkey": texts[0]]
    if choice & 0x40 != 0 { extra["challenge"] = texts[1] }
    if choice & 0x80 != 0 { extra["channel_binding"] = texts[2] }
    let request = JoinRequest(
        realm: "r", methods: offered, authID: authIDs[choice / 6 % 3], extra: extra)
    guard case .challenge(let method, let extra, let pending) = principals.decide(request, context)
    else { return }
    precondition(methods.contains(method) && pending.isHeavy == (method == "cryptosign"))
    let decision = pending.check(signature: texts[3], extra: ["nonce": texts[0]])
    guard case .welcome(let joined) = decision else { return }
    precondition(joined.authID == "a" && joined.authMethod == method)
    precondition(isRight(texts[3], method, extra, clientNonce: texts[0]))
}

/// Whether the text is what somebody with the secret answers.
private func isRight(
    _ signature: String, _ method: String, _ extra: AuthExtra, clientNonce: String
) -> Bool {
    let secret = password
    switch method {
    case "ticket": return Array(signature.utf8) == secret
    case "wampcra":
        var client = ClientCredential.wampCRA(secret: secret)
        let answer = try? client.answer(method: method, challengeExtra: members(extra))
        // The last letter of base 64 has two bits that nobody looks at.
        return answer?.signature.prefix(42) == signature.prefix(42)
    case "cryptosign":
        guard var client = try? ClientCredential.cryptosign(seed: seed) else { return false }
        let answer = try? client.answer(method: method, challengeExtra: members(extra))
        return answer?.signature == signature.lowercased()
    default:
        guard case .text(let nonce)? = members(extra)["nonce"],
            case .text(let salt)? = members(extra)["salt"]
        else { return false }
        let exchange = SCRAMExchange(
            dialect: method == "scram" ? .deployed : .specified, authID: "a",
            clientNonce: clientNonce, nonce: nonce, salt: salt, iterations: 1)
        guard let proof = try? unsafe exchange.proof(saltedPassword: secret.span.bytes)
        else { return false }
        return proof.prefix(42) == signature.prefix(42)
    }
}

private func members(_ extra: AuthExtra) -> [String: AuthValue] {
    Dictionary(extra.map { ($0.key, $0.value) }) { first, _ in first }
}

// MARK: A client

private func answer(_ choice: Int, _ texts: [String]) {
    guard let key = try? unsafe Ed25519.publicKey(seed: password.span.bytes),
        let trusting = try? ClientCredential.cryptosign(seed: seed),
        let careful = try? ClientCredential.cryptosign(seed: seed, router: (key, seed))
    else { preconditionFailure("these are keys") }
    let derive: ClientCredential.SCRAMDerive = { parameters throws(AuthenticationError) in
        precondition((1...1024).contains(parameters.salt.count))
        return unsafe SecretOctets(copying: password.span.bytes)
    }
    let clients = [
        ClientCredential.ticket("t"), .wampCRA(secret: password),
        .scram(authID: texts[4], random: seed, derive: derive), trusting, careful,
    ]
    var client = clients[choice % 5]
    var extra: [String: AuthValue] = [:]
    let keys = ["nonce", "salt", "kdf", "challenge", "signature", "channel_binding"]
    for (key, text) in zip(keys, texts) where !text.isEmpty {
        extra[key] = text == "0" ? .null : .text(text)
    }
    // Small, so that no input takes seconds.
    extra["iterations"] = .number(UInt64(choice))
    extra["keylen"] = .number(UInt64(texts[6].utf8.count))
    extra["memory"] = choice & 1 == 0 ? .null : .number(.max - UInt64(choice))
    if choice & 2 != 0, case .text(let ours)? = members(client.helloExtra)["nonce"] {
        extra["nonce"] = .text(ours + texts[0])
    }
    let method = client.methods[choice / 5 % client.methods.count]
    guard let answer = try? client.answer(method: method, challengeExtra: extra) else {
        precondition(method != "ticket")
        return
    }
    precondition(answer.signature.utf8.allSatisfy { (0x20...0x7E).contains($0) })
    let welcome: [String: AuthValue] = ["verifier": .text(texts[5])]
    guard (try? client.checkWelcome(welcome)) != nil else { return precondition(choice % 5 == 2) }
    precondition(choice % 5 != 2 || texts[5].utf8.count >= 44, "a router is believed too easily")
}
