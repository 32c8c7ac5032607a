import Configuration
import Testing

@Suite("realms in a configuration")
struct RealmTests {
    private func load(
        _ text: String, environment: [String: String] = [:], files: [String: String] = [:]
    ) throws(ConfigurationProblems) -> EffectiveConfiguration {
        let input = ConfigurationInput(file: ("c.toml", text), environment: environment)
        return try Configuration.load(input) { path throws(UnreadableFile) in
            guard let text = files[path] else {
                throw UnreadableFile(reason: "No such file or directory")
            }
            return text
        }
    }

    private func problems(
        _ text: String, environment: [String: String] = [:], files: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try load(text, environment: environment, files: files)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    private let shop = """
        [server]
        realm = "shop"

        [[realm]]
        name = "shop"
        strict_uris = true
        anonymous_role = "guest"
        meta_api = false
        retained_events = 5
        retained_size = "1KiB"

        [[realm.role]]
        name = "guest"

        [[realm.role.rule]]
        uri = "com.shop."
        match = "prefix"
        allow = ["subscribe"]
        disclose = "never"

        [[realm.role]]
        name = "clerk"

        [[realm.role.rule]]
        uri = ""
        match = "prefix"
        allow = ["call", "register", "publish", "subscribe"]
        disclose = "always"
        take_over = true

        [[realm.role.rule]]
        uri = "com.shop..price"
        match = "wildcard"
        allow = []

        [[realm.principal]]
        authid = "peter"
        role = "clerk"
        method = "wampcra"
        secret = "prq7+YkJ1/KlW1X0YczMH8E8z7oCXX/N/ixnRmOLK48="
        salt = "salt123"
        iterations = 100

        [[realm.history]]
        uri = "com.shop.news"
        limit = 3
        size = 4096

        [[realm]]
        name = "com.example.other"
        """

    @Test("a realm has roles with rules, principals and histories, nested as the file nests them")
    func nested() throws {
        let loaded = try load(shop)
        let realms = loaded.values.realms
        #expect(realms.map(\.name) == ["shop", "com.example.other"])
        let realm = realms[0]
        #expect(realm.strictURIs && !realm.metaAPI)
        #expect(realm.anonymousRole == "guest")
        #expect(realm.retainedEvents == 5 && realm.retainedSize == 1024)
        #expect(realm.roles.map(\.name) == ["guest", "clerk"])
        #expect(realm.roles.map(\.rules.count) == [1, 2])
        let rules = realm.roles.flatMap(\.rules)
        #expect(rules.map(\.uri) == ["com.shop.", "", "com.shop..price"])
        #expect(rules.map(\.match) == [.prefix, .prefix, .wildcard])
        #expect(rules.map(\.allow) == [[.subscribe], Configuration.Realm.Rule.Action.allCases, []])
        #expect(rules.map(\.disclose) == [.never, .always, .onRequest])
        #expect(rules.map(\.takeOver) == [false, true, false])
        #expect(realm.histories.map(\.limit) == [3] && realm.histories.map(\.size) == [4096])
        #expect(realm.histories[0].match == .exact)
        let principal = realm.principals[0]
        #expect(principal.authID == "peter" && principal.role == "clerk")
        guard case .wampCRA(let secret, let salt?) = principal.credential else {
            Issue.record("no credential")
            return
        }
        #expect(secret.text == "prq7+YkJ1/KlW1X0YczMH8E8z7oCXX/N/ixnRmOLK48=")
        #expect(salt.text == "salt123" && salt.iterations == 100 && salt.keyLength == 32)
        #expect(realms[1].roles.isEmpty && realms[1].anonymousRole == nil && realms[1].metaAPI)
        #expect(realms[1].retainedEvents == 10_000 && realms[1].retainedSize == 64 << 20)
        #expect(loaded.sources["realm.0.role.1.rule.1.allow"] == .file(name: "c.toml", line: 34))
        #expect(loaded.sources["realm.1.name"] == .file(name: "c.toml", line: 50))
        #expect(
            loaded.values.warnings == [
                "nobody can join realm \"com.example.other\": it has neither an anonymous_role nor "
                    + "a principal"
            ])
    }

