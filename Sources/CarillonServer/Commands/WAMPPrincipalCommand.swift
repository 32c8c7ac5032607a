// WAMPPrincipalCommand — `carillon wamp principal`: makes the entry of a principal for the
// configuration file, so that no password has to stand in it.
//
// The password comes from a file, a pipe or the terminal without echo, never from the command line,
// which every process of the machine can read.

import ArgumentParser
import Bytes
import Crypto
import Glibc
import PasswordDerivation
import WAMPAuthentication

enum WAMPPrincipalMethod: String, ExpressibleByArgument, CaseIterable {
    case ticket, wampcra, scram, cryptosign
}

enum WAMPDerivation: String, ExpressibleByArgument, CaseIterable {
    case argon2id13
    case argon2idText = "argon2id-13"
    case pbkdf2
}

struct WAMPPrincipalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "principal",
        abstract: "Make the entry of a principal for the configuration file.",
        discussion: """
            Writes a [[realm.principal]] table to standard output, to be put behind the [[realm]] \
            it belongs to. The password is asked for, or read from --password-file or a pipe.

              carillon wamp principal carol --role user >> carillon.toml
              pass show push/tv | carillon wamp principal tv --role device --method scram
              carillon wamp principal sensor --role device --method cryptosign \\
                  --new-key sensor.key

            Methods: wampcra stores a salted key, scram a verifier from which nobody can log in, \
            cryptosign a public key (give --public-key, or --new-key FILE for a fresh pair whose \
            secret half goes to FILE), ticket the ticket itself. Autobahn's \"scram\" wants \
            --derivation argon2id-13.
            """)

    @Argument(help: "The authid it will log in with.")
    var authid: String

    @Option(help: "The role it gets; the realm must declare it.")
    var role = "user"

    @Option(help: "ticket, wampcra, scram or cryptosign.")
    var method = WAMPPrincipalMethod.wampcra

    @Option(help: ArgumentHelp("A file with the password, a line.", valueName: "file"))
    var passwordFile: String?

    @Option(help: "scram: argon2id13, argon2id-13 or pbkdf2.")
    var derivation = WAMPDerivation.argon2id13

    @Option(help: "How often the derivation is repeated. (default: 100000; 4 for argon2id)")
    var iterations: Int?

    @Option(help: "Memory of argon2id, in KiB.")
    var memory = 65_536

    @Option(help: ArgumentHelp("cryptosign: 64 hexadecimal digits.", valueName: "hex"))
    var publicKey: String?

    @Option(help: ArgumentHelp("cryptosign: write a new secret key there.", valueName: "file"))
    var newKey: String?

    func validate() throws {
        guard !authid.isEmpty, authid.utf8.count <= Principals.authIDLimit else {
            throw ValidationError("the authid has 1 to \(Principals.authIDLimit) octets")
        }
        if method == .cryptosign {
            guard (publicKey == nil) != (newKey == nil) else {
                throw ValidationError("cryptosign wants --public-key or --new-key")
            }
        }
        if let iterations, !PBKDF2.iterations.contains(iterations) {
            throw ValidationError("--iterations is 1 to \(PBKDF2.iterations.upperBound)")
        }
    }

    func run() throws {
        var lines = [
            "[[realm.principal]]", "authid = \(Self.quoted(authid))",
            "role = \(Self.quoted(role))", "method = \"\(method.rawValue)\"",
        ]
        do {
            switch method {
            case .ticket: lines.append("secret = \(Self.quoted(try password()))")
            case .wampcra: lines += try wampCRA()
            case .scram: lines += try scram()
            case .cryptosign: lines.append("public_keys = [\"\(try key())\"]")
            }
        } catch let error as CryptoError {
            throw ValidationError("the secret cannot be used: \(error.sentence)")
        } catch let error as AuthenticationError {
            throw ValidationError(error.sentence)
        }
        print(lines.joined(separator: "\n"))
    }

    private func wampCRA() throws -> [String] {
        let salt = Self.base64(try RandomOctets.make(16))
        let count = iterations ?? 100_000
        let password = Array(try password().utf8)
        let key = try WAMPCRA.key(
            password: unsafe password.span.bytes, salt: salt, iterations: count, keyLength: 32)
        return [
            "secret = \"\(key.octets.text)\"", "salt = \"\(salt)\"", "iterations = \(count)",
            "key_length = 32",
        ]
    }

    private func scram() throws -> [String] {
        let kind: SCRAMDerivation =
            switch derivation {
            case .argon2id13: .argon2id(memory: memory)
            case .argon2idText: .argon2idText(memory: memory)
            case .pbkdf2: .pbkdf2
            }
        let salt = try RandomOctets.make(16)
        let count = iterations ?? (derivation == .pbkdf2 ? 100_000 : 4)
        let verifier = try SCRAMVerifier.make(
            password: try password(),
            parameters: SCRAMParameters(salt: salt, iterations: count, derivation: kind))
        var lines = [
            "kdf = \"\(derivation.rawValue)\"", "salt = \"\(Self.base64(salt))\"",
            "iterations = \(count)",
        ]
        if derivation != .pbkdf2 { lines.append("memory = \(memory)") }
        lines.append("stored_key = \"\(Self.hexadecimal(verifier.storedKey))\"")
        lines.append("server_key = \"\(Self.hexadecimal(verifier.serverKey))\"")
        return lines
    }

    private func key() throws -> String {
        if let publicKey {
            var octets = OctetBuffer()
            let digits = Array(publicKey.utf8)
            guard digits.count == 64, unsafe Hex.decode(digits.span.bytes, into: &octets) else {
                throw ValidationError("a public key has 64 hexadecimal digits")
            }
            return publicKey.lowercased()
        }
        let seed = try RandomOctets.make(32)
        try Self.write(Self.hexadecimal(seed) + "\n", toNew: newKey ?? "")
        return Self.hexadecimal(try Ed25519.publicKey(seed: unsafe seed.span.bytes))
    }

    // MARK: In and out

    /// The first line of the file, the pipe, or what is typed.
    private func password() throws -> String {
        if let passwordFile {
            let input = unsafe open(passwordFile, O_RDONLY | O_CLOEXEC)
            guard input >= 0, dup2(input, STDIN_FILENO) >= 0 else {
                throw ValidationError("\(passwordFile): \(systemText(errno))")
            }
            close(input)
        }
        let isTyped = passwordFile == nil && isatty(STDIN_FILENO) == 1
        var shown = termios()
        if isTyped {
            StandardError.write("Password of \(authid): ")
            _ = unsafe tcgetattr(STDIN_FILENO, &shown)
            var hidden = shown
            hidden.c_lflag &= ~tcflag_t(ECHO)
            _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        }
        defer {
            if isTyped {
                _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
                StandardError.write("\n")
            }
        }
        guard let line = readLine(), !line.isEmpty else {
            throw ValidationError("no password was given")
        }
        return line
    }

    /// Writes a file that only its owner can read, and none that is there already.
    private static func write(_ text: String, toNew path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ValidationError("\(path): \(systemText(errno))") }
        defer { close(descriptor) }
        let octets = Array(text.utf8)
        guard unsafe Glibc.write(descriptor, octets, octets.count) == octets.count else {
            throw ValidationError("\(path): not written completely")
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{0}"..<"\u{20}", "\u{7F}":
                let digits = String(scalar.value, radix: 16, uppercase: true)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    private static func base64(_ octets: [UInt8]) -> String {
        var text = OctetBuffer()
        Base64.encode(unsafe octets.span.bytes, into: &text)
        return text.octets.text
    }

    private static func hexadecimal(_ octets: [UInt8]) -> String {
        var text = OctetBuffer()
        Hex.encode(unsafe octets.span.bytes, into: &text)
        return text.octets.text
    }
}
