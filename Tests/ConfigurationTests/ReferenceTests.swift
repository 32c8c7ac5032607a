// Names that one table says and another one must have.

import Testing

@testable import Configuration

@Suite("references between tables")
struct ReferenceTests {
    private func problems(_ text: String) -> [String] {
        do throws(ConfigurationProblems) {
            _ = try Configuration.load(ConfigurationInput(file: (name: "c.toml", text: text)))
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("an example of every table is right, and its names exist")
    func example() {
        #expect(Configuration.example.brokenRelations.isEmpty)
    }

    @Test("a back end, realm or role that does not exist is told with its line")
    func missing() {
        let told = problems(
            """
            [[backend]]
            name = "shop"
            url = "http://127.0.0.1:8080/"

            [[procedure]]
            uri = "a.b"
            backend = "shp"

            [[route]]
            path = "/x"
            dialect = "rohrpost"
            realm = "nowhere"

            [[route]]
            path = "/y"
            dialect = "openapi"
            role = "nobody"
            """)
        #expect(
            told == [
                "c.toml:7: procedure.backend is \"shp\", and no [[backend]] has that name; did you "
                    + "mean \"shop\"?",
                "c.toml:12: route.realm is \"nowhere\", and no [[realm]] has that name",
                "c.toml:17: route.role is \"nobody\", and no [[realm.role]] of it has that name",
            ])
    }

    @Test("what is given twice is told")
    func twice() {
        let told = problems(
            """
            [[backend]]
            name = "shop"
            url = "http://127.0.0.1:8080/"
            [[backend]]
            name = "shop"
            url = "https://example.com"
            """)
        #expect(told == ["c.toml:5: backend.name is given twice"])
    }

    @Test("settings of another dialect have no meaning for a route")
    func routeOfAnother() {
        let told = problems(
            """
            [[route]]
            path = "/x"
            dialect = "rohrpost"
            api_url = "http://127.0.0.1/"
            """)
        #expect(told == ["c.toml:4: route.api_url has no meaning for rohrpost"])
    }

    @Test("header fields and their sources are read as they are written")
    func headers() {
        #expect(Configuration.HeaderField("X-Key:  a b")?.value == "a b")
        #expect(Configuration.HeaderField("X Key: a") == nil)
        #expect(Configuration.HeaderField("X-Key: a\r\nB: c") == nil)
        let source = Configuration.HeaderSource("X-Session-Token: query session_token")
        #expect(source?.kind == .query)
        #expect(source?.argument == "session_token")
        #expect(Configuration.HeaderSource("X-Session-Token: nowhere x") == nil)
    }

    @Test("a back end's URL has a host")
    func urls() {
        let format = Format<String>.baseURL
        for text in ["http://a/", "https://a.example:8080/api/"] {
            #expect(format.parse(text) == text)
        }
        for text in ["ftp://a/", "http:///x", "http://", "a", "http://a b/"] {
            #expect(format.parse(text) == nil)
        }
    }

    @Test("what may be a key is not listed")
    func keys() throws {
        let text = """
            [[backend]]
            name = "shop"
            url = "https://me:h@hush@example.com/api/"
            headers = ["X-Key: hush"]

            [hightemplar]
            api_url = "http://me:hush@127.0.0.1/"
            headers = ["X-Key: fixed hush", "X-Token: query token"]
            """
        let effective = try Configuration.load(
            ConfigurationInput(file: (name: "c.toml", text: text)))
        let listing = effective.listing()
        #expect(!listing.contains("hush"))
        for part in [
            "https://(secret)@example.com/api/", "X-Key: (secret)", "X-Key: fixed (secret)",
            "X-Token: query token",
        ] { #expect(listing.contains(part), "\(part)") }
        #expect(effective.values.backEnds.first?.url == "https://me:h@hush@example.com/api/")
    }
}
