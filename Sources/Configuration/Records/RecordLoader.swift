// RecordLoader — from the tables of a file to records, with every mistake and its line.
//
// Records come from the file alone: the environment has no names for the third rule of the second
// role. What is secret can still live elsewhere, in a file (`secret_file`) or in a variable of any
// name (`secret_env`).

/// Reads the records of one file.
internal struct RecordLoader {
    typealias ReadFile = (String) throws(UnreadableFile) -> String

    let document: TOMLDocument
    let fileName: String
    let environment: [String: String]

    var problems: [ConfigurationProblem] = []
    /// By `realm.0.role.1.name`.
    var sources: [String: ValueSource] = [:]
    /// Variables that hold secrets; they may begin like ours and are no settings.
    var secretVariables: Set<String> = []

    init(_ document: TOMLDocument, named fileName: String, environment: [String: String]) {
        self.document = document
        self.fileName = fileName
        self.environment = environment
    }

    // MARK: Tables

    /// Reads all records of one kind; those that are wrong are in `problems`.
    mutating func load<Record: RecordDescription>(
        _ kind: Record.Type, _ raw: RawValue, at path: [String], _ readFile: ReadFile
    ) -> [Record] {
        let label = RecordPath.label(path)
        guard case .list(let elements) = raw else {
            if case .table = raw {
                complain(path, "\(label) stands once, as [\(label)]; expected [[\(label)]]")
            } else {
                complain(path, "\(label) is \(raw.description); expected a table [[\(label)]]")
            }
            return []
        }
        var records: [Record] = []
        for (index, element) in elements.enumerated() {
            let place = path + [String(index)]
            if case .table(let table) = element {
                records.append(record(table, at: place, readFile))
            } else {
                complain(place, "\(label) has \(element.description); expected tables only")
            }
        }
        return records
    }

    private mutating func record<Record: RecordDescription>(
        _ table: [String: RawValue], at path: [String], _ readFile: ReadFile
    ) -> Record {
        var record = Record()
        // The keys that are there, each with the spelling that the file has.
        var given: [String: String] = [:]
        let problemCount = problems.count
        for (key, _, value) in document.ordered(table, under: path) {
            let place = path + [key]
            if let part = Record.parts.first(where: { $0.name == key }) {
                part.load(&record, value, place, &self, readFile)
            } else if let (setting, origin) = find(key, in: Record.settings) {
                if let earlier = given.updateValue(key, forKey: setting.key) {
                    complain(
                        place,
                        "\(RecordPath.label(path + [setting.key])) is given twice: as \(earlier) "
                            + "and as \(key)")
                    continue
                }
                switch origin {
                case .value: store(value, in: setting, of: &record, at: place)
                case .file, .variable:
                    storeSecret(value, origin, in: setting, of: &record, at: place, readFile)
                }
            } else {
                complain(place, unknownKey(key, of: Record.self, at: path))
            }
        }
        for key in Record.required where given[key] == nil {
            let expectation = Record.settings.first { $0.key == key }?.expectation ?? "it"
            complain(
                path, "\(RecordPath.label(path + [key])) is missing; expected \(expectation)")
        }
        // What contradicts itself is told when nothing simpler is wrong.
        guard problems.count == problemCount else { return record }
        for fault in record.faults(given: Set(given.keys)) {
            var place = path + fault.path
            if fault.path.count == 1, let spelling = given[fault.path[0]] {
                place[path.count] = spelling
            }
            complain(place, "\(RecordPath.label(path + fault.path)) \(fault.message)")
        }
        return record
    }

    // MARK: Values

    /// Where a key says that its value is.
    private enum Origin { case value, file, variable }

    private func find<Record>(
        _ key: String, in settings: [Setting<Record>]
    ) -> (Setting<Record>, Origin)? {
        for setting in settings {
            if setting.key == key { return (setting, .value) }
            guard setting.isSecret else { continue }
            if setting.key + "_file" == key { return (setting, .file) }
            if setting.key + "_env" == key { return (setting, .variable) }
        }
        return nil
    }

    private mutating func store<Record>(
        _ value: RawValue, in setting: Setting<Record>, of record: inout Record, at path: [String]
    ) {
        guard setting.assign(&record, value) else {
            let shown = setting.isSecret ? "not shown" : value.description
            complain(
                path, "\(RecordPath.label(path)) is \(shown); expected \(setting.expectation)")
            return
        }
        sources[RecordPath.key(path)] = source(path)
    }

    private mutating func storeSecret<Record>(
        _ value: RawValue, _ origin: Origin, in setting: Setting<Record>,
        of record: inout Record, at path: [String], _ readFile: ReadFile
    ) {
        let label = RecordPath.label(path)
        guard case .text(let place) = value else {
            let expected = origin == .file ? "a file's path" : "the name of a variable"
            complain(path, "\(label) is \(value.description); expected \(expected)")
            return
        }
        let what: String
        let text: String
        if origin == .file {
            what = "the content of \(TOMLText.quoted(place))"
            do {
                text = Secret.withoutLineEnd(try readFile(place))
            } catch {
                complain(
                    path, "\(label): \(TOMLText.quoted(place)) cannot be read: \(error.reason)")
                return
            }
        } else {
            what = "the variable \(place)"
            secretVariables.insert(place)
            guard let word = environment[place] else {
                complain(path, "\(label): the variable \(TOMLText.quoted(place)) is not set")
                return
            }
            text = word
        }
        guard setting.assignWord(&record, text) else {
            complain(path, "\(label): \(what) must be \(setting.expectation)")
            return
        }
        sources[RecordPath.key(path.dropLast() + [setting.key])] = source(path)
    }

    // MARK: Messages

    private func source(_ path: [String]) -> ValueSource {
        .file(name: fileName, line: document.line(of: path))
    }

    private mutating func complain(_ path: [String], _ message: String) {
        problems.append(ConfigurationProblem(source(path), message))
    }

    private func unknownKey<Record: RecordDescription>(
        _ key: String, of kind: Record.Type, at path: [String]
    ) -> String {
        let label = RecordPath.label(path)
        let keys = Record.settings.flatMap {
            $0.isSecret ? [$0.key, $0.key + "_file", $0.key + "_env"] : [$0.key]
        }
        let parts = Record.parts.map(\.name)
        let start = "no setting \(label).\(key)"
        guard let closest = Suggestion.closest(to: key, among: keys + parts) else {
            let known = keys + parts.map { "[[\(label).\($0)]]" }
            return "\(start); there are " + known.joined(separator: ", ")
        }
        return parts.contains(closest)
            ? "\(start); did you mean [[\(label).\(closest)]]?"
            : "\(start); did you mean \(label).\(closest)?"
    }
}

extension TOMLDocument {
    /// The entries of the table at `path` in the order of the file; tables have none of their own.
    internal func ordered(
        _ table: [String: RawValue], under path: [String]
    ) -> [(key: String, line: Int?, value: RawValue)] {
        table.map { (key: $0.key, line: line(of: path + [$0.key]), value: $0.value) }
            .sorted { ($0.line ?? 0, $0.key) < ($1.line ?? 0, $1.key) }
    }
}
