import Configuration
import Testing

@Suite("listing a configuration")
struct ListingTests {
    private func load(
        _ text: String, environment: [String: String] = [:]
    ) throws -> EffectiveConfiguration {
        try Configuration.load(.init(file: ("c.toml", text), environment: environment))
    }

    /// What a configuration says, setting by setting.
    private func literals(_ configuration: Configuration) -> [String] {
        Configuration.sections.flatMap { section in
            section.settings.map { "\(section.name).\($0.key) = \($0.literal(configuration))" }
        }
    }

    /// Every key of tables that may stand several times.
    private var recordKeys: [String] {
        let secrets = Configuration.Realm.Principal.settings.map {
            $0.isSecret ? $0.key + "_file" : $0.key
        }
        return Configuration.Realm.settings.map(\.key) + secrets
            + Configuration.Realm.Role.settings.map(\.key)
            + Configuration.Realm.Rule.settings.map(\.key)
            + Configuration.Realm.History.settings.map(\.key)
    }

    @Test("the default file is TOML that changes nothing")
    func defaultFile() throws {
        let loaded = try load(Configuration.defaultFile())
        #expect(loaded.sources.isEmpty)
        #expect(Configuration.defaultFile().hasSuffix("\n"))
        #expect(!Configuration.defaultFile().contains("[testing]"))
    }

    @Test("uncommented, the default file still says the defaults, and says all of them")
    func uncommented() throws {
        var count = 0
        let secrets = Configuration.sections.flatMap(\.settings).filter(\.isSecret).map(\.key)
        let lines = Configuration.defaultFile().split(separator: "\n").map { line -> Substring in
            if line.hasPrefix("# [["), line.hasSuffix("]]") { return line.dropFirst(2) }
            guard line.hasPrefix("# "), let space = line.dropFirst(2).firstIndex(of: " "),
                line[space...].hasPrefix(" = "),
                !secrets.contains(where: { line.hasPrefix("# \($0)_file") })
            else { return line }
            count += 1
            return line.dropFirst(2)
        }
        let input = ConfigurationInput(file: ("c.toml", lines.joined(separator: "\n")))
        let loaded = try Configuration.load(input) { path in
            switch path {
            case "/run/secrets/principal-secret": "prq7+YkJ1/KlW1X0YczMH8E8z7oCXX/N/ixnRmOLK48="
            default: String(repeating: "7", count: 64) + "\n"
            }
        }
        #expect(literals(loaded.values) == literals(Configuration()))
        let visible = Configuration.sections.filter { !$0.isHidden }.flatMap(\.settings)
        let sectionCount = visible.count(where: { !$0.isSecret })
        let recordSources = loaded.sources.keys.filter { $0.contains(".0.") }
        #expect(loaded.sources.count - recordSources.count == sectionCount)
        // The secrets of the example stand in files, which are in the sources, too.
        #expect(count == loaded.sources.count)
        let (given, standard) = (loaded.values.realms[0], Configuration().realms[0])
        #expect(loaded.values.realms.count == 1)
        #expect(given.name == standard.name && given.roles.first == standard.roles.first)
        #expect(given.anonymousRole == standard.anonymousRole && given.metaAPI == standard.metaAPI)
        #expect(given.retainedSize == standard.retainedSize)
        #expect(given.principals.map(\.method) == Configuration.Realm.Principal.Method.allCases)
        #expect(given.principals.allSatisfy { $0.credential != nil })
        for key in recordKeys {
            #expect(Configuration.defaultFile().contains("\n# \(key) = "), "\(key)")
        }
    }

    @Test("the listing names the source of each value and reads back the same")
    func listing() throws {
        let loaded = try load(
            "[server]\ncores = 2\n\n[limits]\nping_interval = 0.5\nmemory = \"1GiB\"",
            environment: [
                "CARILLON_SERVER_ECHO": "/echo", "CARILLON_TESTING_ABSENT": "all",
                "CARILLON_WEBSOCKET_ORIGINS": "https://a.example, https://b.example",
            ])
        let listing = loaded.listing()
        func line(_ start: String) -> Substring? {
            listing.split(separator: "\n").first { $0.hasPrefix(start) }
        }
        #expect(line("cores = 2 ")?.hasSuffix("# c.toml:2") == true)
        #expect(line("echo = \"/echo\" ")?.hasSuffix("# environment CARILLON_SERVER_ECHO") == true)
        #expect(line("listen = \"127.0.0.1:8000\" ")?.hasSuffix("# default") == true)
        #expect(line("ping_interval = \"500ms\"") != nil)
        #expect(line("absent = [\"all\"]") != nil)
        #expect(line("# key is not set") != nil)
        let again = try load(listing)
        #expect(literals(again.values) == literals(loaded.values))
        #expect(try !load("").listing().contains("[testing]"))
    }

    @Test("every setting of a realm says what it is")
    func recordDescriptions() {
        func check<Record: RecordDescription>(_ kind: Record.Type) {
            #expect(kind.summary.hasSuffix("."))
            for setting in kind.settings {
                #expect(setting.summary.hasSuffix("."), "\(setting.key)")
                #expect(!setting.expectation.isEmpty)
            }
            // Keys and parts share one table.
            let names = kind.settings.map(\.key) + kind.parts.map(\.name)
            #expect(Set(names).count == names.count)
            #expect(kind.required.allSatisfy { names.contains($0) })
        }
        check(Configuration.Realm.self)
        check(Configuration.Realm.Role.self)
        check(Configuration.Realm.Rule.self)
        check(Configuration.Realm.Principal.self)
        check(Configuration.Realm.History.self)
    }

    @Test("every setting has a summary, a valid default and a variable that names it alone")
    func descriptions() {
        var names: Set<String> = []
        for section in Configuration.sections {
            #expect(section.name.allSatisfy { ("a"..."z").contains($0) })
            #expect(section.summary.hasSuffix("."))
            for setting in section.settings {
                #expect(setting.summary.hasSuffix("."), "\(setting.key)")
                #expect(!setting.expectation.isEmpty)
                let variable = EnvironmentNames.variable(section: section.name, key: setting.key)
                #expect(names.insert(variable).inserted)
                #expect(EnvironmentNames.isOurs(variable))
                let split = EnvironmentNames.split(variable)
                #expect(split?.section == section.name && split?.key == setting.key)
            }
        }
    }
}
