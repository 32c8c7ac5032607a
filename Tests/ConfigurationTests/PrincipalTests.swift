import Configuration
import Testing

@Suite("principals in a configuration")
struct PrincipalTests {
    typealias Principal = Configuration.Realm.Principal

    private static let head = """
        [[realm]]
        name = "a"
        [[realm.role]]
        name = "user"
        [[realm.principal]]
        authid = "p"
        role = "user"

        """
    private static let key = "d012f25569e698bd60e9df36b60cdf17ac85930e9919980a2973a165f9f045cd"
    private static let base64Key = "0BLyVWnmmL1g6d82tgzfF6yFkw6ZGZgKKXOhZfnwRc0="

    private func load(
        _ lines: String, environment: [String: String] = [:], files: [String: String] = [:]
    ) throws(ConfigurationProblems) -> Configuration {
        let input = ConfigurationInput(
            file: ("c.toml", Self.head + lines), environment: environment)
        return try Configuration.load(input) { path throws(UnreadableFile) in
            guard let text = files[path] else {
                throw UnreadableFile(reason: "No such file or directory")
            }
            return text
        }.values
    }

    private func credential(
        _ lines: String, environment: [String: String] = [:], files: [String: String] = [:]
    ) throws -> Principal.Credential? {
        try load(lines, environment: environment, files: files).realms[0].principals[0].credential
    }

