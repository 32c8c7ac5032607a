// What the tests share: random octets that are none, people, and short ways to ask.

import Bytes
import Foundation

@testable import WAMPAuthentication

/// 1, 2, 3, … as often as asked for.
let context = JoinContext(
    session: 3_071_302_313_344_522, timestamp: "2026-01-02T03:04:05.678Z",
    randomOctets: { (1...$0).map { UInt8(truncatingIfNeeded: $0) } })

/// The texts that authextra holds, as a session passes them on.
func texts(_ extra: AuthExtra) -> [String: String] {
    var texts: [String: String] = [:]
    for case (let key, .text(let text)) in extra { texts[key] = text }
    return texts
}

func members(_ extra: AuthExtra) -> [String: AuthValue] {
    Dictionary(uniqueKeysWithValues: extra.map { ($0.key, $0.value) })
}

/// A decision in one line, without what is out.
func line(_ decision: JoinDecision) -> String {
    switch decision {
    case .welcome(let joined):
        "welcome \(joined.authID) \(joined.authRole) \(joined.authMethod) \(joined.authProvider)"
    case .challenge(let method, let extra, _):
        "challenge \(method) \(extra.map { "\($0.key)" }.joined(separator: " "))"
    case .refuse(let uri, let message): "\(uri) \(message)"
    }
}

/// The challenge in a decision.
func challenge(
    _ decision: JoinDecision
) -> (method: String, extra: [String: AuthValue], pending: PendingJoin)? {
    guard case .challenge(let method, let extra, let pending) = decision else { return nil }
    return (method, members(extra), pending)
}

func octets(_ digits: String) -> [UInt8] {
    TextForm.octets(hex: digits, count: digits.utf8.count / 2)!
}

func octets(base64 text: String) -> [UInt8] { TextForm.octets(base64: text, atMost: 4096)! }

func hex(_ octets: [UInt8]) -> String { unsafe TextForm.hex(octets.span.bytes) }

/// The lines of Tests/Vectors/authentication.txt that begin with `kind`, without it.
func vectors(_ kind: String) throws -> [[String]] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors/authentication.txt")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
        .filter { $0[0] == kind }.map { Array($0.dropFirst()) }
}

/// Somebody with each of the methods.
let seed = [UInt8](0..<32)
let publicKey = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
let pencil = SCRAMVerifier(
    parameters: SCRAMParameters(
        salt: octets("00112233445566778899aabbccddeeff"), iterations: 4096, derivation: .pbkdf2),
    storedKey: octets("d012f25569e698bd60e9df36b60cdf17ac85930e9919980a2973a165f9f045cd"),
    serverKey: octets("58502f05ffc7fdeccc00429e4274efc40da4b1040aee1ad37e1e4adcde2be67a"))!
/// Made anew each time: a leak sanitizer would take what a constant holds at the end for lost, since
/// Swift keeps the case of a credential in spare bits of its pointers.
var people: [Principal] {
    [
        Principal(authID: "martin", role: "backend", credential: .ticket(Array("wEx9TPFt".utf8))),
        Principal(
            authID: "peter", role: "user",
            credential: .wampCRA(
                secret: Array("prq7+YkJ1/KlW1X0YczMH8E8z7oCXX/N/ixnRmOLK48=".utf8),
                salt: (text: "salt123", iterations: 100, keyLength: 32))),
        Principal(
            authID: "paula", role: "user",
            credential: .wampCRA(secret: Array("secret2".utf8), salt: nil)),
        Principal(authID: "user", role: "user", credential: .scram(pencil)),
        Principal(
            authID: "carol", role: "device",
            credential: .cryptosign(publicKeys: [
                [UInt8](repeating: 5, count: 32), octets(publicKey),
            ])),
        Principal(authID: "both", role: "reader", credential: .ticket(Array("t".utf8))),
        Principal(authID: "both", role: "writer", credential: .ticket(Array("w".utf8))),
        Principal(
            authID: "both", role: "signer", credential: .wampCRA(secret: Array("s".utf8), salt: nil)
        ),
    ]
}
var realm: Principals { Principals(anonymousRole: nil, principals: people) }
var openRealm: Principals { Principals(anonymousRole: "anonymous", principals: people) }

/// Decides in `realm`.
func decide(
    _ methods: [String], _ authID: String? = nil, role: String? = nil,
    extra: [String: String] = [:], in principals: Principals = realm,
    _ context: JoinContext = context
) -> JoinDecision {
    principals.decide(
        JoinRequest(
            realm: "realm1", methods: methods, authID: authID, authRole: role, extra: extra),
        context)
}
