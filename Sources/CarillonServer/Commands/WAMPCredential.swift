// WAMPCredential — what proves who we are, out of a file: arguments are seen by everybody on the
// machine (proc_pid_cmdline(5)) and kept in the shell's history.
//
// A secret is good for wampcra and for SCRAM; which one it is for the router decides. wampcra is
// offered first and the specification's name of SCRAM last, since Crossbar refuses whoever offers a
// method that it does not know before one that it does.

import ArgumentParser
import Bytes
import Configuration
import Glibc
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
            candidates = [.ticket(try Self.read(path))]
        } else if let path = options.secretFile {
            let secret = try Self.read(path)
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
        let text = Array(try read(path).utf8)
        var seed = OctetBuffer(capacity: 32)
        guard text.count == 64, unsafe Hex.decode(text.span.bytes, into: &seed),
            let credential = try? ClientCredential.cryptosign(seed: seed.octets.array)
        else {
            StandardError.write(
                "carillon: \(path): no private key; it is 64 hexadecimal digits, as "
                    + "\"openssl rand -hex 32\" makes them\n")
            throw Status.failure
        }
        return credential
    }

    /// The first line; editors end files with a line end that is no part of the secret.
    private static func read(_ path: String) throws -> String {
        let text: String
        do throws(UnreadableFile) {
            text = try ConfigurationSource.read(path)
        } catch {
            StandardError.write("carillon: \(path): cannot be read: \(error.reason)\n")
            throw Status.failure
        }
        let line = text.prefix { !$0.isNewline }
        guard !line.isEmpty else {
            StandardError.write("carillon: \(path): the first line is empty\n")
            throw Status.failure
        }
        var status = stat()
        if unsafe stat(path, &status) == 0, status.st_mode & 0o044 != 0 {
            StandardError.write(
                "carillon: \(path) can be read by others; \"chmod 600 \(path)\" keeps it secret\n")
        }
        return String(line)
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
    fileprivate var sentence: String {
        switch self {
        case .unexpectedMethod(let method): "the router wants \(method), which was not offered"
        case .malformed(let member): "the router's challenge makes no sense: \"\(member)\""
        case .foreignNonce: "the router answers somebody else's challenge"
        case .untrustedRouter: "the router does not prove that it knows us; it may be another one"
        case .derivation(let sentence): "the secret cannot be used: \(sentence)"
        case .crypto(let error): "the secret cannot be used: \(error)"
        }
    }
}
