// Loading — defaults, then the file, then the environment, then flags.
//
// A later layer replaces what an earlier one says, key by key. Nothing here touches the file
// system: the caller brings the texts, and a closure that reads the files of secrets.

/// What a configuration is made of, beside its defaults.
package struct ConfigurationInput: Sendable {
    /// A word for one setting, from the command line.
    package struct Flag: Sendable {
        /// The flag as the user wrote it, for messages: `--listen`.
        package let name: String
        /// The setting: `server.listen`.
        package let key: String
        package let value: String

        package init(_ name: String, key: String, value: String) {
            self.name = name
            self.key = key
            self.value = value
        }
    }

    /// A file's name, for messages, and its text.
    package var file: (name: String, text: String)?
    /// The process's environment; only `CARILLON_…` is looked at.
    package var environment: [String: String] = [:]
    package var flags: [Flag] = []

    package init(
        file: (name: String, text: String)? = nil, environment: [String: String] = [:],
        flags: [Flag] = []
    ) {
        self.file = file
        self.environment = environment
        self.flags = flags
    }
}

/// A configuration that is complete and valid, and where each value of it came from.
package struct EffectiveConfiguration: Sendable {
    package let values: Configuration
    /// By `section.key`, or by `realm.0.role.1.name` in tables that stand several times; a key
    /// that is missing has its default.
    package let sources: [String: ValueSource]
}

/// A secret's file could not be read; the text says why ("No such file or directory").
package struct UnreadableFile: Error, Equatable {
    package let reason: String
    package init(reason: String) { self.reason = reason }
}

extension Configuration {
    /// Puts the layers together and checks the result.
    ///
    /// - Parameter readFile: Reads the file a `key_file` names; called once for each.
    /// - Throws: Everything that is wrong, layer by layer and line by line.
    package static func load(
        _ input: ConfigurationInput,
        readFile: (String) throws(UnreadableFile) -> String = { _ throws(UnreadableFile) in
            throw UnreadableFile(reason: "files cannot be read here")
        }
    ) throws(ConfigurationProblems) -> EffectiveConfiguration {
        var loader = Loader()
        if let file = input.file {
            loader.load(file: file.text, named: file.name, input.environment, readFile)
        }
        loader.load(environment: input.environment, readFile)
        for flag in input.flags {
            let path = flag.key.split(separator: ".", maxSplits: 1).map(String.init)
            precondition(path.count == 2)  // Flags are ours, so their keys exist.
            loader.assign(
                .word(flag.value), section: path[0], key: path[1], .flag(flag.name), readFile)
        }
        if loader.problems.isEmpty { loader.checkRelations() }
        if !loader.problems.isEmpty { throw ConfigurationProblems(problems: loader.problems) }
        return EffectiveConfiguration(values: loader.values, sources: loader.sources)
    }
}

/// A value on its way in: typed in a file, a word elsewhere.
private enum Given {
    case raw(RawValue)
    case word(String)

    var description: String {
        switch self {
        case .raw(let raw): raw.description
        case .word(let word): RawValue.text(word).description
        }
    }
}

private struct Loader {
    typealias ReadFile = RecordLoader.ReadFile

    var values = Configuration()
    var sources: [String: ValueSource] = [:]
    var problems: [ConfigurationProblem] = []
    /// Variables that the file names for secrets; they need not be settings.
    var secretVariables: Set<String> = []

    // MARK: The layers

    mutating func load(
        file text: String, named name: String, _ environment: [String: String],
        _ readFile: ReadFile
    ) {
        let document: TOMLDocument
        do {
            document = try TOMLDocument(text)
        } catch {
            problems.append(.init(.file(name: name, line: error.line), error.message))
            return
        }
        var records = RecordLoader(document, named: name, environment: environment)
        defer {
            problems = inOrder(problems + records.problems)
            sources.merge(records.sources) { _, new in new }
            secretVariables = records.secretVariables
        }
        for (section, line, value) in document.ordered(document.root, under: []) {
            let source = ValueSource.file(name: name, line: line)
            if let part = Configuration.records.first(where: { $0.name == section }) {
                part.load(&values, value, [section], &records, readFile)
                continue
            }
            guard Configuration.sections.contains(where: { $0.name == section }) else {
                problems.append(.init(source, unknownSection(section, value)))
                continue
            }
            guard case .table(let table) = value else {
                problems.append(
                    .init(
                        source,
                        "\(section) is \(value.description); expected a section [\(section)]"))
                continue
            }
            for (key, line, value) in document.ordered(table, under: [section]) {
                let source = ValueSource.file(name: name, line: line)
                assign(.raw(value), section: section, key: key, source, readFile)
            }
        }
    }

    /// A file's problems in the order of its lines.
    private func inOrder(_ problems: [ConfigurationProblem]) -> [ConfigurationProblem] {
        func line(_ problem: ConfigurationProblem) -> Int {
            if case .file(_, let line?) = problem.source { line } else { 0 }
        }
        return problems.enumerated()
            .sorted { (line($0.element), $0.offset) < (line($1.element), $1.offset) }
            .map(\.element)
    }

