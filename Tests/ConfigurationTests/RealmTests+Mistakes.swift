// Realms in a configuration: what is wrong, told with its line.

import Configuration
import Testing

extension RealmTests {
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
}
