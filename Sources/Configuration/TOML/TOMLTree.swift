// TOMLTree — the tables of a TOML text while it is read, and the rules for adding to them.
//
// TOML lets a table be mentioned in many places but defined in one. So each table remembers how it
// came to be, and each entry in which line.

/// One table.
internal final class TOMLTree {
    /// How a table came to be, which decides who may still add to it.
    enum Kind {
        /// Mentioned on the way to another one: `a` in `[a.b]`. A header may still define it.
        case implicit
        /// Has its header, or is the root.
        case defined
        /// Made by a dotted key: `a` in `a.b = 1`. Only more dotted keys add to it.
        case dotted
        /// Stands between braces, complete.
        case inline
    }

    enum Node {
        case value(RawValue)
        case table(TOMLTree)
        case tables([TOMLTree])
    }

    private var kind: Kind
    private var entries: [String: (line: Int, node: Node)] = [:]

    init(_ kind: Kind) { self.kind = kind }

    /// Nothing may be added any more.
    func seal() { kind = .inline }

    /// Finds or makes the table of the header `[path]` or, with `isElement`, `[[path]]`.
    func open(_ path: [String], line: Int, isElement: Bool) throws(TOMLDocument.Failure) -> TOMLTree
    {
        precondition(!path.isEmpty)
        var table = self
        for key in path.dropLast() {
            switch table.entries[key]?.node {
            case nil: table = table.add(.implicit, at: key, line: line)
            case .table(let inner) where inner.kind != .inline: table = inner
            case .tables(let elements): table = elements[elements.count - 1]  // never empty
            case .table, .value: throw Self.twice(key, line)
            }
        }
        let key = path[path.count - 1]
        switch (table.entries[key]?.node, isElement) {
        case (nil, false):
            return table.add(.defined, at: key, line: line)
        case (.table(let inner), false) where inner.kind == .implicit:
            inner.kind = .defined
            table.entries[key]?.line = line
            return inner
        case (nil, true):
            let element = TOMLTree(.defined)
            table.entries[key] = (line, .tables([element]))
            return element
        case (.tables(let elements), true):
            let element = TOMLTree(.defined)
            table.entries[key]?.node = .tables(elements + [element])
            return element
        default:
            throw Self.twice(key, line)
        }
    }

    /// Adds `path = value`.
    func insert(_ value: Node, at path: [String], line: Int) throws(TOMLDocument.Failure) {
        precondition(!path.isEmpty)
        var table = self
        for key in path.dropLast() {
            switch table.entries[key]?.node {
            case nil: table = table.add(.dotted, at: key, line: line)
            case .table(let inner) where inner.kind == .dotted: table = inner
            default: throw Self.twice(key, line)
            }
        }
        let key = path[path.count - 1]
        guard table.entries[key] == nil else { throw Self.twice(key, line) }
        table.entries[key] = (line, value)
    }

    /// The table as values. The reader bounds nesting, so this recursion is bounded.
    var values: [String: RawValue] {
        entries.mapValues { entry in
            switch entry.node {
            case .value(let value): value
            case .table(let table): .table(table.values)
            case .tables(let tables): .list(tables.map { .table($0.values) })
            }
        }
    }

    /// The line of the deepest part of `path` that exists.
    func line(of path: ArraySlice<String>) -> Int? {
        guard let key = path.first, let entry = entries[key] else { return nil }
        guard case .table(let table) = entry.node else { return entry.line }
        return table.line(of: path.dropFirst()) ?? entry.line
    }

    private func add(_ kind: Kind, at key: String, line: Int) -> TOMLTree {
        let table = TOMLTree(kind)
        entries[key] = (line, .table(table))
        return table
    }

    private static func twice(_ key: String, _ line: Int) -> TOMLDocument.Failure {
        TOMLDocument.Failure(line: line, message: "\(key) is defined twice")
    }
}