    mutating func load(environment: [String: String], _ readFile: ReadFile) {
        for (variable, word) in environment.sorted(by: { $0.key < $1.key }) {
            guard EnvironmentNames.isOurs(variable), !secretVariables.contains(variable) else {
                continue
            }
            let source = ValueSource.environment(variable)
            guard let (section, key) = EnvironmentNames.split(variable) else {
                let names = EnvironmentNames.all
                let closest = Suggestion.closest(to: variable, among: names)
                let record = Configuration.records.first {
                    variable.hasPrefix(EnvironmentNames.variable(section: $0.name, key: ""))
                }
                let hint = record.map { "; [[\($0.name)]] stands in the file only" }
                problems.append(
                    .init(source, "no such setting" + (hint ?? suggestion(closest))))
                continue
            }
            assign(.word(word), section: section, key: key, source, readFile)
        }
    }

    mutating func checkRelations() {
        for relation in values.brokenRelations {
            let source = sources[relation.key] ?? .standard
            let path = relation.key.split(separator: ".").map(String.init)
            problems.append(.init(source, "\(RecordPath.label(path)) \(relation.message)"))
        }
    }

    // MARK: One value

    mutating func assign(
        _ given: Given, section name: String, key: String, _ source: ValueSource,
        _ readFile: ReadFile
    ) {
        let section = Configuration.sections.first { $0.name == name }
        if let setting = section?.settings.first(where: { $0.key == key }) {
            store(given, in: setting, section: name, source)
        } else if let setting = section?.settings.first(where: {
            $0.isSecret && $0.key + "_file" == key
        }) {
            storeSecret(fileNamed: given, in: setting, section: name, source, readFile)
        } else {
            problems.append(.init(source, unknownKey(key, in: name)))
        }
    }

    private mutating func store(
        _ given: Given, in setting: Setting<Configuration>, section: String, _ source: ValueSource
    ) {
        let key = "\(section).\(setting.key)"
        if refusesTwice(key, setting, source) { return }
        let isAccepted =
            switch given {
            case .raw(let raw): setting.assign(&values, raw)
            case .word(let word): setting.assignWord(&values, word)
            }
        guard isAccepted else {
            let shown = setting.isSecret ? "not shown" : given.description
            problems.append(.init(source, "\(key) is \(shown); expected \(setting.expectation)"))
            return
        }
        sources[key] = source
    }

    private mutating func storeSecret(
        fileNamed given: Given, in setting: Setting<Configuration>, section: String,
        _ source: ValueSource, _ readFile: ReadFile
    ) {
        let key = "\(section).\(setting.key)_file"
        if refusesTwice("\(section).\(setting.key)", setting, source) { return }
        let path: String
        switch given {
        case .raw(.text(let text)), .word(let text): path = text
        case .raw(let other):
            problems.append(.init(source, "\(key) is \(other.description); expected a file's path"))
            return
        }
        do {
            let text = Secret.withoutLineEnd(try readFile(path))
            let before = problems.count
            store(.word(text), in: setting, section: section, source)
            if problems.count > before {
                let what = "the content of \(TOMLText.quoted(path))"
                problems[before] = .init(source, "\(key): \(what) must be \(setting.expectation)")
            }
        } catch {
            problems.append(
                .init(source, "\(key): \(TOMLText.quoted(path)) cannot be read: \(error.reason)"))
        }
    }

    /// Complains when one layer gives a secret both as itself and as a file.
    private mutating func refusesTwice(
        _ key: String, _ setting: Setting<Configuration>, _ source: ValueSource
    ) -> Bool {
        guard setting.isSecret, isSameLayer(sources[key], source) else { return false }
        problems.append(.init(source, "\(key) is given twice: as itself and as \(key)_file"))
        return true
    }

    private func isSameLayer(_ first: ValueSource?, _ second: ValueSource) -> Bool {
        switch (first, second) {
        case (.file, .file), (.environment, .environment), (.flag, .flag): true
        default: false
        }
    }

    // MARK: Names nobody knows

    private func unknownSection(_ name: String, _ value: RawValue) -> String {
        let sections = Configuration.sections.filter { !$0.isHidden }
        let records = Configuration.records.map(\.name)
        if let closest = Suggestion.closest(to: name, among: records) {
            return "no table [[\(name)]]" + suggestion("[[\(closest)]]")
        }
        guard case .table = value else {
            let owner = sections.first { $0.settings.contains { $0.key == name } }
            return "\(name) stands in no section" + suggestion(owner.map { "[\($0.name)] \(name)" })
        }
        let closest = Suggestion.closest(to: name, among: sections.map(\.name))
        let known = (sections.map(\.name) + records.map { "[[\($0)]]" }).joined(separator: ", ")
        return "no section [\(name)]"
            + (closest.map { suggestion("[\($0)]") } ?? "; the sections are \(known)")
    }

    private func unknownKey(_ key: String, in name: String) -> String {
        let section = Configuration.sections.first { $0.name == name }
        let keys = (section?.settings ?? []).flatMap {
            $0.isSecret ? [$0.key, $0.key + "_file"] : [$0.key]
        }
        if let closest = Suggestion.closest(to: key, among: keys) {
            return "no setting \(name).\(key)" + suggestion("\(name).\(closest)")
        }
        let owner = Configuration.sections.first {
            !$0.isHidden && $0.settings.contains { $0.key == key }
        }
        return "no setting \(name).\(key)" + suggestion(owner.map { "\($0.name).\(key)" })
    }

    private func suggestion(_ name: String?) -> String {
        name.map { "; did you mean \($0)?" } ?? ""
    }
}
