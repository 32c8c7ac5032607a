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
        case tables(Elements)
    }

    /// The tables of one `[[name]]`, at least one. A class, so that adding one copies none.
    final class Elements {
        private(set) var tables: [(line: Int, table: TOMLTree)] = []

        /// Adds the table whose header stands in `line`.
        func add(line: Int) -> TOMLTree {
            let table = TOMLTree(.defined)
            tables.append((line, table))
            return table
        }

        var last: TOMLTree { tables[tables.count - 1].table }
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
            case .tables(let elements): table = elements.last
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
            let elements = Elements()
            table.entries[key] = (line, .tables(elements))
            return elements.add(line: line)
        case (.tables(let elements), true):
            return elements.add(line: line)
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
            case .tables(let elements): .list(elements.tables.map { .table($0.table.values) })
            }
        }
    }

    /// The line of the deepest part of `path` that exists. Behind the name of `[[name]]` stands
    /// which of its tables is meant, counted from 0.
    func line(of path: ArraySlice<String>) -> Int? {
        guard let key = path.first, let entry = entries[key] else { return nil }
        let rest = path.dropFirst()
        switch entry.node {
        case .value: return entry.line
        case .table(let table): return table.line(of: rest) ?? entry.line
        case .tables(let elements):
            guard let index = rest.first.flatMap({ Int($0) }),
                elements.tables.indices.contains(index)
            else { return entry.line }
            let element = elements.tables[index]
            return element.table.line(of: rest.dropFirst()) ?? element.line
        }
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
