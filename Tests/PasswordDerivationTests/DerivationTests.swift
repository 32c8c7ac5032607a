import Bytes
import Crypto
import Foundation
import Testing
import WAMPAuthentication

@testable import PasswordDerivation

/// The lines of Tests/Vectors/authentication.txt that begin with `kind`, without it.
private func vectors(_ kind: String) throws -> [[String]] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors/authentication.txt")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
        .filter { $0[0] == kind }.map { Array($0.dropFirst()) }
}

private func octets(_ digits: String) -> [UInt8] {
    stride(from: 0, to: digits.count, by: 2).map { place in
        UInt8(digits.dropFirst(place).prefix(2), radix: 16)!
    }
}

@Suite("derivation of passwords")
struct DerivationTests {
    @Test("Argon2id gives what the reference implementation gives")
    func argon2id() throws {
        // src/test.c of libargon2 20190702, version 0x13, one lane.
        let vectors = [
            (
                2, 65_536, "password", "somesalt",
                "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
            ),
            (
                2, 256, "password", "somesalt",
                "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"
            ),
            (
                1, 65_536, "password", "somesalt",
                "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98"
            ),
            (
                2, 65_536, "differentpassword", "somesalt",
                "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde"
            ),
            (
                2, 65_536, "password", "diffsalt",
                "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c"
            ),
        ]
        for (iterations, memory, password, salt, expected) in vectors {
            let key = try Argon2id.key(
                password: Array(password.utf8), salt: Array(salt.utf8), iterations: iterations,
                memory: memory)
            #expect(key.octets.array == octets(expected))
        }
    }

    @Test("what a router may name has limits, and a salt eight octets")
    func limits() {
        let refused = [
            (0, 8), (-1, 8), (1, 7), (1, -1), (100_001, 8), (1, 1_048_577), (65, 1_048_576),
            (Int.max, Int.max), (Int.min, Int.min),
        ]
        for (iterations, memory) in refused {
            #expect(throws: AuthenticationError.self) {
                _ = try Argon2id.key(
                    password: [1], salt: [UInt8](repeating: 1, count: 16),
                    iterations: iterations, memory: memory)
            }
        }
        #expect(throws: AuthenticationError.derivation("Salt is too short")) {
            _ = try Argon2id.key(password: [1], salt: [1], iterations: 1, memory: 8)
        }
    }

    @Test("SASLprep gives what RFC 4013 §3 gives")
    func preparation() throws {
        let texts = [
            ("I\u{AD}X", "IX"), ("user", "user"), ("USER", "USER"), ("\u{AA}", "a"),
            ("\u{2168}", "IX"), ("a\u{A0}b", "a b"), ("e\u{301}", "é"),
        ]
        for (text, expected) in texts {
            for purpose in [SASLprep.Purpose.stored, .query] {
                #expect(try SASLprep.prepare(text, for: purpose) == expected)
            }
        }
        for text in ["\u{7}", "\u{627}1", "", "\u{AD}", "a\0b", "\u{E000}"] {
            for purpose in [SASLprep.Purpose.stored, .query] {
                #expect(throws: AuthenticationError.self, "\(text.debugDescription)") {
                    try SASLprep.prepare(text, for: purpose)
                }
            }
        }
        // U+0221 came after Unicode 3.2.
        #expect(try SASLprep.prepare("\u{221}", for: .query) == "\u{221}")
        #expect(throws: AuthenticationError.self) {
            try SASLprep.prepare("\u{221}", for: .stored)
        }
    }

    @Test("salts passwords as Autobahn does")
    func autobahn() throws {
        let lines = try vectors("scram")
        #expect(lines.count == 24)
        for line in lines {
            let salt = try #require(Data(base64Encoded: line[4]))
            let derivation = try #require(SCRAMDerivation(name: line[5], memory: Int(line[7])))
            let parameters = SCRAMParameters(
                salt: Array(salt), iterations: try #require(Int(line[6])), derivation: derivation)
            let salted = try SaltedPassword.derive(line[1], parameters, for: .query)
            #expect(salted.octets.array == octets(line[8]), "\(line[1])")
        }
    }

    @Test("makes the entry that Autobahn makes of a password")
    func credential() throws {
        let line = try #require(try vectors("credential").first)
        let memory = try #require(Int(line[4]))
        let verifier = try SCRAMVerifier.make(
            password: line[1],
            parameters: SCRAMParameters(
                salt: octets(line[2]), iterations: try #require(Int(line[3])),
                derivation: .argon2idText(memory: memory)))
        #expect(verifier.storedKey == octets(line[5]))
        #expect(verifier.serverKey == octets(line[6]))
    }

    @Test("a client with the password joins with every derivation, in each dialect")
    func joining() throws {
        let random = { @Sendable (count: Int) in [UInt8](repeating: 9, count: count) }
        let context = JoinContext(session: 1, timestamp: "now", randomOctets: random)
        for derivation in [
            SCRAMDerivation.pbkdf2, .argon2id(memory: 8), .argon2idText(memory: 8),
        ] {
            let parameters = SCRAMParameters(
                salt: random(16), iterations: 3, derivation: derivation)
            let verifier = try SCRAMVerifier.make(password: "pa\u{AD}ss", parameters: parameters)
            let principals = Principals(
                anonymousRole: nil,
                principals: [
                    Principal(authID: "a,=b", role: "user", credential: .scram(verifier))
                ])
            for (password, isRight) in [("pa\u{AD}ss", true), ("pa", false)] {
                var client = ClientCredential.scram(
                    authID: "a,=b", password: password, random: random(16))
                for method in client.methods {
                    let request = JoinRequest(
                        realm: "r", methods: [method], authID: "a,=b", extra: client.texts)
                    guard
                        case .challenge(let method, let extra, let pending) =
                            principals.decide(request, context)
                    else { continue }  // Argon2id belongs to one dialect
                    let answer = try client.answer(
                        method: method,
                        challengeExtra: Dictionary(uniqueKeysWithValues: extra.map { ($0, $1) }))
                    let decision = pending.check(signature: answer.signature, extra: [:])
                    guard case .welcome(let joined) = decision else {
                        #expect(!isRight)
                        continue
                    }
                    #expect(isRight && joined.authMethod == method)
                    try client.checkWelcome(
                        Dictionary(uniqueKeysWithValues: joined.extra.map { ($0, $1) }))
                }
            }
        }
    }
}

extension ClientCredential {
    /// The strings of HELLO's authextra, as a session passes them on.
    fileprivate var texts: [String: String] {
        var texts: [String: String] = [:]
        for case (let key, .text(let text)) in helloExtra { texts[key] = text }
        return texts
    }
}
