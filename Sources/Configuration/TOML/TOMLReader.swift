// TOMLReader — from a TOML text to its tables: lines, keys and the values with an inside.
//
// Recursive descent with bounds on what nests. Every read compares with the end first; a mistake
// is thrown with its line. Strings and numbers are in their own files.

internal struct TOMLReader {
    typealias Failure = TOMLDocument.Failure

    /// Segments of one key, and values inside each other.
    private static let depthLimit = 16

    /// The text, without its byte order mark.
    let octets: [UInt8]
    var position = 0
    var line = 1

    init(_ text: String) {
        let octets = Array(text.utf8)
        self.octets = octets.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(octets.dropFirst(3)) : octets
    }

    /// Reads the whole text.
    mutating func document() throws(Failure) -> TOMLTree {
        let root = TOMLTree(.defined)
        var table = root
        while true {
            try skipBlank()
            guard let octet = current else { return root }
            if octet == 0x5B {
                table = try header(in: root)
            } else {
                try entry(in: table, depth: 0)
            }
            try endLine()
        }
    }

    // MARK: Lines

    private mutating func header(in root: TOMLTree) throws(Failure) -> TOMLTree {
        try expect(0x5B)
        let isElement = current == 0x5B
        if isElement { position += 1 }
        let start = line
        let path = try keyPath()
        try expect(0x5D)
        if isElement { try expect(0x5D) }
        return try root.open(path, line: start, isElement: isElement)
    }

    private mutating func entry(in table: TOMLTree, depth: Int) throws(Failure) {
        let start = line
        let path = try keyPath()
        try expect(0x3D)
        skipSpaces()
        try table.insert(try value(depth: depth), at: path, line: start)
    }

    /// Goes past spaces and a comment to the next line, which must be there or the end.
    private mutating func endLine() throws(Failure) {
        skipSpaces()
        try skipComment()
        if current == nil { return }
        guard try skipLineFeed() else { throw failure("the end of the line") }
    }

    /// Goes past spaces, empty lines and comments.
    private mutating func skipBlank() throws(Failure) {
        while true {
            skipSpaces()
            try skipComment()
            guard try skipLineFeed() else { return }
        }
    }

    private mutating func skipComment() throws(Failure) {
        guard current == 0x23 else { return }
        while let octet = current, octet != 0x0A {
            if octet == 0x0D, next == 0x0A { return }
            try refuseControl(octet)
            position += 1
        }
    }

    /// Goes past a line feed, alone or after a carriage return.
    mutating func skipLineFeed() throws(Failure) -> Bool {
        if current == 0x0D {
            guard next == 0x0A else { throw failure("a line feed after a carriage return") }
            position += 1
        }
        guard current == 0x0A else { return false }
        position += 1
        line += 1
        return true
    }

    mutating func skipSpaces() {
        while current == 0x20 || current == 0x09 { position += 1 }
    }

    // MARK: Keys

    /// Reads `a."b c".'d'` with the spaces around it.
    private mutating func keyPath() throws(Failure) -> [String] {
        var path: [String] = []
        while true {
            skipSpaces()
            guard path.count < Self.depthLimit else { throw failure("a shorter key") }
            path.append(try keySegment())
            skipSpaces()
            guard current == 0x2E else { return path }
            position += 1
        }
    }

    private mutating func keySegment() throws(Failure) -> String {
        if current == 0x22 || current == 0x27 { return try string(allowsLines: false) }
        let start = position
        while let octet = current, Self.isBareKey(octet) { position += 1 }
        guard position > start else { throw failure("a name") }
        return String(decoding: octets[start..<position], as: UTF8.self)
    }

    private static func isBareKey(_ octet: UInt8) -> Bool {
        (0x61...0x7A).contains(octet) || (0x41...0x5A).contains(octet)
            || (0x30...0x39).contains(octet) || octet == 0x2D || octet == 0x5F
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(Failure) -> TOMLTree.Node {
        guard depth < Self.depthLimit else { throw failure("fewer brackets inside each other") }
        switch current {
        case 0x22, 0x27: return .value(.text(try string(allowsLines: true)))
        case 0x5B: return .value(.list(try list(depth: depth)))
        case 0x7B: return .table(try inlineTable(depth: depth))
        default: return .value(try word())
        }
    }

    private mutating func list(depth: Int) throws(Failure) -> [RawValue] {
        try expect(0x5B)
        var elements: [RawValue] = []
        while true {
            try skipBlank()
            if current == 0x5D { break }
            switch try value(depth: depth + 1) {
            case .value(let value): elements.append(value)
            case .table(let table): elements.append(.table(table.values))
            case .tables: break  // only headers make these
            }
            try skipBlank()
            if current == 0x5D { break }
            try expect(0x2C)
        }
        try expect(0x5D)
        return elements
    }

    private mutating func inlineTable(depth: Int) throws(Failure) -> TOMLTree {
        try expect(0x7B)
        let table = TOMLTree(.defined)
        skipSpaces()
        if current != 0x7D {
            while true {
                try entry(in: table, depth: depth + 1)
                skipSpaces()
                if current == 0x7D { break }
                try expect(0x2C)
            }
        }
        try expect(0x7D)
        table.seal()
        return table
    }

    // MARK: Octets

    var current: UInt8? { position < octets.count ? octets[position] : nil }
    var next: UInt8? { position + 1 < octets.count ? octets[position + 1] : nil }

    mutating func expect(_ octet: UInt8) throws(Failure) {
        guard current == octet else {
            throw failure("\"\(Character(Unicode.Scalar(octet)))\"")
        }
        position += 1
    }

    /// Control characters stand nowhere in a TOML text but for tabs.
    func refuseControl(_ octet: UInt8) throws(Failure) {
        if octet < 0x20 && octet != 0x09 || octet == 0x7F {
            throw Failure(line: line, message: "a control character")
        }
    }

    /// What was expected here, and what stands here instead.
    func failure(_ expected: String) -> Failure {
        var end = Swift.min(position + 1, octets.count)
        while end < octets.count, octets[end] & 0xC0 == 0x80 { end += 1 }  // a whole character
        let found: String
        switch current {
        case nil: found = "the end of the file"
        case 0x0A, 0x0D: found = "the end of the line"
        default: found = TOMLText.quoted(String(decoding: octets[position..<end], as: UTF8.self))
        }
        return Failure(line: line, message: "expected \(expected), found \(found)")
    }
}
