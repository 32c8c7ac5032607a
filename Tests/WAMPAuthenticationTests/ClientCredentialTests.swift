import Crypto
import Testing

@testable import WAMPAuthentication

private let derive: ClientCredential.SCRAMDerive = { parameters throws(AuthenticationError) in
    unsafe SecretOctets(copying: parameters.salt.span.bytes)
}

@Suite("credentials of clients")
struct ClientCredentialTests {
    @Test("say in HELLO what their method needs")
    func hello() throws {
        let nonce = AuthValue.text("AAECAwQFBgcICQoLDA0ODw==")
        #expect(ClientCredential.ticket("t").methods == ["ticket"])
        #expect(ClientCredential.ticket("t").helloExtra.isEmpty)
        #expect(ClientCredential.wampCRA(secret: [1]).methods == ["wampcra"])
        #expect(ClientCredential.wampCRA(secret: [1]).helloExtra.isEmpty)
        let scram = ClientCredential.scram(authID: "a", random: Array(0..<16), derive: derive)
        #expect(scram.methods == ["wamp-scram", "scram"])
        #expect(members(scram.helloExtra) == ["nonce": nonce, "channel_binding": .null])
        let key = try ClientCredential.cryptosign(seed: seed)
        #expect(key.methods == ["cryptosign"])
        #expect(
            members(key.helloExtra) == ["pubkey": .text(publicKey), "channel_binding": .null])
        #expect(throws: AuthenticationError.crypto(.wrongSize(3))) {
            try ClientCredential.cryptosign(seed: [1, 2, 3])
        }
    }

    @Test("answer by no other method than their own")
    func methods() throws {
        var all = [
            ClientCredential.ticket("t"), .wampCRA(secret: [1]),
            .scram(authID: "a", random: [1], derive: derive), try .cryptosign(seed: seed),
        ]
        for index in all.indices {
            for method in ["anonymous", "ticket", "wampcra", "scram", "cryptosign", "cookie", ""]
            where !all[index].methods.contains(method) {
                #expect(throws: AuthenticationError.unexpectedMethod(method)) {
                    try all[index].answer(method: method, challengeExtra: [:])
                }
            }
        }
        #expect(try all[0].answer(method: "ticket", challengeExtra: [:]).signature == "t")
    }

    @Test("stop at the first member of a challenge that says nothing")
    func malformed() throws {
        let cra: [String: AuthValue] = [
            "challenge": .text("{}"), "salt": .text("s"), "iterations": .number(1),
            "keylen": .number(16),
        ]
        let scram: [String: AuthValue] = [
            "nonce": .text("AQ==x"), "salt": .text("c2FsdA=="), "iterations": .number(1),
            "kdf": .text("pbkdf2"), "memory": .null,
        ]
        let key: [String: AuthValue] = [
            "challenge": .text(hex(seed)), "channel_binding": .null,
        ]
        let all: [(ClientCredential, String, [String: AuthValue], [String: [AuthValue?]])] = [
            (
                .wampCRA(secret: [1]), "wampcra", cra,
                [
                    "challenge": [nil, .null, .number(1)], "salt": [.null, .number(1)],
                    "iterations": [nil, .text("1"), .number(.max)],
                    "keylen": [nil, .null, .text("16"), .number(.max)],
                ]
            ),
            (
                .scram(authID: "a", random: [1], derive: derive), "wamp-scram", scram,
                [
                    "nonce": [nil, .null, .number(1)],
                    "salt": [nil, .null, .text(""), .text("c2F"), .text("é")],
                    "iterations": [nil, .text("1"), .number(.max)],
                    "kdf": [nil, .text("scrypt"), .text("argon2id13"), .text("argon2id-13")],
                    "memory": [.text("1"), .number(.max)],
                ]
            ),
            (
                try .cryptosign(seed: seed), "cryptosign", key,
                [
                    "challenge": [nil, .null, .text("00"), .text(hex(seed) + "00")],
                    "channel_binding": [.text("tls-unique"), .number(1)],
                ]
            ),
        ]
        for (credential, method, good, changes) in all {
            var sound = credential
            _ = try sound.answer(method: method, challengeExtra: good)
            for (member, values) in changes {
                for value in values {
                    var extra = good
                    extra[member] = value
                    // Without memory there is no Argon2id: its name is what is wrong.
                    var credential = credential
                    #expect(throws: AuthenticationError.malformed(member), "\(member)") {
                        try credential.answer(method: method, challengeExtra: extra)
                    }
                }
            }
        }
    }

    @Test("numbers of a router that would take for ever are refused")
    func limits() {
        var client = ClientCredential.wampCRA(secret: [1])
        for (iterations, size, error) in [
            (UInt64(10_000_001), UInt64(32), CryptoError.wrongIterations(10_000_001)),
            (0, 32, .wrongIterations(0)), (1, 0, .wrongSize(0)), (1, 1025, .wrongSize(1025)),
        ] {
            let extra: [String: AuthValue] = [
                "challenge": .text("x"), "salt": .text("s"), "iterations": .number(iterations),
                "keylen": .number(size),
            ]
            #expect(throws: AuthenticationError.crypto(error)) {
                try client.answer(method: "wampcra", challengeExtra: extra)
            }
        }
    }

    @Test("a nonce that does not begin with ours, or adds nothing, answers somebody else")
    func foreign() {
        var client = ClientCredential.scram(authID: "a", random: [1], derive: derive)
        for nonce in ["", "AQ=", "AQ==", "BQ==AQ==", "aq==x"] {
            #expect(throws: AuthenticationError.foreignNonce) {
                try client.answer(
                    method: "scram",
                    challengeExtra: [
                        "nonce": .text(nonce), "salt": .text("c2FsdA=="), "iterations": .number(1),
                        "kdf": .text("pbkdf2"),
                    ])
            }
        }
    }

    @Test("a router that cannot show it knows the password is not trusted")
    func welcome() throws {
        var client = ClientCredential.scram(authID: "user", random: [1], derive: derive)
        let extra: [String: AuthValue] = [
            "nonce": .text("AQ==x"), "salt": .text("c2FsdA=="), "iterations": .number(1),
            "kdf": .text("pbkdf2"),
        ]
        #expect(throws: AuthenticationError.untrustedRouter) { try client.checkWelcome([:]) }
        _ = try client.answer(method: "wamp-scram", challengeExtra: extra)
        let right = try verifier()
        for (key, text) in [
            ("verifier", right), ("verifier", "v=" + right), ("scram_server_signature", right),
        ] {
            try client.checkWelcome([key: .text(text)])
        }
        let wrong: [[String: AuthValue]] = [
            [:], ["verifier": .null], ["verifier": .text("")], ["verifier": .text("v=v=" + right)],
            ["verifier": .text(right + "=")], ["verifier": .text(right.lowercased())],
            ["other": .text(right)], ["verifier": .number(1)],
        ]
        for extra in wrong {
            #expect(throws: AuthenticationError.untrustedRouter) {
                try client.checkWelcome(extra)
            }
        }
    }

    /// What the router that knows the password shows in the exchange of the test above.
    private func verifier() throws -> String {
        let exchange = SCRAMExchange(
            dialect: .specified, authID: "user", clientNonce: "AQ==", nonce: "AQ==x",
            salt: "c2FsdA==", iterations: 1)
        let password = Array("salt".utf8)
        let serverKey = try unsafe HMACSHA256.code(of: "Server Key", key: password.span.bytes)
        let signature = try exchange.serverSignature(serverKey: serverKey.octets)
        return TextForm.base64(signature.octets)
    }
}
