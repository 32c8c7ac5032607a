import Configuration
import Testing

@Suite("realms in a configuration")
struct RealmTests {
    func load(
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

    func problems(
        _ text: String, environment: [String: String] = [:], files: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try load(text, environment: environment, files: files)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    let shop = """
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
