// RecordWriter — records as TOML: those in effect, or examples for a file to begin with.
//
// Both forms can be read again (the examples once their "#" are gone) and mean the same. Secrets
// are named, but not shown.

internal struct RecordWriter {
    enum Form {
        /// Each value with its source.
        case listing([String: ValueSource])
        /// Commented out; each key is explained where it stands first.
        case example
    }

    let form: Form
    private(set) var text = ""
    /// Labels of what was explained.
    private var explained: Set<String> = []

    init(_ form: Form) { self.form = form }

    mutating func write<Record: RecordDescription>(_ records: [Record], at path: [String]) {
        for (index, record) in records.enumerated() {
            let place = path + [String(index)]
            switch form {
            case .listing(let sources): list(record, at: place, sources)
            case .example: explain(record, at: place)
            }
            for part in Record.parts { part.write(record, place + [part.name], &self) }
        }
    }

    private mutating func list<Record: RecordDescription>(
        _ record: Record, at path: [String], _ sources: [String: ValueSource]
    ) {
        var rows: [(text: String, note: String)] = []
        for setting in Record.settings where setting.isSet(record) {
            let source = sources[RecordPath.key(path + [setting.key])] ?? .standard
            let text =
                setting.isSecret
                ? "# \(setting.key) is set, not shown"
                : "\(setting.key) = \(setting.literal(record))"
            rows.append((text, source.description))
        }
        text += "\n[[\(RecordPath.label(path))]]\n" + ListingText.aligned(rows)
    }

    private mutating func explain<Record: RecordDescription>(_ record: Record, at path: [String]) {
        let label = RecordPath.label(path)
        let isFirst = explained.insert(label).inserted
        text += "\n" + (isFirst ? ListingText.comment(Record.summary) : "")
        text += "# [[\(label)]]\n"
        var wasExplained = false
        for setting in Record.settings where setting.isSet(record) {
            let isNew = explained.insert("\(label).\(setting.key)").inserted
            if isNew || wasExplained { text += "\n" }
            wasExplained = isNew
            if isNew {
                text += ListingText.comment(setting.summary)
                text += ListingText.comment("Expected: \(setting.expectation).")
            }
            text +=
                setting.isSecret
                ? "# \(setting.key)_file = \"/run/secrets/\(Record.name)-\(setting.key)\"\n"
                : "# \(setting.key) = \(setting.literal(record))\n"
        }
    }
}
