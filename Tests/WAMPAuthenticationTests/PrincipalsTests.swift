import Bytes
import Testing

@testable import WAMPAuthentication

@Suite("choosing a method")
struct PrincipalsTests {
    @Test("takes the first of the client's methods that is configured and knows the authid")
    func order() {
        let cases: [(methods: [String], authID: String?, found: String)] = [
            (["wampcra", "ticket"], "martin", "challenge ticket "),
            (["ticket", "wampcra"], "peter", "challenge wampcra challenge salt iterations keylen"),
            (["wampcra", "ticket"], "paula", "challenge wampcra challenge"),
            (["ticket", "wampcra"], "both", "challenge ticket "),
            (["wampcra", "ticket"], "both", "challenge wampcra challenge"),
            (["cookie", "", "Ticket", "ticket"], "martin", "challenge ticket "),
            (["anonymous", "ticket"], "martin", "challenge ticket "),
            (["cryptosign", "scram", "wamp-scram", "ticket"], "martin", "challenge ticket "),
        ]
        for (methods, authID, found) in cases {
            #expect(line(decide(methods, authID)) == found, "\(methods)")
        }
        let name = "1234-5678-9abc-defg"
        for methods in [[], ["anonymous"], ["anonymous", "wampcra"], ["tls", "anonymous"]] {
            #expect(
                line(decide(methods, "peter", in: openRealm))
                    == "welcome \(name) anonymous anonymous static")
        }
    }

    @Test("says why nobody comes in, in the words clients look for")
    func refusals() {
        let notAuthorized = "wamp.error.not_authorized "
        let cases: [(methods: [String], authID: String?, found: String)] = [
            (["ticket"], "nobody", notAuthorized + #"no principal with authid "nobody" exists"#),
            (["wampcra"], "martin", notAuthorized + #"no principal with authid "martin" exists"#),
            (["ticket", "wampcra"], "x", notAuthorized + #"no principal with authid "x" exists"#),
            (["ticket"], nil, notAuthorized + "authentication by ticket needs an authid"),
            (
                ["cryptosign"], "carol",
                "wamp.error.authentication_failed "
                    + "authextra.pubkey is not 32 octets in hexadecimal digits"
            ),
            (
                ["scram"], "user",
                "wamp.error.authentication_failed authextra.nonce is missing or is none"
            ),
            (
                [], nil,
                "wamp.error.authentication_required this realm is not open to anonymous sessions"
            ),
            (
                ["anonymous"], "martin",
                "wamp.error.authentication_required this realm is not open to anonymous sessions"
            ),
            (
                ["cookie", "tls"], "martin",
                "wamp.error.no_matching_auth_method "
                    + "none of the authentication methods offered is configured"
            ),
        ]
        for (methods, authID, found) in cases {
            #expect(line(decide(methods, authID)) == found, "\(methods)")
        }
    }

    @Test("a realm without principals is closed, or open to everybody")
    func nobody() {
        let closed = Principals(anonymousRole: nil, principals: [])
        #expect(line(decide(["ticket"], "a", in: closed)).hasPrefix("wamp.error.no_matching"))
        #expect(line(decide([], in: closed)).hasPrefix("wamp.error.authentication_required"))
        let open = Principals(anonymousRole: "guest", principals: [])
        #expect(line(decide(["ticket"], "a", in: open)).hasPrefix("wamp.error.no_matching"))
        #expect(line(decide(["ticket", "anonymous"], "a", in: open)).contains(" guest anonymous"))
    }

    @Test("a role asked for chooses among entries and grants nothing")
    func roles() throws {
        for (role, ticket, found) in [
            ("writer", "w", "writer"), ("reader", "t", "reader"), ("admin", "t", "reader"),
        ] {
            let (_, _, pending) = try #require(challenge(decide(["ticket"], "both", role: role)))
            #expect(
                line(pending.check(signature: ticket, extra: [:]))
                    == "welcome both \(found) ticket static")
        }
        let (_, _, pending) = try #require(challenge(decide(["ticket"], "both", role: "writer")))
        #expect(line(pending.check(signature: "t", extra: [:])).contains("not_authorized"))
    }

    @Test("names beyond the limit are unknown and quoted in part, methods beyond it not looked at")
    func limits() {
        let limit = Principals.authIDLimit
        let longest = String(repeating: "a", count: limit)
        let principals = Principals(
            anonymousRole: nil,
            principals: [longest, longest + "a"].map {
                Principal(authID: $0, role: "r", credential: .ticket([1]))
            })
        #expect(line(decide(["ticket"], longest, in: principals)) == "challenge ticket ")
        let refusal = line(decide(["ticket"], longest + "a", in: principals))
        #expect(refusal.utf8.count < 150 && refusal.contains("…\" exists"))
        let many = [String](repeating: "x", count: Principals.methodLimit - 1)
        #expect(line(decide(many + ["ticket"], "martin")) == "challenge ticket ")
        #expect(line(decide(many + ["x", "ticket"], "martin")).contains("no_matching"))
    }

    @Test("a name, role or method is its octets, and a megabyte of marks is nobody's")
    func spelling() throws {
        let (composed, apart) = ("caf\u{E9}", "cafe\u{301}")
        let key = octets(publicKey)
        let principals = Principals(
            anonymousRole: nil,
            principals: [
                Principal(authID: composed, role: "first", credential: .ticket([1])),
                Principal(authID: composed, role: apart, credential: .ticket([2])),
                Principal(
                    authID: composed, role: "r", credential: .cryptosign(publicKeys: [key])),
            ])
        #expect(line(decide(["ticket"], composed, in: principals)) == "challenge ticket ")
        let refusal = line(decide(["ticket"], apart, in: principals))
        #expect(refusal.hasPrefix("wamp.error.not_authorized"))
        let extra = ["pubkey": publicKey]
        #expect(
            line(decide(["cryptosign"], composed, extra: extra, in: principals))
                .hasPrefix("challenge cryptosign"))
        #expect(
            line(decide(["cryptosign"], apart, extra: extra, in: principals))
                .hasPrefix("wamp.error.not_authorized"))
        let (_, _, pending) = try #require(
            challenge(decide(["ticket"], composed, role: composed, in: principals)))
        #expect(line(pending.check(signature: "\u{1}", extra: [:])).contains(" first ticket"))

        let marks = "a" + String(repeating: "\u{301}\u{323}", count: 250_000)
        for methods in [["ticket"], ["cryptosign"], [marks], [marks, "scram"]] {
            for authID in [marks, composed] {
                let decision = decide(
                    methods, authID, role: marks,
                    extra: ["pubkey": hex([UInt8](repeating: 9, count: 32)), "nonce": marks],
                    in: principals)
                let text = line(decision)
                // Not by `==`, which would take the minutes.
                let isKnown = methods[0].isExactly("ticket") && authID.isExactly(composed)
                #expect(text.hasPrefix("wamp.error") != isKnown)
                #expect(text.utf8.count < 400)
            }
        }
    }

    @Test("tickets are compared whole, in any script")
    func tickets() throws {
        let (_, _, pending) = try #require(challenge(decide(["ticket"], "martin")))
        #expect(!pending.isHeavy)
        for wrong in ["", "w", "wEx9TPF", "wEx9TPFt ", "wex9tpft", "wEx9TPF\u{0}", "é"] {
            #expect(
                line(pending.check(signature: wrong, extra: [:]))
                    == "wamp.error.not_authorized "
                    + "ticket in static WAMP-Ticket authentication is invalid")
        }
        #expect(
            line(pending.check(signature: "wEx9TPFt", extra: ["a": "b"]))
                == "welcome martin backend ticket static")
    }

    @Test("anonymous names are as random as what they are made of")
    func names() {
        #expect(TextForm.name([UInt8](repeating: 255, count: 5)) == "zzzz-z")
        #expect(Set((0...31).map { TextForm.name([$0]) }).count == 32)
        #expect(TextForm.name([]).isEmpty)
    }
}