    private func problems(
        _ lines: String, environment: [String: String] = [:], files: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try load(lines, environment: environment, files: files)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("every method makes its credential")
    func credentials() throws {
        let secret = try #require(Secret("s3"))
        #expect(try credential("method = \"ticket\"\nsecret = \"s3\"") == .ticket(secret))
        #expect(
            try credential("method = \"wampcra\"\nsecret = \"s3\"")
                == .wampCRA(secret: secret, salt: nil))
        let short = try credential(
            """
            method = "wampcra"
            secret = "prq7+YkJ1/KlW1X0YczMHw=="
            salt = "salt123"
            iterations = 100
            key_length = 16
            """)
        guard case .wampCRA(_, let salt?) = short else {
            Issue.record("\(String(describing: short))")
            return
        }
        #expect(salt.text == "salt123" && salt.iterations == 100 && salt.keyLength == 16)
        // Digits in either case, and Base64, are the same key.
        for key in [Self.key, Self.key.uppercased(), Self.base64Key] {
            let scram = try credential(
                """
                method = "scram"
                kdf = "argon2id13"
                salt = "ABEiM0RVZneImaq7zN3u/w=="
                iterations = 4096
                memory = 512
                stored_key = "\(key)"
                server_key = "\(Self.key)"
                """)
            guard case .scram(let given) = scram else {
                Issue.record("\(String(describing: scram))")
                return
            }
            #expect(given.kdf == .argon2id && given.iterations == 4096 && given.memory == 512)
            #expect(given.salt == "ABEiM0RVZneImaq7zN3u/w==")
            #expect(given.storedKey == given.serverKey && given.storedKey.text == Self.key)
            #expect(given.storedKey.keyOctets?.count == 32)
            #expect(given.storedKey.keyOctets?.first == 0xD0)
        }
        #expect(
            try credential("method = \"cryptosign\"\npublic_keys = [\"\(Self.key)\"]")
                == .cryptosign(publicKeys: [try #require(OctetText.hexadecimal(Self.key))]))
        #expect(Principal().credential == nil)
    }

    @Test("a secret stands in the file, in a file of its own or in a variable")
    func origins() throws {
        let secret = try #require(Secret("s3"))
        let files = ["/run/s": "s3\n", "/run/empty": "\n"]
        #expect(
            try credential("method = \"ticket\"\nsecret_file = \"/run/s\"", files: files)
                == .ticket(secret))
        for variable in ["PETERS_SECRET", "CARILLON_PETER"] {
            #expect(
                try credential(
                    "method = \"ticket\"\nsecret_env = \"\(variable)\"",
                    environment: [variable: "s3"]) == .ticket(secret))
        }
        for (lines, message) in [
            (
                "secret_file = \"/no\"",
                "secret_file: \"/no\" cannot be read: No such file or directory"
            ),
            (
                "secret_file = \"/run/empty\"",
                "secret_file: the content of \"/run/empty\" must be text that is not empty, on one "
                    + "line"
            ),
            ("secret_env = \"NO\"", "secret_env: the variable \"NO\" is not set"),
            (
                "secret_env = \"EMPTY\"",
                "secret_env: the variable EMPTY must be text that is not empty, on one line"
            ),
            ("secret_env = 5", "secret_env is 5; expected the name of a variable"),
            ("secret_file = 5", "secret_file is 5; expected a file's path"),
            ("secret = 17", "secret is not shown; expected text that is not empty, on one line"),
            (
                "secret = \"a\"\nsecret_file = \"/run/s\"",
                "secret is given twice: as secret and as secret_file"
            ),
        ] {
            let line = lines.contains("\n") ? 10 : 9
            #expect(
                problems(
                    "method = \"ticket\"\n" + lines, environment: ["EMPTY": ""], files: files)
                    == ["c.toml:\(line): realm.principal.\(message)"], "\(lines)")
        }
    }

    @Test("each method says which keys it needs and which mean nothing to it")
    func combinations() {
        let scram = """
            method = "scram"
            salt = "AAAA"
            iterations = 1
            stored_key = "\(Self.key)"
            server_key = "\(Self.key)"

            """
        let derived = "secret = \"prq7+YkJ1/KlW1X0YczMH8E8z7oCXX/N/ixnRmOLK48=\"\n"
        for (lines, line, message) in [
            ("method = \"ticket\"", 5, "secret is missing; method \"ticket\" needs it"),
            (
                "method = \"ticket\"\nsecret = \"a\"\nsalt = \"b\"", 10,
                "salt has no meaning with method \"ticket\""
            ),
            (
                "method = \"cryptosign\"\nsecret_file = \"/s\"\npublic_keys = [\"\(Self.key)\"]", 9,
                "secret has no meaning with method \"cryptosign\""
            ),
            (
                "method = \"cryptosign\"", 5,
                "public_keys is missing; method \"cryptosign\" needs it"
            ),
            (
                "method = \"cryptosign\"\npublic_keys = []", 9,
                "public_keys is empty; nobody could join"
            ),
            (
                "method = \"cryptosign\"\npublic_keys = [\"\(Self.key)0\"]", 9,
                "public_keys is [\"\(Self.key.prefix(60))…\"]; expected a list of up to 100, each "
                    + "64 hexadecimal digits"
            ),
            (
                "method = \"wampcra\"\n" + derived + "salt = \"s\"", 5,
                "iterations is missing; a salt needs it"
            ),
            (
                "method = \"wampcra\"\n" + derived + "iterations = 5", 10,
                "iterations has no meaning without a salt"
            ),
            (
                "method = \"wampcra\"\nsecret = \"password\"\nsalt = \"s\"\niterations = 5", 9,
                "secret must be the derived key, Base64 of 32 octets, since there is a salt"
            ),
            (
                "method = \"wampcra\"\n" + derived
                    + "salt = \"s\"\niterations = 5\nkey_length = 16",
                9, "secret must be the derived key, Base64 of 16 octets, since there is a salt"
            ),
            (scram, 5, "kdf is missing; method \"scram\" needs it"),
            (scram + "kdf = \"argon2id13\"", 5, "memory is missing; \"argon2id13\" needs it"),
            (
                scram + "kdf = \"pbkdf2\"\nmemory = 8", 14, "memory has no meaning with \"pbkdf2\""
            ),
            (
                scram.replacing("AAAA", with: "AAA") + "kdf = \"pbkdf2\"", 9,
                "salt must be Base64 for method \"scram\""
            ),
            (
                scram.replacing("server_key = \"", with: "server_key = \"0") + "kdf = \"pbkdf2\"",
                12,
                "server_key is not shown; expected 32 octets, as 64 hexadecimal digits or as Base64"
            ),
        ] {
            let files = ["/s": "x"]
            #expect(
                problems(lines, files: files) == ["c.toml:\(line): realm.principal.\(message)"],
                "\(lines)")
        }
        #expect(problems(scram + "kdf = \"pbkdf2\"").isEmpty)
    }

    @Test("one authid may have several methods, but a key has one owner")
    func several() {
        let key = "method = \"cryptosign\"\npublic_keys = [\"\(Self.key)\", \"\(Self.key)\"]\n"
        let ticket = "method = \"ticket\"\nsecret = \"a\"\n"
        func more(_ authID: String) -> String {
            "[[realm.principal]]\nauthid = \"\(authID)\"\nrole = \"user\"\n"
        }
        #expect(problems(key + more("p") + ticket).isEmpty)
        #expect(
            problems(key + more("q") + key) == [
                "c.toml:14: realm.principal.public_keys has a key that another principal has, too"
            ])
    }
}
