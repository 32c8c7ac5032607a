import Bytes
import Crypto
import Testing

@testable import WAMPAuthentication

private let clientNonce = "AAECAwQFBgcICQoLDA0O"
private let nonce = "AAECAwQFBgcICQoLDA0OZGVmZ2hpamtsbW5vcHFy"
private let salt = "ABEiM0RVZneImaq7zN3u/w=="

/// PBKDF2 of an ASCII password, which SASLprep leaves as it is.
private func derive(_ password: String) -> ClientCredential.SCRAMDerive {
    { parameters throws(AuthenticationError) in
        do throws(CryptoError) {
            return try unsafe PBKDF2.key(
                password: Array(password.utf8).span.bytes, salt: parameters.salt.span.bytes,
                iterations: parameters.iterations, size: 32)
        } catch {
            throw .crypto(error)
        }
    }
}

@Suite("SCRAM")
struct SCRAMTests {
    @Test("gives the proofs and verifiers of the reference, in both dialects")
    func reference() throws {
        let pencil = pencil
        let salted = try derive("pencil-7")(pencil.parameters)
        let made = try #require(
            try SCRAMVerifier(saltedPassword: salted.octets, parameters: pencil.parameters))
        #expect(made.storedKey == pencil.storedKey && made.serverKey == pencil.serverKey)
        for (dialect, proof, verifier) in [
            (
                SCRAMDialect.specified, "q15bBBqAc+qnBo9K21CGjHtzlP+nFTxxPM5uZozzUgU=",
                "s7VWwMpy9Tw0CV3Xzu24yVAfr4eYiedAdaem4BBLLsY="
            ),
            (
                .deployed, "+hEcUUecU6df1bKn28Nzh6zXUeVYinPDhx/dYchCLps=",
                "y4d4tVyxCsgnfQMSuaLgsHN+oL8aM+YBVmurvOsMTOg="
            ),
        ] {
            let exchange = SCRAMExchange(
                dialect: dialect, authID: "user", clientNonce: clientNonce, nonce: nonce,
                salt: salt, iterations: 4096)
            #expect(try exchange.proof(saltedPassword: salted.octets) == proof)
            #expect(try exchange.isValid(proof: proof, verifier: pencil))
            let signature = try unsafe exchange.serverSignature(
                serverKey: pencil.serverKey.span.bytes)
            #expect(TextForm.base64(signature.octets) == verifier)
        }
    }

    @Test("signs the text of the reference; only the specification escapes names")
    func texts() {
        for (dialect, expected) in [
            (SCRAMDialect.specified, "n=a=3Db=2Cc,r=x,r=xy,s=c2E=,i=7,c=biws,r=xy"),
            (.deployed, "n=a=b,c,r=x,r=xy,s=c2E=,i=7,c=,r=xy"),
        ] {
            let exchange = SCRAMExchange(
                dialect: dialect, authID: "a=b,c", clientNonce: "x", nonce: "xy", salt: "c2E=",
                iterations: 7)
            #expect(exchange.message == Array(expected.utf8))
        }
    }

    @Test("gives the proofs and signatures of Autobahn, which it also accepts")
    func golden() throws {
        let lines = try vectors("scram")
        #expect(lines.count == 24)
        for fields in lines {
            let salted = octets(fields[8])
            let derivation = try #require(
                SCRAMDerivation(name: fields[5], memory: Int(fields[7])))
            let iterations = try #require(Int(fields[6]))
            let parameters = SCRAMParameters(
                salt: octets(base64: fields[4]), iterations: iterations, derivation: derivation)
            let verifier = try #require(
                try unsafe SCRAMVerifier(
                    saltedPassword: salted.span.bytes, parameters: parameters))
            let exchange = SCRAMExchange(
                dialect: .deployed, authID: fields[0], clientNonce: fields[2], nonce: fields[3],
                salt: fields[4], iterations: iterations)
            #expect(try unsafe exchange.proof(saltedPassword: salted.span.bytes) == fields[9])
            #expect(try exchange.isValid(proof: fields[9], verifier: verifier))
            let signature = try unsafe exchange.serverSignature(
                serverKey: verifier.serverKey.span.bytes)
            #expect(TextForm.base64(signature.octets) == fields[10])
        }
    }

    @Test("challenges with what each dialect expects and nothing else")
    func challenges() throws {
        for (method, hasMemory) in [("wamp-scram", true), ("scram", false)] {
            let decision = decide([method], "user", extra: ["nonce": clientNonce])
            let (name, extra, pending) = try #require(challenge(decision))
            var expected: [String: AuthValue] = [
                "nonce": .text(clientNonce + "AQIDBAUGBwgJCgsMDQ4PEBES"), "salt": .text(salt),
                "kdf": .text("pbkdf2"), "iterations": .number(4096),
            ]
            if hasMemory { expected["memory"] = .null }
            #expect(name == method && extra == expected && !pending.isHeavy)
        }
        for bad in ["", "a,b", "a b", "é", "a\u{7F}", String(repeating: "a", count: 257)] {
            let decision = decide(["scram"], "user", extra: ["nonce": bad])
            #expect(line(decision).hasPrefix("wamp.error.authentication_failed"))
        }
    }

    @Test("entries made with Argon2id belong to the dialect that names it so")
    func derivations() throws {
        for (name, dialect, other) in [
            ("argon2id13", "wamp-scram", "scram"), ("argon2id-13", "scram", "wamp-scram"),
        ] {
            let derivation = try #require(SCRAMDerivation(name: name, memory: 512))
            let verifier = try #require(
                SCRAMVerifier(
                    parameters: SCRAMParameters(
                        salt: [1], iterations: 4096, derivation: derivation),
                    storedKey: pencil.storedKey, serverKey: pencil.serverKey))
            let principals = Principals(
                anonymousRole: nil,
                principals: [Principal(authID: "a", role: "r", credential: .scram(verifier))])
            let nonce = ["nonce": "x"]
            let (method, extra, _) = try #require(
                challenge(decide([other, dialect], "a", extra: nonce, in: principals)))
            #expect(method == dialect)
            #expect(extra["kdf"] == .text(name) && extra["memory"] == .number(512))
            #expect(line(decide([other], "a", extra: nonce, in: principals)).contains("no_match"))
        }
        #expect(SCRAMDerivation(name: "argon2id13", memory: nil) == nil)
        #expect(SCRAMDerivation(name: "scrypt", memory: 1) == nil)
    }

    @Test("lets in who knows the password, and shows that it knows it too")
    func joining() throws {
        for method in ["wamp-scram", "scram"] {
            for (password, isRight) in [("pencil-7", true), ("pencil-8", false)] {
                var client = ClientCredential.scram(
                    authID: "user", random: Array(0..<16), derive: derive(password))
                let decision = decide(
                    [method], "user", extra: WAMPAuthenticationTests.texts(client.helloExtra))
                let (name, extra, pending) = try #require(challenge(decision))
                let answer = try client.answer(method: name, challengeExtra: extra)
                let result = pending.check(
                    signature: answer.signature,
                    extra: WAMPAuthenticationTests.texts(answer.extra))
                guard case .welcome(let joined) = result else {
                    #expect(!isRight)
                    #expect(line(result) == "wamp.error.not_authorized SCRAM proof is invalid")
                    continue
                }
                #expect(isRight && joined.authMethod == method && joined.authID == "user")
                #expect(joined.extra.map(\.key) == ["verifier", "scram_server_signature"])
                try client.checkWelcome(members(joined.extra))
            }
        }
    }

    @Test("proofs with any bit turned, cut or prolonged fit nothing")
    func proofs() throws {
        let exchange = SCRAMExchange(
            dialect: .specified, authID: "user", clientNonce: clientNonce, nonce: nonce,
            salt: salt, iterations: 4096)
        let proof = octets(base64: "q15bBBqAc+qnBo9K21CGjHtzlP+nFTxxPM5uZozzUgU=")
        for bit in 0..<256 {
            var changed = proof
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let text = unsafe TextForm.base64(changed.span.bytes)
            #expect(try !exchange.isValid(proof: text, verifier: pencil))
        }
        for text in ["", "=", "AAAA", String(repeating: "A", count: 44), "é"] {
            #expect(try !exchange.isValid(proof: text, verifier: pencil))
        }
    }

    @Test("strangers are challenged like others, with the same salt each time, and never come in")
    func decoys() throws {
        let nonce = ["nonce": "x"]
        let known = try #require(challenge(decide(["scram"], "user", extra: nonce)))
        var salts = Set<String>()
        for authID in ["nobody", "somebody"] {
            let first = try #require(challenge(decide(["scram"], authID, extra: nonce)))
            let again = try #require(challenge(decide(["scram"], authID, extra: nonce)))
            #expect(first.extra == again.extra)
            #expect(Set(first.extra.keys) == Set(known.extra.keys))
            #expect(first.extra["iterations"] == known.extra["iterations"])
            guard case .text(let text)? = first.extra["salt"] else { throw Missing() }
            #expect(text.utf8.count == salt.utf8.count)
            salts.insert(text)
            var client = ClientCredential.scram(
                authID: authID, random: [], derive: derive("pencil-7"))
            _ = try? client.answer(method: "scram", challengeExtra: first.extra)
            for proof in ["", "q15bBBqAc+qnBo9K21CGjHtzlP+nFTxxPM5uZozzUgU="] {
                #expect(
                    line(first.pending.check(signature: proof, extra: [:]))
                        == "wamp.error.not_authorized SCRAM proof is invalid")
            }
        }
        #expect(salts.count == 2 && !salts.contains(salt))
        // Whoever has another method is asked by that.
        #expect(
            line(decide(["scram", "ticket"], "martin", extra: nonce)) == "challenge ticket ")
    }

    @Test("nor does any other method tell a stranger that there is no such name")
    func silence() {
        let nonce = ["nonce": "x"]
        for methods in [
            ["scram", "anonymous"], ["scram", "ticket", "anonymous"], ["ticket", "scram"],
        ] {
            let decisions = ["user", "nobody"].map {
                line(decide(methods, $0, extra: nonce, in: openRealm))
            }
            #expect(decisions[0].hasPrefix("challenge scram ") && decisions[1] == decisions[0])
        }
        // Who says no name is no stranger.
        #expect(
            line(decide(["scram", "anonymous"], extra: nonce, in: openRealm)).hasPrefix("welcome "))
    }

    @Test("entries that are none are not taken")
    func entries() {
        let good = pencil.parameters
        let key = [UInt8](repeating: 1, count: 32)
        func make(
            _ change: (inout SCRAMParameters) -> Void, _ stored: [UInt8], _ server: [UInt8]
        ) -> SCRAMVerifier? {
            var parameters = good
            change(&parameters)
            return SCRAMVerifier(parameters: parameters, storedKey: stored, serverKey: server)
        }
        #expect(make({ _ in }, key, key) != nil)
        #expect(make({ _ in }, key + [1], key) == nil)
        #expect(make({ _ in }, key, []) == nil)
        #expect(make({ $0.salt = [] }, key, key) == nil)
        #expect(make({ $0.salt = [UInt8](repeating: 0, count: 1025) }, key, key) == nil)
        for number in [Int.min, -1, 0, Int(UInt32.max) + 1, Int.max] {
            #expect(make({ $0.iterations = number }, key, key) == nil)
            #expect(make({ $0.derivation = .argon2id(memory: number) }, key, key) == nil)
        }
    }
}
