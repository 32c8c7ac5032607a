// Record — a table that may stand several times: `[[realm]]`, and `[[realm.role]]` inside it.
//
// Like a section, a record is a plain struct whose initial values are the defaults, with a list of
// settings beside it that loading, listing and the default file all read. Other than a section it
// may lack what must be given, and it has parts: records of another kind that stand inside it.

/// What a record's struct tells about itself.
package protocol RecordDescription: Sendable, Equatable {
    /// Its name in the file, without that of the record around it: `role`.
    static var name: String { get }
    /// What one record stands for. Sentences.
    static var summary: String { get }
    /// Its keys, in the order in which a file lists them.
    static var settings: [Setting<Self>] { get }
    /// The keys that have no default.
    static var required: [String] { get }
    /// The records inside, in the order in which a file lists them.
    static var parts: [RecordPart<Self>] { get }

    /// A record as it is before the file says anything.
    init()

    /// What is wrong with a record of which every single value, and every part, is right.
    ///
    /// - Parameter given: The keys that the file has; a secret's without `_file` or `_env`.
    func faults(given: Set<String>) -> [RecordFault]
}

extension RecordDescription {
    package static var required: [String] { [] }
    package static var parts: [RecordPart<Self>] { [] }
    package func faults(given: Set<String>) -> [RecordFault] { [] }
}

/// A contradiction inside a record.
package struct RecordFault: Sendable, Equatable {
    /// The value a message points at, from the record inwards: `["role", "1", "name"]`.
    package let path: [String]
    /// What is said of it, after its name: "is given twice".
    package let message: String

    package init(_ path: [String], _ message: String) {
        self.path = path
        self.message = message
    }
}

/// The records of one kind, as a part of `Root`.
package struct RecordPart<Root: Sendable>: Sendable {
    package let name: String
    /// Reads what the file has under the part's name.
    internal let load:
        @Sendable (inout Root, RawValue, [String], inout RecordLoader, RecordLoader.ReadFile) ->
            Void
    /// Writes all records of the part.
    internal let write: @Sendable (Root, [String], inout RecordWriter) -> Void
    /// Whether all records of the part are the same in both.
    package let isSame: @Sendable (Root, Root) -> Bool

    package init<Element: RecordDescription>(
        _ place: any WritableKeyPath<Root, [Element]> & Sendable
    ) {
        name = Element.name
        load = { root, raw, path, loader, readFile in
            root[keyPath: place] = loader.load(Element.self, raw, at: path, readFile)
        }
        isSame = { $0[keyPath: place] == $1[keyPath: place] }
        write = { root, path, writer in writer.write(root[keyPath: place], at: path) }
    }
}

/// Where a value stands in a file: names, and behind that of a record which one it is, from 0.
internal enum RecordPath {
    /// The path as a message names it: `realm.role.name`, without the numbers.
    static func label(_ path: [String]) -> String {
        path.filter { Int($0) == nil }.joined(separator: ".")
    }

    /// The path as a key of ``EffectiveConfiguration/sources``: `realm.0.role.1.name`.
    static func key(_ path: [String]) -> String { path.joined(separator: ".") }
}
