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
        let lines = Configuration.defaultFile().split(separator: "\n").map { line -> Substring in
            guard line.hasPrefix("# "), let space = line.dropFirst(2).firstIndex(of: " "),
                line[space...].hasPrefix(" = "), !line.contains("key_file")
            else { return line }
            count += 1
            return line.dropFirst(2)
        }
        let loaded = try load(lines.joined(separator: "\n"))
        #expect(literals(loaded.values) == literals(Configuration()))
        let visible = Configuration.sections.filter { !$0.isHidden }.flatMap(\.settings)
        #expect(count == visible.count(where: { !$0.isSecret }))
        #expect(loaded.sources.count == count)
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
