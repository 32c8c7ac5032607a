// StrictPage — a parser of Prometheus' text format that forgives nothing, for tests.
//
// It accepts what the format demands of a page that only we write: HELP before TYPE before
// samples, each family once and in one piece, names and labels well formed, escapes known.

struct StrictPage {
    struct Sample: Hashable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Family {
        var type: String
        var help: String
        var samples: [Sample] = []
    }

    struct Failure: Error { var line: Int, reason: String }

    private(set) var families: [String: Family] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Failure(line: 0, reason: "no last line feed") }
        var current: String?
        var help: (name: String, text: String)?
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        for (index, line) in lines.enumerated() {
            func failure(_ reason: String) -> Failure { Failure(line: index + 1, reason: reason) }
            if line.hasPrefix("# HELP ") {
                let parts = line.dropFirst(7).split(separator: " ", maxSplits: 1)
                guard parts.count == 2, Self.isName(parts[0]) else { throw failure("HELP") }
                guard families[String(parts[0])] == nil else { throw failure("family again") }
                help = (String(parts[0]), String(parts[1]))
            } else if line.hasPrefix("# TYPE ") {
                let parts = line.dropFirst(7).split(separator: " ")
                guard parts.count == 2, let given = help, given.name == parts[0] else {
                    throw failure("TYPE without its HELP")
                }
                guard ["counter", "gauge", "histogram"].contains(parts[1]) else {
                    throw failure("type")
                }
                families[given.name] = Family(type: String(parts[1]), help: given.text)
                (current, help) = (given.name, nil)
            } else {
                guard let family = current, help == nil else { throw failure("no family") }
                guard let sample = Self.sample(line) else { throw failure("sample: \(line)") }
                let isHistogram = families[family]?.type == "histogram"
                let suffixes = isHistogram ? ["_bucket", "_sum", "_count"] : [""]
                guard suffixes.contains(where: { sample.name == family + $0 }) else {
                    throw failure("\(sample.name) stands in \(family)")
                }
                guard
                    !families[family, default: Family(type: "", help: "")].samples.contains(where: {
                        $0.name == sample.name && $0.labels == sample.labels
                    })
                else { throw failure("sample again") }
                families[family]?.samples.append(sample)
            }
        }
    }

    /// The value of the only sample of that name with exactly these labels.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        for family in families.values {
            for sample in family.samples where sample.name == name && sample.labels == labels {
                return sample.value
            }
        }
        return nil
    }

    private static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0)
                || $0 == 0x5F || $0 == 0x3A
        }
    }

    private static func sample(_ line: Substring) -> Sample? {
        var rest = line
        let name = rest.prefix { $0 != "{" && $0 != " " }
        guard isName(name) else { return nil }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = rest.prefix { $0 != "=" }
                guard isName(label) else { return nil }
                rest = rest.dropFirst(label.count)
                guard rest.hasPrefix("=\"") else { return nil }
                rest = rest.dropFirst(2)
                var value = ""
                while let character = rest.first, character != "\"" {
                    rest = rest.dropFirst()
                    if character != "\\" {
                        value.append(character)
                        continue
                    }
                    switch rest.first {
                    case "\\": value.append("\\")
                    case "n": value.append("\n")
                    case "\"": value.append("\"")
                    default: return nil
                    }
                    rest = rest.dropFirst()
                }
                guard rest.first == "\"", labels.updateValue(value, forKey: String(label)) == nil
                else { return nil }
                rest = rest.dropFirst()
                if rest.first == "," {
                    rest = rest.dropFirst()
                    guard rest.first != "}" else { return nil }
                } else if rest.first != "}" {
                    return nil
                }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " " else { return nil }
        rest = rest.dropFirst()
        guard !rest.contains(" "), let value = Double(rest) else { return nil }
        return Sample(name: String(name), labels: labels, value: value)
    }
}
