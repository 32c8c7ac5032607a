import Testing

@testable import WAMPAuthentication

@Suite("secrets in descriptions")
struct ConfidentialTests {
    @Test("nothing that holds a secret tells it, wherever it is held")
    func descriptions() throws {
        let secret = Array("97 97 97".utf8)  // "57, 55, 32, …" as an array of octets
        let salted = (text: "salt", iterations: 1, keyLength: 16)
        let principals = [
            Credential.ticket(secret), .wampCRA(secret: secret, salt: salted), .scram(pencil),
            .cryptosign(publicKeys: [seed]),
        ].map { Principal(authID: "a", role: "r", credential: $0) }
        let router = try RouterKey(seed: secret + [UInt8](repeating: 57, count: 24))
        let realm = Principals(
            anonymousRole: nil, principals: principals, routerKey: router)
        let challenged = try #require(challenge(decide(["ticket"], "a", in: realm)))
        let holders: [Any] = [
            principals, router, realm, pencil, challenged.pending,
            ClientCredential.ticket("97 97 97"), ClientCredential.wampCRA(secret: secret),
        ]
        for holder in holders {
            var text = "\(holder) " + String(reflecting: holder)
            dump(holder, to: &text)
            for part in ["57, 55", "97 97", "208, 18", "88, 80"] {
                #expect(!text.contains(part), "\(type(of: holder))")
            }
            #expect(!text.isEmpty)
        }
    }
}
