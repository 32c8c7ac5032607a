import Testing

@testable import WAMPAuthentication

private let challengeText = hex([UInt8](224...255))
private let signature =
    "d7a6f50f0faff119463dc87d77c3082d3e749fa9df8d77e106c414486de8169f"
    + "790fc131615234670b6dd8530480f11a3db823aa6ddfbead1e5f2e248cdc2c0d"
private let boundSignature =
    "d11252130821983744cae9fc0d9f3e2b775154d9367d711b04d00f949bc33595"
    + "ed436e634094aefc2e5452810a92a81215e01eac3fd0bbe0c3906d762a24fd07"
private let boundMessage = "4a4b48494e4f4c4d42434041464744455a5b58595e5f5c5d5253505156575455"
private let channel = Channel(type: "tls-unique", id: [UInt8](repeating: 0xAA, count: 32))

/// What the client answers whose seed is `seed`.
private func sign(_ message: [UInt8]) throws -> String {
    let seed = seed
    return try unsafe Cryptosign.signature(of: message, seed: seed.span.bytes)
}

@Suite("cryptosign")
struct CryptosignTests {
    @Test("gives the signatures of the reference, bound to a channel and not")
    func reference() throws {
        for (channel, expected) in [
            (nil, signature + challengeText), (channel, boundSignature + boundMessage),
        ] {
            let message = try #require(
                Cryptosign.message(challenge: octets(challengeText), channel: channel))
            let text = try sign(message)
            #expect(text == expected)
            #expect(try Cryptosign.isValid(text, of: message, key: octets(publicKey)))
            #expect(try Cryptosign.isValid(text.uppercased(), of: message, key: octets(publicKey)))
        }
        #expect(try RouterKey(seed: seed).publicKey == octets(publicKey))
        #expect(Cryptosign.message(challenge: [1], channel: nil) == nil)
        let short = Channel(type: "tls-unique", id: [1])
        #expect(Cryptosign.message(challenge: seed, channel: short) == nil)
    }

    @Test("gives the signatures of Autobahn")
    func golden() throws {
        let lines = try vectors("cryptosign")
        #expect(lines.count == 16)
        for fields in lines {
            let key = octets(fields[0])
            let channel =
                fields[3] == "-" ? nil : Channel(type: "tls-unique", id: octets(fields[3]))
            let message = try #require(
                Cryptosign.message(challenge: octets(fields[2]), channel: channel))
            #expect(try unsafe Cryptosign.signature(of: message, seed: key.span.bytes) == fields[4])
            #expect(try Cryptosign.isValid(fields[4], of: message, key: octets(fields[1])))
        }
    }

    @Test("the key says who it is; an authid must be the key's")
    func identity() throws {
        let extra = ["pubkey": publicKey]
        for authID in [nil, "carol"] {
            let decision = decide(["cryptosign"], authID, extra: extra)
            let (method, members, pending) = try #require(challenge(decision))
            #expect(method == "cryptosign" && pending.isHeavy)
            #expect(
                members == ["challenge": .text(hex(Array(1...32))), "channel_binding": .null])
            let message = [UInt8](1...32)
            let answer = try sign(message)
            #expect(
                line(pending.check(signature: answer, extra: [:]))
                    == "welcome carol device cryptosign static")
            var wrong = ["", answer + "0", String(answer.dropLast()), signature + challengeText]
            wrong.append(String(repeating: "0", count: 128) + hex(message))
            wrong.append(String(repeating: "g", count: 192))
            wrong.append(String(repeating: "é", count: 96))
            wrong.append(String(answer.prefix(128)) + hex(Array(2...33)))
            for text in wrong {
                #expect(
                    line(pending.check(signature: text, extra: [:]))
                        == "wamp.error.not_authorized cryptosign signature is invalid")
            }
        }
        let other = String(repeating: "ab", count: 32)
        #expect(
            line(decide(["cryptosign"], extra: ["pubkey": other]))
                == "wamp.error.not_authorized no principal with public key \(other) exists")
        #expect(
            line(decide(["cryptosign"], "carol", extra: ["pubkey": other]))
                == "wamp.error.not_authorized public key \(other) is none of the principal's")
        #expect(
            line(decide(["cryptosign"], "martin", extra: extra))
                == #"wamp.error.not_authorized no principal with authid "martin" exists"#)
        for bad in ["", "00", publicKey + "00", String(repeating: "x", count: 64)] {
            #expect(
                line(decide(["cryptosign"], extra: ["pubkey": bad]))
                    .hasPrefix("wamp.error.authentication_failed"))
        }
    }

    @Test("is bound to the channel that both sides name, else to none")
    func binding() throws {
        var context = context
        context.channel = channel
        for (asked, isBound) in [("tls-unique", true), ("tls-exporter", false), (nil, false)] {
            var extra = ["pubkey": publicKey]
            extra["channel_binding"] = asked
            let decision = decide(["cryptosign"], extra: extra, context)
            let (_, members, pending) = try #require(challenge(decision))
            #expect(members["channel_binding"] == (isBound ? .text("tls-unique") : .null))
            let message = try #require(
                Cryptosign.message(challenge: Array(1...32), channel: isBound ? channel : nil))
            let answer = try sign(message)
            #expect(line(pending.check(signature: answer, extra: [:])).hasPrefix("welcome carol"))
        }
    }

    @Test("a router with a key answers the client's challenge, and clients check it first")
    func mutual() throws {
        let router = try RouterKey(seed: [UInt8](repeating: 3, count: 32))
        let principals = Principals(
            anonymousRole: nil, principals: people, routerKey: router)
        let ours = [UInt8](100..<132)
        var client = try ClientCredential.cryptosign(
            seed: seed, router: (key: router.publicKey, challenge: ours))
        let request = JoinRequest(
            realm: "r", methods: client.methods, extra: texts(client.helloExtra))
        #expect(principals.isHeavy(request) && !realm.isHeavy(request))
        let (method, extra, pending) = try #require(
            challenge(principals.decide(request, context)))
        #expect(extra["pubkey"] == .text(hex(router.publicKey)))
        #expect(throws: AuthenticationError.untrustedRouter) { try client.checkWelcome([:]) }
        for (key, value) in [("signature", AuthValue.text(signature)), ("signature", .null)] {
            var changed = extra
            changed[key] = value
            #expect(throws: AuthenticationError.self) {
                try client.answer(method: method, challengeExtra: changed)
            }
        }
        let answer = try client.answer(method: method, challengeExtra: extra)
        #expect(
            line(pending.check(signature: answer.signature, extra: [:])).hasPrefix("welcome carol"))
        try client.checkWelcome([:])
        #expect(
            line(
                decide(
                    ["cryptosign"], extra: ["pubkey": publicKey, "challenge": "00"],
                    in: principals)
            ).hasPrefix("wamp.error.authentication_failed"))
    }
}
