// Format — how one kind of value is read from a file, read from a word, and written.
//
// A file has typed values; environment variables and flags have words. Each format knows both,
// says in half a sentence what it expects, and writes what it would read again.

/// How values of one kind look in a configuration.
package struct Format<Value: Sendable>: Sendable {
    /// What is accepted: "expected …" goes on with it.
    package let expectation: String
    /// Reads a value of a file; `nil` when it is of another kind or out of range.
    package let read: @Sendable (RawValue) -> Value?
    /// Reads the text of an environment variable or flag.
    package let parse: @Sendable (String) -> Value?
    /// Writes the value as TOML.
    package let write: @Sendable (Value) -> String

    package init(
        _ expectation: String, read: @escaping @Sendable (RawValue) -> Value?,
        parse: @escaping @Sendable (String) -> Value?,
        write: @escaping @Sendable (Value) -> String
    ) {
        self.expectation = expectation
        self.read = read
        self.parse = parse
        self.write = write
    }

    /// A format whose values are text in a file, too.
    package static func word(
        _ expectation: String, parse: @escaping @Sendable (String) -> Value?,
        write: @escaping @Sendable (Value) -> String
    ) -> Format {
        Format(
            expectation,
            read: { if case .text(let text) = $0 { parse(text) } else { nil } },
            parse: parse, write: { TOMLText.quoted(write($0)) })
    }
}

extension Format where Value == Bool {
    /// `true` or `false`; as a word also `1`, `0`, `on`, `off`, `yes`, `no`.
    package static var flag: Format {
        Format(
            "true or false",
            read: { if case .flag(let flag) = $0 { flag } else { nil } },
            parse: { word in
                switch word.lowercased() {
                case "true", "1", "on", "yes": true
                case "false", "0", "off", "no": false
                default: nil
                }
            },
            write: { String($0) })
    }
}

extension Format where Value == Int {
    /// A number of things, in `range`.
    package static func count(_ range: ClosedRange<Int>) -> Format {
        Format(
            "a whole number from \(range.lowerBound) to \(range.upperBound)",
            read: {
                if case .integer(let number) = $0, range.contains(number) { number } else { nil }
            },
            parse: { Int($0).flatMap { range.contains($0) ? $0 : nil } },
            write: { String($0) })
    }

    /// A number of things that must be a power of two.
    package static func powerOfTwo(_ range: ClosedRange<Int>) -> Format {
        let count = count(range)
        let isPower = { @Sendable (number: Int) in number > 0 && number & (number - 1) == 0 }
        return Format(
            "a power of two from \(range.lowerBound) to \(range.upperBound)",
            read: { count.read($0).flatMap { isPower($0) ? $0 : nil } },
            parse: { count.parse($0).flatMap { isPower($0) ? $0 : nil } },
            write: count.write)
    }
}

extension Format where Value == String {
    /// Text that satisfies `isValid`.
    package static func text(
        _ expectation: String, where isValid: @escaping @Sendable (String) -> Bool
    ) -> Format {
        word(expectation, parse: { isValid($0) ? $0 : nil }, write: { $0 })
    }

    /// The path of a route: absolute, without query, fragment, spaces or escapes.
    package static var path: Format {
        text("a path such as \"/stream\"", where: Self.isPath)
    }

    private static func isPath(_ text: String) -> Bool {
        let octets = text.utf8
        guard octets.first == 0x2F, octets.count <= 255 else { return false }
        return octets.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != 0x3F && $0 != 0x23 && $0 != 0x25
        }
    }

    /// A name of letters, digits, `.`, `-` and `_`.
    package static var name: Format {
        text("a name of up to 64 letters, digits, \".\", \"-\" and \"_\"") { text in
            !text.isEmpty && text.utf8.count <= 64
                && text.unicodeScalars.allSatisfy {
                    $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
                        || $0 == "." || $0 == "-" || $0 == "_"
                }
        }
    }
}

extension Format where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of the names of an enum.
    package static var choice: Format {
        let names = Value.allCases.map { TOMLText.quoted($0.rawValue) }
        return word(
            "one of " + names.joined(separator: ", "),
            parse: { Value(rawValue: $0) }, write: { $0.rawValue })
    }
}

extension Format {
    /// A value, or `off` ("" in older habits) for none.
    package static func optional<Wrapped>(_ format: Format<Wrapped>) -> Format
    where Value == Wrapped? {
        Format(
            format.expectation + ", or \"off\"",
            read: { raw in
                if case .text(let text) = raw, isOff(text) { return .some(nil) }
                return format.read(raw).map(Optional.some)
            },
            parse: { word in
                if isOff(word) { return .some(nil) }
                return format.parse(word).map(Optional.some)
            },
            write: { $0.map(format.write) ?? "\"off\"" })
    }

    /// A list; as a word its elements are separated by commas.
    package static func list<Element>(
        of format: Format<Element>, atMost limit: Int = 1000
    ) -> Format where Value == [Element] {
        Format(
            "a list of up to \(limit), each " + format.expectation,
            read: { raw in
                guard case .list(let elements) = raw, elements.count <= limit else { return nil }
                return allOrNone(elements.map(format.read))
            },
            parse: { word in
                let parts = word.split(separator: ",").map { format.parse(trimmed($0)) }
                return parts.count <= limit ? allOrNone(parts) : nil
            },
            write: { "[" + $0.map(format.write).joined(separator: ", ") + "]" })
    }
}

private func isOff(_ word: String) -> Bool { word.isEmpty || word == "off" }

private func allOrNone<Element>(_ elements: [Element?]) -> [Element]? {
    var result: [Element] = []
    for element in elements {
        guard let element else { return nil }
        result.append(element)
    }
    return result
}

private func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
}
