import Bytes
import Configuration
import Testing

@Suite("loading a configuration")
struct LoadingTests {
    private func load(
        _ text: String? = nil, environment: [String: String] = [:],
        flags: [ConfigurationInput.Flag] = [], files: [String: String] = [:]
    ) throws(ConfigurationProblems) -> EffectiveConfiguration {
        let input = ConfigurationInput(
            file: text.map { ("c.toml", $0) }, environment: environment, flags: flags)
        return try Configuration.load(input) { path throws(UnreadableFile) in
            guard let text = files[path] else {
                throw UnreadableFile(reason: "No such file or directory")
            }
            return text
        }
    }

    private func problems(
        _ text: String? = nil, environment: [String: String] = [:], files: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try load(text, environment: environment, files: files)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("nothing given, everything has its default")
    func defaults() throws {
        let loaded = try load()
        #expect(loaded.sources.isEmpty)
        #expect(loaded.values.server.listen == ListenAddress("127.0.0.1:8000"))
        #expect(loaded.values.server.control == ListenAddress("127.0.0.1:9000"))
        #expect(loaded.values.limits.messageSize == 1_048_576)
        #expect(loaded.values.limits.sendQueueSize == 1_048_576)
        #expect(loaded.values.drain.spread == .seconds(30))
        #expect(loaded.values.api.key == nil)
        #expect(loaded.values.openapi.path == "/stream")
    }

    @Test("flags go before the environment, the environment before the file")
    func layers() throws {
        let loaded = try load(
            """
            [server]
            listen = "[::1]:1"
            cores = 1
            realm = "file"
            echo = "/e"
            """,
            environment: [
                "CARILLON_SERVER_CORES": "2", "CARILLON_SERVER_REALM": "environment",
                "HOME": "/", "CARILLON_CONFIG": "c.toml",
            ],
            flags: [.init("--realm", key: "server.realm", value: "flag")])
        let server = loaded.values.server
        #expect(server.listen == ListenAddress("[::1]:1"))
        #expect(server.cores == 2)
        #expect(server.realm == "flag")
        #expect(server.echo == "/e")
        #expect(loaded.sources["server.listen"] == .file(name: "c.toml", line: 2))
        #expect(loaded.sources["server.cores"] == .environment("CARILLON_SERVER_CORES"))
        #expect(loaded.sources["server.realm"] == .flag("--realm"))
        #expect(loaded.sources["server.control"] == nil)
    }

    @Test("all mistakes of a file are told at once, each with its line")
    func allMistakes() {
        let told = problems(
            """
            loose = 1
            listen = "127.0.0.1:1"
            drain = 3

            [server]
            lisen = "127.0.0.1:8000"
            cores = "many"
            echo = 5
            message_size = 1

            [limts]
            x = 1

            [limits]
            frames_per_turn = 0
            process_send_queue_share = "200%"
            handshake_time = "ten"

            [openapi]
            channels = "upper"
            methods = ["subscribe", "nothing"]

            [wholly_unknown]
            """)
        #expect(
            told == [
                "c.toml:1: loose stands in no section",
                "c.toml:2: listen stands in no section; did you mean [server] listen?",
                "c.toml:3: drain is 3; expected a section [drain]",
                "c.toml:6: no setting server.lisen; did you mean server.listen?",
                "c.toml:7: server.cores is \"many\"; expected a whole number from 0 to 64",
                "c.toml:8: server.echo is 5; expected a path such as \"/stream\", or \"off\"",
                "c.toml:9: no setting server.message_size; did you mean limits.message_size?",
                "c.toml:11: no section [limts]; did you mean [limits]?",
                "c.toml:15: limits.frames_per_turn is 0; expected a whole number from 1 to 65536",
                "c.toml:16: limits.process_send_queue_share is \"200%\"; expected a share from 1% "
                    + "to 90%, such as \"25%\" or 0.25",
                "c.toml:17: limits.handshake_time is \"ten\"; expected a duration from 1ms to 1d, "
                    + "such as \"10s\", \"250ms\" or a number of seconds",
                "c.toml:20: openapi.channels is \"upper\"; expected one of \"any\", \"lowercase\"",
                "c.toml:21: openapi.methods is [\"subscribe\", \"nothing\"]; expected a list of up "
                    + "to 1000, each one of \"subscribe\", \"unsubscribe\", \"publish\", "
                    + "\"server_info\", \"info\", \"echo\"",
                "c.toml:23: no section [wholly_unknown]; the sections are server, limits, drain, "
                    + "api, openapi, wamp, hightemplar, rohrpost, shampoo, websocket, log, engine, "
                    + "[[realm]], [[route]], [[endpoint]], [[backend]], [[procedure]], "
                    + "[[rabbitmq]], [[redis]]",
            ])
    }

