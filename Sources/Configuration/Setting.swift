// Setting — one key of a section: its name, its place in a struct, its format and what it means.
//
// A section is a plain struct whose initial values are the defaults, and a list of settings beside
// it. Loading, checking, listing and documenting all read the same list, so they cannot disagree.

/// One key, for values that live in `Root`.
package struct Setting<Root: Sendable>: Sendable {
    package let key: String
    /// What it does and, at a limit, what happens there. Sentences.
    package let summary: String
    package let expectation: String
    /// Never shown, and also accepted from a file (`key_file`).
    package let isSecret: Bool

    /// Stores a value of a file; `false` when it is not what is expected.
    package let assign: @Sendable (inout Root, RawValue) -> Bool
    /// Stores the text of an environment variable or flag.
    package let assignWord: @Sendable (inout Root, String) -> Bool
    /// The value as TOML.
    package let literal: @Sendable (Root) -> String
    /// Whether there is a value; secrets and optional settings can lack one.
    package let isSet: @Sendable (Root) -> Bool
    /// Whether the value is the same in both.
    package let isSame: @Sendable (Root, Root) -> Bool

    package init<Value>(
        _ key: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ format: Format<Value>,
        _ summary: String
    ) {
        self.init(
            key, format, summary, set: { $0[keyPath: path] = $1 },
            literal: { format.write($0[keyPath: path]) }, isSet: { _ in true })
    }

    /// A setting that is there or not, without a word for "not".
    package init<Value>(
        optional key: String, _ path: any WritableKeyPath<Root, Value?> & Sendable,
        _ format: Format<Value>, _ summary: String
    ) {
        self.init(
            key, format, summary, set: { $0[keyPath: path] = $1 },
            literal: { $0[keyPath: path].map(format.write) ?? "\"\"" },
            isSet: { $0[keyPath: path] != nil })
    }

    private init<Value>(
        _ key: String, _ format: Format<Value>, _ summary: String,
        set: @escaping @Sendable (inout Root, Value) -> Void,
        literal: @escaping @Sendable (Root) -> String, isSet: @escaping @Sendable (Root) -> Bool
    ) {
        self.key = key
        self.summary = summary
        expectation = format.expectation
        isSecret = false
        assign = { root, raw in
            guard let value = format.read(raw) else { return false }
            set(&root, value)
            return true
        }
        assignWord = { root, word in
            guard let value = format.parse(word) else { return false }
            set(&root, value)
            return true
        }
        self.literal = literal
        self.isSet = isSet
        isSame = { literal($0) == literal($1) }
    }

    /// A secret: `key` holds it, or `key_file` names the file that does.
    package init(
        secret key: String, _ path: any WritableKeyPath<Root, Secret?> & Sendable,
        format: Format<Secret?> = .secret, _ summary: String
    ) {
        self.key = key
        self.summary = summary
        expectation = format.expectation
        isSecret = true
        assign = { root, raw in
            guard let value = format.read(raw) else { return false }
            root[keyPath: path] = value
            return true
        }
        assignWord = { root, word in
            guard let value = format.parse(word) else { return false }
            root[keyPath: path] = value
            return true
        }
        literal = { format.write($0[keyPath: path]) }
        isSet = { $0[keyPath: path] != nil }
        isSame = { $0[keyPath: path] == $1[keyPath: path] }
    }

    private init<Inner>(
        _ inner: Setting<Inner>, in path: any WritableKeyPath<Root, Inner> & Sendable
    ) {
        key = inner.key
        summary = inner.summary
        expectation = inner.expectation
        isSecret = inner.isSecret
        assign = { inner.assign(&$0[keyPath: path], $1) }
        assignWord = { inner.assignWord(&$0[keyPath: path], $1) }
        literal = { inner.literal($0[keyPath: path]) }
        isSet = { inner.isSet($0[keyPath: path]) }
        isSame = { inner.isSame($0[keyPath: path], $1[keyPath: path]) }
    }

    /// The same setting, for a value around `Root`.
    package func nested<Outer>(
        in path: any WritableKeyPath<Outer, Root> & Sendable
    ) -> Setting<Outer> {
        Setting<Outer>(self, in: path)
    }
}

/// What a section's struct tells about itself.
package protocol SectionDescription: Sendable {
    /// The section's name in the file: letters only, so that `CARILLON_SECTION_KEY` can be split.
    static var name: String { get }
    /// What the section is about. Sentences.
    static var summary: String { get }
    /// Its keys, in the order in which a file lists them.
    static var settings: [Setting<Self>] { get }
    /// Left out of listings unless something in it is set; for tests.
    static var isHidden: Bool { get }
}

extension SectionDescription {
    package static var isHidden: Bool { false }
}

/// A section as a part of `Root`.
package struct Section<Root: Sendable>: Sendable {
    package let name: String
    package let summary: String
    package let isHidden: Bool
    package let settings: [Setting<Root>]

    package init<Part: SectionDescription>(_ path: any WritableKeyPath<Root, Part> & Sendable) {
        name = Part.name
        summary = Part.summary
        isHidden = Part.isHidden
        settings = Part.settings.map { $0.nested(in: path) }
    }
}
