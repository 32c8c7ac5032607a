import Bytes
import Crypto
import Testing

@testable import WAMPAuthentication

private let text =
    #"{"authid":"peter","authrole":"user","authmethod":"wampcra","authprovider":"static","#
    + #""session":3071302313344522,"nonce":"0102030405060708090a0b0c0d0e0f10","#
    + #""timestamp":"2026-01-02T03:04:05.678Z"}"#

@Suite("WAMP-CRA")
struct WAMPCRATests {
    @Test("challenges with the reference's text, and the salt if there is one")
    func challenges() throws {
        let (method, extra, pending) = try #require(challenge(decide(["wampcra"], "peter")))
        #expect(method == "wampcra" && !pending.isHeavy)
        #expect(
            extra == [
                "challenge": .text(text), "salt": .text("salt123"), "iterations": .number(100),
                "keylen": .number(32),
            ])
        let odd = Principals(
            anonymousRole: nil,
            principals: [
                Principal(
                    authID: "\"ü\u{1}", role: "\\", credential: .wampCRA(secret: [1], salt: nil))
            ])
        let (_, plain, _) = try #require(challenge(decide(["wampcra"], "\"ü\u{1}", in: odd)))
        guard case .text(let json)? = plain["challenge"] else { throw Missing() }
        #expect(plain.count == 1)
        #expect(json.hasPrefix(#"{"authid":"\"ü\u0001","authrole":"\\","authmethod""#))
    }

    @Test("gives the signatures of the reference")
    func reference() throws {
        let challenge =
            #"{"authid":"peter","authrole":"user","authmethod":"wampcra","authprovider":"static","#
            + #""session":3071302313344522,"nonce":"c9f0a3b1","timestamp":"2026-01-02T03:04:05.678Z"}"#
        let plain = Array("secret2".utf8)
        #expect(
            try unsafe WAMPCRA.signature(of: challenge, key: plain.span.bytes)
                == "F4/Qjww+dh1B1fOA4nBS/X55n14BvBZ5PMZYyP6c49c=")
        let password = Array("secret1".utf8)
        let key = try unsafe WAMPCRA.key(
            password: password.span.bytes, salt: "salt123", iterations: 100, keyLength: 32)
        #expect(key.octets.array == Array("prq7+YkJ1/KlW1X0YczMH8E8z7oCXX/N/ixnRmOLK48=".utf8))
        #expect(
            try WAMPCRA.signature(of: challenge, key: key.octets)
                == "QISk9x4sT8CL4MAtnw145ubRLi4W0+YopocbhiJUUKQ=")
        let short = try unsafe WAMPCRA.key(
            password: password.span.bytes, salt: "salt123", iterations: 100, keyLength: 16)
        #expect(short.octets.array == Array("prq7+YkJ1/KlW1X0YczMHw==".utf8))
    }

    @Test("gives the signatures and keys of Autobahn and wampy")
    func golden() throws {
        let plain = try vectors("wampcra")
        let salted = try vectors("wampcra-salt")
        #expect(plain.count == 20 && salted.count == 11)
        for fields in plain {
            var client = ClientCredential.wampCRA(secret: Array(fields[0].utf8))
            let answer = try client.answer(
                method: "wampcra", challengeExtra: ["challenge": .text(fields[1])])
            #expect(answer.signature == fields[2])
        }
        for fields in salted {
            let extra: [String: AuthValue] = [
                "challenge": .text(fields[5]), "salt": .text(fields[1]),
                "iterations": .number(try #require(UInt64(fields[2]))),
                "keylen": .number(try #require(UInt64(fields[3]))),
            ]
            var client = ClientCredential.wampCRA(secret: Array(fields[0].utf8))
            #expect(
                try client.answer(method: "wampcra", challengeExtra: extra).signature == fields[6])
            // As wampy has it: the secret is the key, and salts are not looked at.
            var holder = ClientCredential.wampCRA(secret: Array(fields[4].utf8), isKey: true)
            #expect(
                try holder.answer(method: "wampcra", challengeExtra: extra).signature == fields[6])
        }
    }

    @Test("lets in who knows the password, and nobody else")
    func joining() throws {
        for (authID, password) in [("peter", "secret1"), ("paula", "secret2")] {
            let (method, extra, pending) = try #require(challenge(decide(["wampcra"], authID)))
            var client = ClientCredential.wampCRA(secret: Array(password.utf8))
            let right = try client.answer(method: method, challengeExtra: extra).signature
            #expect(
                line(pending.check(signature: right, extra: [:]))
                    == "welcome \(authID) user wampcra static")
            var wrong = [
                "", "=", right + "=", right + "\n", String(right.dropLast()), right.lowercased(),
                String(repeating: "A", count: 44), String(repeating: "=", count: 44),
                String(repeating: "é", count: 22),
            ]
            for place in 0..<42 {
                var letters = Array(right)
                letters[place] = letters[place] == "A" ? "B" : "A"
                wrong.append(String(letters))
            }
            for signature in wrong {
                #expect(
                    line(pending.check(signature: signature, extra: [:]))
                        == "wamp.error.not_authorized WAMP-CRA signature is invalid")
            }
        }
    }
}

struct Missing: Error {}