    @Test("a file that is no TOML is one problem with a line")
    func syntax() {
        let told = problems("[server]\ncores = = 2\n")
        #expect(told.count == 1)
        #expect(told[0].hasPrefix("c.toml:2: "))
    }

    @Test("unknown variables are problems, but not those Kubernetes makes")
    func environment() {
        let told = problems(environment: [
            "CARILLON_SERVER_LISTN": "127.0.0.1:1", "CARILLON_LIMIT_BODY_SIZE": "1",
            "CARILLON_LIMITS_BODY_SIZE": "none", "CARILLON_SERVICE_HOST": "10.0.0.1",
            "CARILLON_PORT": "tcp://10.0.0.1:8000", "CARILLON_PORT_8000_TCP_ADDR": "10.0.0.1",
            "CARILLON_SERVICE_PORT_WEB": "8000", "CARILLONNE": "", "CARILLON_X": "",
            "CARILLON_REALM_NAME": "a",
        ])
        #expect(
            told == [
                "environment CARILLON_LIMITS_BODY_SIZE: limits.body_size is \"none\"; expected a "
                    + "size from 1 to 1GiB, such as 4096 or \"64KiB\"",
                "environment CARILLON_LIMIT_BODY_SIZE: no such setting; did you mean "
                    + "CARILLON_LIMITS_BODY_SIZE?",
                "environment CARILLON_REALM_NAME: no such setting; [[realm]] stands in the file "
                    + "only",
                "environment CARILLON_SERVER_LISTN: no setting server.listn; did you mean "
                    + "server.listen?",
                "environment CARILLON_X: no such setting",
            ])
        let absent = try? load(environment: ["CARILLON_TESTING_ABSENT": "all,direct-descriptors"])
        #expect(absent?.values.testing.absent == ["all", "direct-descriptors"])
    }

    @Test("a secret comes as text or from a file, and is never shown")
    func secrets() throws {
        #expect(try load("[api]\nkey = \"k1\"").values.api.key?.text == "k1")
        let files = ["/run/key": "from file\r\n", "/run/empty": "\n", "/run/two": "a\nb\n"]
        let fromFile = try load("[api]\nkey_file = \"/run/key\"", files: files)
        #expect(fromFile.values.api.key?.text == "from file")
        let fromEnvironment = try load(
            "[api]\nkey = \"k1\"", environment: ["CARILLON_API_KEY_FILE": "/run/key"], files: files)
        #expect(fromEnvironment.values.api.key?.text == "from file")
        #expect(fromEnvironment.sources["api.key"] == .environment("CARILLON_API_KEY_FILE"))
        #expect("\(fromFile.values)".contains("from file") == false)
        #expect(fromFile.listing().contains("from file") == false)
        #expect(fromFile.listing().contains("# key is set, not shown"))

        let told = problems("[api]\nkey = \"k1\"\nkey_file = \"/run/key\"", files: files)
        #expect(told == ["c.toml:3: api.key is given twice: as itself and as api.key_file"])
        #expect(
            problems("[api]\nkey_file = \"/no\"", files: files) == [
                "c.toml:2: api.key_file: \"/no\" cannot be read: No such file or directory"
            ])
        for path in ["/run/empty", "/run/two"] {
            #expect(
                problems("[api]\nkey_file = \"\(path)\"", files: files) == [
                    "c.toml:2: api.key_file: the content of \"\(path)\" must be text that is not "
                        + "empty, on one line"
                ])
        }
        #expect(
            problems("[api]\nkey = 17") == [
                "c.toml:2: api.key is not shown; expected text that is not empty, on one line"
            ])
        #expect(problems(environment: ["CARILLON_API_KEY": ""]).count == 1)
        #expect(
            problems("[api]\nkey_fil = 17") == [
                "c.toml:2: no setting api.key_fil; did you mean api.key_file?"
            ])
    }

    @Test("settings that contradict each other are told with the line of one")
    func relations() {
        #expect(
            problems("[limits]\nheader_line_size = \"32KiB\"\n") == [
                "c.toml:2: limits.header_line_size is larger than limits.headers_size; no larger "
                    + "line fits"
            ])
        for text in [
            "[limits]\nheader_line_size = 9000\nheaders_size = 8000",
            "[limits]\nmessage_burst = 5",
            "[drain]\ndeadline = 1",
            "[server]\ncontrol = \"127.0.0.1:8000\"",
        ] {
            #expect(problems(text).count == 1, "\(text)")
        }
        #expect(problems("[server]\nlisten = \"127.0.0.1:0\"\ncontrol = \"127.0.0.1:0\"").isEmpty)
    }

    @Test("origins are compared by scheme, host and port")
    func origins() throws {
        let loaded = try load(
            """
            [websocket]
            origins = ["HTTPS://Example.com:443", "http://a.example:8080", "http://[::1]:80"]
            """)
        #expect(
            loaded.values.websocket.origins == [
                "https://example.com", "http://a.example:8080", "http://[::1]",
            ])
        for origin in ["", "*", "null", "example.com", "https://", "https://a/", "https://u@a"] {
            #expect(problems("[websocket]\norigins = [\"\(origin)\"]").count == 1, "\(origin)")
        }
    }

    private static let recordKeys = [
        Configuration.Realm.settings.map(\.key), Configuration.Realm.Role.settings.map(\.key),
        Configuration.Realm.Rule.settings.map(\.key),
        Configuration.Realm.Principal.settings.flatMap {
            $0.isSecret ? [$0.key, $0.key + "_file", $0.key + "_env"] : [$0.key]
        },
        Configuration.Realm.History.settings.map(\.key),
    ]

    @Test("no file and no word stops the process")
    func hostile() {
        let pieces = [
            "[server]\n", "[limits]\n", "listen", "cores", " = ", "=", "\"", "9223372036854775807",
            "-9223372036854775808", "9e999", "nan", "inf", "\n", "[", "]", "{", "}", "'''",
            "\\u0000",
            "message_size", "handshake_time", "1979-05-27", "true", ",", "#", "\u{0}", "0x7f", "\\",
            " ", "\r\n",
            ".", "#", "é", "\u{A0}", "\u{FEFF}", "_", "-", "+", "1", "e", "T", ":", "\"\"\"", "\t",
            "\"9e99 MiB\"", "[[realm]]\n", "[[realm.role]]\n", "[[realm.role.rule]]\n",
            "[[realm.principal]]\n", "[[", "]]", "realm", "name = \"a\"\n", "uri", "secret_file",
            "salt", "[\"call\"]", "{ name = \"a\" }", "method = \"scram\"\n",
        ]
        var numbers = SplitMix64(seed: 7)
        func next(_ bound: Int) -> Int { .random(in: 0..<bound, using: &numbers) }
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<next(14) { text += pieces[next(pieces.count)] }
            _ = problems(text)
        }
        let tables = ["realm", "realm.role", "realm.role.rule", "realm.principal", "realm.history"]
        for (keys, table) in zip(Self.recordKeys, tables) {
            for key in keys + ["role", "rule", "0"] {
                for value in [
                    "-9223372036854775808", "9223372036854775807", "nan", "[[[]]]", "{}", "\"\"",
                    "[{}]", "[\"\"]", "\"\\u0000\"", "\".\"", "\"=\"", "false", "\"scram\"",
                ] {
                    _ = problems("[[realm]]\n[[\(table)]]\n\(key) = \(value)")
                }
            }
        }
        for section in Configuration.sections {
            for setting in section.settings {
                let name = EnvironmentNames.variable(section: section.name, key: setting.key)
                for word in [
                    "", "-1", "9223372036854775807", "99999999999999999999", "nan", "1e400", "%",
                    "9e99GiB", "[", ",,,", "\u{0}",
                ] {
                    _ = problems(environment: [name: word])
                }
                for value in [
                    "-9223372036854775808", "9223372036854775807", "nan", "-inf", "1e308", "[[[]]]",
                    "{}", "\"\"", "07:32:00", "false",
                ] {
                    _ = problems("[\(section.name)]\n\(setting.key) = \(value)")
                }
            }
        }
    }
}
