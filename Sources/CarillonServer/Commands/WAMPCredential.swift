// WAMPCredential — what proves who we are, out of a file: arguments are seen by everybody on the
// machine (proc_pid_cmdline(5)) and kept in the shell's history.

import ArgumentParser
import Configuration
import Glibc
import WAMP
import WAMPClient

/// The secret of one run.
struct WAMPCredential {
    private enum Kind { case ticket, secret, key }

    private let kind: Kind
    private let secret: String

    /// Reads the file that the options name; `nil` when they name none.
    init?(_ options: WAMPRouterOptions) throws {
        if let path = options.ticketFile {
            kind = .ticket
            secret = try Self.read(path)
        } else if let path = options.secretFile {
            kind = .secret
            secret = try Self.read(path)
        } else if let path = options.keyFile {
            kind = .key
            secret = try Self.read(path)
        } else {
            return nil
        }
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
        switch kind {
        case .ticket: options.authMethods = ["ticket"]
        case .secret: options.authMethods = ["wampcra"]
        case .key: options.authMethods = ["cryptosign"]
        }
    }

    /// Answers a challenge.
    func answer(_ challenge: Challenge) throws(ClientError) -> ChallengeAnswer {
        guard kind == .ticket, challenge.method == "ticket" else {
            throw .cannotAuthenticate("the router wants \(challenge.method), which we cannot do")
        }
        return ChallengeAnswer(signature: secret)
    }

    /// Checks what the router proves in turn.
    func check(_ client: WAMPClient) throws(ClientError) {}
}