    @Test("a file that is cut anywhere is a message or a configuration, never a trap")
    func cuts() throws {
        let octets = Array(shop.utf8)
        for end in octets.indices {
            let cut = String(decoding: octets[..<end], as: UTF8.self)
            do throws(ConfigurationProblems) {
                let realms = try load(cut).values.declaredRealms
                #expect(realms.flatMap(\.principals).allSatisfy { $0.credential != nil })
            } catch {
                #expect(!error.problems.isEmpty)
            }
        }
    }

    @Test("the same in inline tables is the same")
    func inline() throws {
        let text = """
            realm = [
              { name = "a", anonymous_role = "x", role = [
                  { name = "x", rule = [{ uri = "b", allow = ["call"] }, { uri = "c", allow = [] }] },
              ] },
            ]
            """
        let realm = try load(text).values.realms[0]
        #expect(realm.roles[0].rules.map(\.uri) == ["b", "c"])
        #expect(
            problems("realm = [{ name = 5 }, 3]") == [
                "c.toml:1: realm.name is 5; expected a URI such as \"realm1\" or "
                    + "\"com.example.shop\"",
                "c.toml:1: realm has 3; expected tables only",
            ])
    }

    @Test("all mistakes in tables are told at once, each with its line")
    func mistakes() {
        let told = problems(
            """
            [wamp]
            pahts = ["/"]
            [[realm]]
            nmae = "a"
            anonymous_role = 7

            [[realm.role]]
            name = "x"
            permissions = []

            [[realm.role.rule]]
            match = "regex"
            allow = ["call", "fly"]
            secret = "s"

            [[realm.roles]]
            name = "y"

            [[realm.principal]]
            authid = ""
            method = "password"
            secret_fil = "/k"

            [limits]
            header_count = 0
            """)
        #expect(
            told == [
                "c.toml:2: no setting wamp.pahts; did you mean wamp.paths?",
                "c.toml:3: realm.name is missing; expected a URI such as \"realm1\" or "
                    + "\"com.example.shop\"",
                "c.toml:4: no setting realm.nmae; did you mean realm.name?",
                "c.toml:5: realm.anonymous_role is 7; expected text of 1 to 255 octets without "
                    + "control characters",
                "c.toml:9: no setting realm.role.permissions; there are name, [[realm.role.rule]]",
                "c.toml:11: realm.role.rule.uri is missing; expected a URI, or the part of one that "
                    + "\"match\" says; \"\" with \"prefix\" is every URI",
                "c.toml:12: realm.role.rule.match is \"regex\"; expected one of \"exact\", "
                    + "\"prefix\", \"wildcard\"",
                "c.toml:13: realm.role.rule.allow is [\"call\", \"fly\"]; expected a list of up to "
                    + "1000, each one of \"call\", \"register\", \"publish\", \"subscribe\"",
                "c.toml:14: no setting realm.role.rule.secret; there are uri, match, allow, "
                    + "disclose, take_over",
                "c.toml:16: no setting realm.roles; did you mean [[realm.role]]?",
                "c.toml:19: realm.principal.role is missing; expected text of 1 to 255 octets "
                    + "without control characters",
                "c.toml:20: realm.principal.authid is \"\"; expected text of 1 to 255 octets "
                    + "without control characters",
                "c.toml:21: realm.principal.method is \"password\"; expected one of \"ticket\", "
                    + "\"wampcra\", \"scram\", \"cryptosign\"",
                "c.toml:22: no setting realm.principal.secret_fil; did you mean "
                    + "realm.principal.secret_file?",
                "c.toml:25: limits.header_count is 0; expected a whole number from 1 to 10000",
            ])
        for (text, message) in [
            (
                "[realm]\nname = \"a\"",
                "c.toml:1: realm stands once, as [realm]; expected [[realm]]"
            ),
            (
                "[[realm.role]]\nname = \"a\"",
                "c.toml:1: realm stands once, as [realm]; expected [[realm]]"
            ),
            ("realm = \"a\"", "c.toml:1: realm is \"a\"; expected a table [[realm]]"),
            ("[[realms]]", "c.toml:1: no table [[realms]]; did you mean [[realm]]?"),
            ("[relm]", "c.toml:1: no table [[relm]]; did you mean [[realm]]?"),
        ] {
            #expect(problems(text) == [message])
        }
    }

    @Test("what contradicts itself is told with the line of one of both")
    func relations() {
        let roles = "[[realm.role]]\nname = \"user\"\n[[realm.role]]\nname = \"admin\"\n"
        let start = "[[realm]]\nname = \"a\"\n"
        for (text, message) in [
            (start + "[[realm]]\nname = \"a\"", "c.toml:4: realm.name is given twice"),
            (
                start + roles + "[[realm.role]]\nname = \"user\"",
                "c.toml:8: realm.role.name is given twice"
            ),
            (
                start + "anonymous_role = \"usr\"\n" + roles,
                "c.toml:3: realm.anonymous_role is \"usr\", and no [[realm.role]] has that name; "
                    + "did you mean \"user\"?"
            ),
            (
                start + roles + ticket("p", role: "nobody"),
                "c.toml:9: realm.principal.role is \"nobody\", and no [[realm.role]] has that name"
            ),
            (
                start + roles + ticket("p") + ticket("q") + ticket("p"),
                "c.toml:18: realm.principal.authid is given twice with the same \"method\""
            ),
            (
                start + roles + rule("x") + "match = \"prefix\"\n" + rule("x") + rule("x"),
                "c.toml:15: realm.role.rule.uri is given twice with the same \"match\"; one rule "
                    + "says all about it"
            ),
            (
                start + "[[realm.history]]\nuri = \"x\"\n[[realm.history]]\nuri = \"x\"\n",
                "c.toml:6: realm.history.uri is given twice with the same \"match\""
            ),
            (
                start + roles + rule("com.*"),
                "c.toml:8: realm.role.rule.uri is \"com.*\"; leave the \"*\" away and say match = "
                    + "\"prefix\""
            ),
            (
                start + roles + rule("com."),
                "c.toml:8: realm.role.rule.uri is \"com.\", which has an empty component; match = "
                    + "\"wildcard\" allows empty components, match = \"prefix\" an empty last one"
            ),
            (
                start + roles + rule("com..x") + "match = \"prefix\"",
                "c.toml:8: realm.role.rule.uri is \"com..x\", which has an empty component; match = "
                    + "\"wildcard\" allows empty components"
            ),
            (
                start + "strict_uris = true\n" + roles + rule("a.b") + rule("a.B"),
                "c.toml:12: realm.role.rule.uri has components that strict_uris does not allow"
            ),
            (
                start + "[wamp]\nrawsocket_listen = [\"127.0.0.1:1\", \"127.0.0.1:8000\"]",
                "c.toml:4: wamp.rawsocket_listen has 127.0.0.1:8000, the same address as "
                    + "server.listen"
            ),
            (
                start + "[wamp]\nrawsocket_listen = [\"unix:/a\", \"unix:/a\"]",
                "c.toml:4: wamp.rawsocket_listen has unix:/a, the same address as another of them"
            ),
        ] {
            #expect(problems(text) == [message], "\(text)")
        }
        #expect(problems(start + roles + ticket("p")).isEmpty)
        #expect(problems("[wamp]\nrawsocket_listen = [\"127.0.0.1:0\", \"127.0.0.1:0\"]").isEmpty)
    }

    private func ticket(_ authID: String, role: String = "user") -> String {
        "[[realm.principal]]\nauthid = \"\(authID)\"\nrole = \"\(role)\"\nmethod = \"ticket\"\n"
            + "secret = \"s\"\n"
    }

    private func rule(_ uri: String) -> String {
        "[[realm.role.rule]]\nuri = \"\(uri)\"\nallow = [\"call\"]\n"
    }

    @Test("without a realm there is one, open while only this machine can connect")
    func standard() throws {
        let realm = try load("").values.realms[0]
        #expect(realm == .open(named: "realm1"))
        #expect(realm.anonymousRole == "anonymous" && realm.roles.count == 1)
        #expect(realm.roles[0].rules[0].allow == [.call, .register, .publish, .subscribe])
        #expect(try load("").values.warnings.isEmpty)
        #expect(try load("[server]\nrealm = \"x\"").values.realms.map(\.name) == ["x"])

        for text in [
            "[server]\nlisten = \"0.0.0.0:8000\"",
            "[wamp]\nrawsocket_listen = [\"unix:/run/a\", \"0.0.0.0:8000\"]",
        ] {
            let loaded = try load(text)
            #expect(loaded.values.realms.map(\.anonymousRole) == [nil])
            #expect(
                loaded.values.warnings == [
                    "nobody can join by WAMP: 0.0.0.0:8000 is not loopback, and no [[realm]] says "
                        + "who may; declare one, with anonymous_role if everybody may"
                ])
            #expect(loaded.listing().hasPrefix("# Warning: nobody can join by WAMP: 0.0.0.0:8000"))
            // Who says that everybody may is believed.
            let declared = """

                [[realm]]
                name = "realm1"
                anonymous_role = "anonymous"
                [[realm.role]]
                name = "anonymous"
                """
            let open = try load(text + declared).values
            #expect(open.realms[0].anonymousRole == "anonymous" && open.warnings.isEmpty)
        }
        #expect(
            try load("[server]\nrealm = \"shp\"\n[[realm]]\nname = \"shop\"").values.warnings.last
                == "server.realm is \"shp\", and no [[realm]] has that name; did you mean "
                + "\"shop\"?")
        let local = "[wamp]\nrawsocket_listen = [\"unix:/run/a\", \"[::1]:81\"]"
        #expect(try load(local).values.realms[0].anonymousRole != nil)
        // Where WAMP is not served nobody needs to be told.
        let without = try load("[server]\nlisten = \"0.0.0.0:1\"\n[wamp]\npaths = []").values
        #expect(!without.wamp.isServed && without.warnings.isEmpty)
    }

    @Test("the listing has the realms in effect, reads back the same and shows no secret")
    func listing() throws {
        let text = """
            [[realm]]
            name = "a"
            [[realm.role]]
            name = "user"
            [[realm.role.rule]]
            uri = ""
            match = "prefix"
            allow = []
            disclose = "on request"
            [[realm.role]]
            name = "other"
            [[realm.principal]]
            authid = "lamp"
            role = "user"
            method = "cryptosign"
            public_keys = ["03A107BFF3CE10BE1D70DD18E74BC09967E4D6309BA50D5F1DDC8664125531B8"]
            [[realm.history]]
            uri = "x"
            """
        let loaded = try load(text)
        #expect(try load(loaded.listing()).values.declaredRealms == loaded.values.declaredRealms)
        #expect(loaded.listing().contains("\nname = \"user\" # c.toml:4\n") == false)
        #expect(loaded.listing().contains("\nname = \"user\"  # c.toml:4\n"))
        let standard = try load("").listing()
        #expect(standard.contains("[[realm.role.rule]]\nuri = \"\""))
        #expect(try load(standard).values.realms == load("").values.realms)

        let secret = try load(shop).listing()
        #expect(secret.contains("# secret is set, not shown"))
        #expect(!secret.contains("prq7"))
        #expect(!"\(try load(shop).values)".contains("prq7"))
        var dumped = ""
        dump(try load(shop).values, to: &dumped)
        #expect(!dumped.contains("prq7"))
    }
}
