// Listing — a configuration as TOML: the one in effect, and one to begin with.
//
// What is written can be read again and means the same; secrets are named but not shown.

extension EffectiveConfiguration {
    /// The configuration in effect, as TOML, with the source of each value.
    package func listing() -> String {
        var parts: [String] = []
        if !values.warnings.isEmpty {
            parts.append(values.warnings.map { ListingText.comment("Warning: \($0)") }.joined())
        }
        for section in Configuration.sections {
            let isSet = section.settings.contains { sources["\(section.name).\($0.key)"] != nil }
            if section.isHidden && !isSet { continue }
            parts.append("[\(section.name)]\n" + lines(of: section))
        }
        var writer = RecordWriter(.listing(sources))
        writer.write(values.realms, at: [Configuration.Realm.name])
        for part in Configuration.records where part.name != Configuration.Realm.name {
            part.write(values, [part.name], &writer)
        }
        return parts.joined(separator: "\n") + writer.text
    }

    private func lines(of section: Section<Configuration>) -> String {
        let rows = section.settings.map { setting -> (text: String, note: String) in
            let source = sources["\(section.name).\(setting.key)"] ?? .standard
            if setting.isSecret {
                let state = setting.isSet(values) ? "is set, not shown" : "is not set"
                return ("# \(setting.key) \(state)", source.description)
            }
            return ("\(setting.key) = \(setting.literal(values))", source.description)
        }
        return ListingText.aligned(rows)
    }
}

/// Lines as a listing has them.
internal enum ListingText {
    /// Each text with its note as a comment; the comments stand below each other.
    static func aligned(_ rows: [(text: String, note: String)]) -> String {
        let width = Swift.min(48, rows.map(\.text.count).max() ?? 0)
        return rows.map { row in
            let space = String(repeating: " ", count: Swift.max(0, width - row.text.count))
            return "\(row.text)\(space)  # \(row.note)\n"
        }.joined()
    }

    /// `text` in comment lines of at most 90 characters.
    static func comment(_ text: String) -> String {
        var lines: [String] = []
        var line = "#"
        for word in text.split(separator: " ") {
            if line.count + 1 + word.count > 90 {
                lines.append(line)
                line = "#"
            }
            line += " " + word
        }
        lines.append(line)
        return lines.map { $0 + "\n" }.joined()
    }
}

extension Configuration {
    /// A file to begin with: every setting with its meaning and default, commented out.
    package static func defaultFile() -> String {
        let standard = Configuration()
        var text = """
            # carillon.toml — the configuration of the Carillon push server.
            #
            # Every setting stands here with its default. Take away the "#" in front of those you
            # change. The environment (CARILLON_SECTION_KEY) and flags go before this file.


            """
        for section in sections where !section.isHidden {
            text += ListingText.comment(section.summary) + "[\(section.name)]\n"
            for setting in section.settings {
                text += "\n" + ListingText.comment(setting.summary)
                if setting.isSecret {
                    text +=
                        "# \(setting.key)_file = \"/run/secrets/\(section.name)-\(setting.key)\"\n"
                } else {
                    text += ListingText.comment("Expected: \(setting.expectation).")
                    text += "# \(setting.key) = \(setting.literal(standard))\n"
                }
            }
            text += "\n\n"
        }
        var writer = RecordWriter(.example)
        writer.write([Realm.example], at: [Configuration.Realm.name])
        for part in records where part.name != Realm.name {
            part.write(.example, [part.name], &writer)
        }
        text.removeLast()
        text += writer.text
        while text.hasSuffix("\n\n") { text.removeLast() }
        return text
    }
}
