// WAMPCredential — what proves who we are, out of a file.
//
// A secret is good for wampcra and for SCRAM; which one it is for the router decides. wampcra is
// offered first and the specification's name of SCRAM last, since Crossbar refuses whoever offers a
// method that it does not know before one that it does.

import ArgumentParser
import Bytes
import Crypto
import PasswordDerivation
import WAMP
import WAMPAuthentication
import WAMPClient

/// The secret of one run.
final class WAMPCredential {
    /// One of them answers; only that one is asked about WELCOME.
    private var candidates: [ClientCredential]
    private var chosen: Int?

    /// Reads the file that the options name; `nil` when they name none.
    init?(_ options: WAMPRouterOptions) throws {
        if let path = options.ticketFile {
            candidates = [.ticket(try WAMPSecret.read(path))]
        } else if let path = options.secretFile {
            let secret = try WAMPSecret.read(path)
            var random = OctetBuffer(capacity: 24)
            for _ in 0..<3 { random.append(bigEndian: .random(in: .min ... .max), size: 8) }
            candidates = [
                .wampCRA(secret: Array(secret.utf8)),
                .scram(
                    authID: options.authid ?? "", password: secret, random: random.octets.array),
            ]
        } else if let path = options.keyFile {
            candidates = [try Self.key(path)]
        } else {
            return nil
        }
    }

    /// A private key of Ed25519: 32 octets in hexadecimal.
    private static func key(_ path: String) throws -> ClientCredential {
        let seed = try WAMPSecret.key(path)
        guard let credential = try? ClientCredential.cryptosign(seed: seed) else {
            throw WAMPSecret.noKey(path)
        }
        return credential
    }

    /// Offers what the secret is good for.
    func prepare(_ options: inout ClientOptions) {
        let methods = candidates.flatMap(\.methods)
        options.authMethods = methods.filter { $0 != "wamp-scram" }
        if methods.contains("wamp-scram") { options.authMethods.append("wamp-scram") }
        options.authExtra = Self.extra(candidates.flatMap(\.helloExtra))
    }

    /// Answers a challenge.
    func answer(_ challenge: Challenge) throws(ClientError) -> ChallengeAnswer {
        guard
            let place = candidates.firstIndex(where: { $0.methods.contains(challenge.method) })
        else {
            throw .cannotAuthenticate("the router wants \(challenge.method), which was not offered")
        }
        chosen = place
        do throws(AuthenticationError) {
            let answer = try candidates[place].answer(
                method: challenge.method, challengeExtra: Self.values(challenge.extra))
            return ChallengeAnswer(signature: answer.signature, extra: Self.extra(answer.extra))
        } catch {
            throw .cannotAuthenticate(error.sentence)
        }
    }

    /// Checks what the router proves in turn.
    ///
    /// - Throws: `cannotAuthenticate`; nothing is to be said on the session then.
    func check(_ client: WAMPClient) throws(ClientError) {
        guard let chosen else { return }
        do throws(AuthenticationError) {
            try candidates[chosen].checkWelcome(Self.values(client.session.authExtra))
        } catch {
            throw .cannotAuthenticate(error.sentence)
        }
    }

    // MARK: The words of both modules

    private static func values(_ members: [String: ExtraValue]) -> [String: AuthValue] {
        members.mapValues { value in
            switch value {
            case .text(let text): .text(text)
            case .number(let number): .number(number)
            case .null: .null
            }
        }
    }

    private static func extra(_ members: AuthExtra) -> Extra {
        members.map { member in
            switch member.value {
            case .text(let text): (member.key, .text(text))
            case .number(let number): (member.key, .number(number))
            case .null: (member.key, .null)
            }
        }
    }
}

extension AuthenticationError {
    var sentence: String {
        switch self {
        case .unexpectedMethod(let method): "the router wants \(method), which was not offered"
        case .malformed(let member): "the router's challenge makes no sense: \"\(member)\""
        case .foreignNonce: "the router answers somebody else's challenge"
        case .untrustedRouter: "the router does not prove that it knows us; it may be another one"
        case .derivation(let sentence): "the secret cannot be used: \(sentence)"
        case .crypto(let error): "the secret cannot be used: \(error.sentence)"
        }
    }
}
