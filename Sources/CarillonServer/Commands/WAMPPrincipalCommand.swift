// WAMPPrincipalCommand — `carillon wamp principal`: the entry of somebody who may join, made of a
// password that is not kept.

import ArgumentParser
import Bytes
import Configuration
import Crypto
import Glibc
import PasswordDerivation
import WAMPAuthentication

enum WAMPMethod: String, ExpressibleByArgument, CaseIterable {
    case ticket, wampcra, scram, cryptosign
}

enum WAMPDerivation: String, ExpressibleByArgument, CaseIterable {
    case pbkdf2
    case argon2id = "argon2id13"
    case argon2idText = "argon2id-13"
}

struct WAMPPrincipalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "principal",
        abstract: "Print the configuration of somebody who may join a realm.",
        discussion: """
            The secret comes from --secret-file, or is asked for. What is printed belongs behind \
            its realm in the configuration file; for wampcra and scram the password itself is not \
            in it. Clients use the same file with "carillon wamp call --secret-file".

              carillon wamp principal ada --role clerk >> carillon.toml
              carillon wamp principal ada --role clerk --method scram --kdf argon2id13
              openssl rand -hex 32 > lamp.key
              carillon wamp principal lamp --role device --method cryptosign --key-file lamp.key

            Salted wampcra is for clients that derive the key (Autobahn and carillon do, wampy \
            takes what is printed as its secret); --plain is for those that cannot. SCRAM with \
            pbkdf2 is understood by all clients that have SCRAM, argon2id13 by those that follow \
            the specification, argon2id-13 by Autobahn.
            """)

    @Argument(help: "The authid.") var authid: String
    @Option(help: ArgumentHelp("The role of the session, one of the realm's.", valueName: "name"))
    var role: String
    @Option(
        help: ArgumentHelp(
            "How it is proved: ticket, wampcra, scram or cryptosign.",
            valueName: "name"))
    var method = WAMPMethod.wampcra
    @Option(help: ArgumentHelp("A file with the ticket or password.", valueName: "file"))
    var secretFile: String?
    @Option(
        help: ArgumentHelp(
            "cryptosign: a file with the private key, 64 hexadecimal digits.",
            valueName: "file"))
    var keyFile: String?
    @Flag(help: "wampcra: keep the secret itself, without a salt.") var plain = false
    @Option(
        help: ArgumentHelp(
            "Rounds of the derivation. (default: 100000, of argon2id 3)", valueName: "n"))
    var iterations: Int?
    @Option(help: ArgumentHelp("scram: how a key is derived from the password.", valueName: "name"))
    var kdf = WAMPDerivation.pbkdf2
    @Option(help: ArgumentHelp("argon2id: memory of the derivation, in KiB.", valueName: "n"))
    var memory = 65_536

    func validate() throws {
        if let iterations, !(1...10_000_000).contains(iterations) {
            throw ValidationError("--iterations takes a number from 1 to 10000000")
        }
        guard (8...4_194_304).contains(memory) else {
            throw ValidationError("--memory takes a number from 8 to 4194304")
        }
        guard (method == .cryptosign) == (keyFile != nil) else {
            throw ValidationError(
                method == .cryptosign
                    ? "cryptosign needs --key-file; \"openssl rand -hex 32\" makes a key"
                    : "--key-file is for --method cryptosign")
        }
        if plain, method != .wampcra { throw ValidationError("--plain is for wampcra") }
    }

    func run() throws {
        do {
            let members = try self.members()
            print("[[realm.principal]]")
            for (key, value) in members { print("\(key) = \(value)") }
        } catch let error as AuthenticationError {
            throw unfit("\(error)")
        } catch let error as CryptoError {
            throw unfit("\(error)")
        }
    }

    private func unfit(_ reason: String) -> ExitCode {
        StandardError.write("carillon: the secret cannot be used: \(reason)\n")
        return Status.failure
    }

    private func secret(_ what: String) throws -> String {
        try secretFile.map(WAMPSecret.read) ?? WAMPSecret.ask(what)
    }

    /// The members of the table, as TOML.
    private func members() throws -> [(String, String)] {
        let common = [
            ("authid", TOMLText.quoted(authid)), ("role", TOMLText.quoted(role)),
            ("method", TOMLText.quoted(method.rawValue)),
        ]
        return common + (try credential())
    }

    private func credential() throws -> [(String, String)] {
        switch method {
        case .ticket: return [("secret", TOMLText.quoted(try secret("ticket")))]
        case .wampcra where plain: return [("secret", TOMLText.quoted(try secret("secret")))]
        case .wampcra:
            let password = Array(try secret("password").utf8)
            let salt = Self.base64(Self.random(12))
            let rounds = iterations ?? 100_000
            let size = Configuration.Realm.Principal.standardKeyLength
            let key = try unsafe WAMPCRA.key(
                password: password.span.bytes, salt: salt, iterations: rounds, keyLength: size)
            return [
                ("secret", TOMLText.quoted(key.octets.text)), ("salt", TOMLText.quoted(salt)),
                ("iterations", "\(rounds)"), ("key_length", "\(size)"),
            ]
        case .scram: return try scram()
        case .cryptosign:
            let seed = try WAMPSecret.key(keyFile ?? "")
            let key = try unsafe Ed25519.publicKey(seed: seed.span.bytes)
            return [("public_keys", "[\(TOMLText.quoted(Self.hex(key)))]")]
        }
    }

    private func scram() throws -> [(String, String)] {
        let usesMemory = kdf != .pbkdf2
        guard let derivation = SCRAMDerivation(name: kdf.rawValue, memory: memory) else {
            preconditionFailure("the names are the same")
        }
        let parameters = SCRAMParameters(
            salt: Self.random(16), iterations: iterations ?? (usesMemory ? 3 : 100_000),
            derivation: derivation)
        let verifier = try SCRAMVerifier.make(
            password: try secret("password"), parameters: parameters)
        let memory = usesMemory ? [("memory", "\(memory)")] : []
        return [
            ("kdf", TOMLText.quoted(kdf.rawValue)),
            ("salt", TOMLText.quoted(Self.base64(parameters.salt))),
            ("iterations", "\(parameters.iterations)"),
        ] + memory + [
            ("stored_key", TOMLText.quoted(Self.hex(verifier.storedKey))),
            ("server_key", TOMLText.quoted(Self.hex(verifier.serverKey))),
        ]
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    private static func base64(_ octets: [UInt8]) -> String {
        var text = OctetBuffer(capacity: 32)
        unsafe Base64.encode(octets.span.bytes, into: &text)
        return text.octets.text
    }

    private static func hex(_ octets: [UInt8]) -> String {
        let digits = octets.flatMap { [Hex.digit(of: $0 >> 4), Hex.digit(of: $0)] }
        return String(decoding: digits, as: UTF8.self)
    }
}
