// RoomTemplate — from a channel or routing key to a room.
//
// Text in which names in braces stand for something of the message:
//
//     {channel}, {routing_key}   where it was sent to (two words for the same)
//     {1}, {2}, ...              what the first, second, ... wildcard of the pattern stood for
//     {channel:dotted}, ...      the same, its dots separating segments
//     {{, }}                     a brace
//
// The text around them is the text form of a room (Room+Text.swift): dots separate segments and
// `%` escapes. What is put in is one segment, or a part of one, whatever it contains, unless the
// template says `:dotted`: a publisher's word is never mistaken for structure.

package import Rooms

/// What can be wrong with a template.
package enum RoomTemplateError: Error, Equatable {
    case unclosedBrace
    case strayBrace
    /// In braces stands neither a name nor a number that exists.
    case unknownName(String)
    /// A `%` without two hexadecimal digits.
    case invalidEscape

    /// What is wrong, for whoever wrote it.
    package var sentence: String {
        switch self {
        case .unclosedBrace: "a \"{\" has no \"}\"; \"{{\" stands for itself"
        case .strayBrace: "a \"}\" has no \"{\"; \"}}\" stands for itself"
        case .unknownName(let name):
            "\"{\(name)}\" is neither {channel} nor {routing_key} nor the number of a wildcard, "
                + "such as {1}"
        case .invalidEscape: "\"%\" is followed by two hexadecimal digits"
        }
    }
}

/// A template for the names of rooms.
package struct RoomTemplate: Sendable, Equatable {
    private enum Source: Sendable, Equatable {
        case literal(String)
        case origin(isDotted: Bool)
        case capture(Int, isDotted: Bool)
    }

    /// As it was written.
    package let text: String
    /// The highest capture it names; a pattern must have as many wildcards.
    package let captureCount: Int
    private let sources: [Source]

    /// The same dotted name: channel `orders.filled` is room `orders.filled`.
    package static let standard = RoomTemplate(
        text: "{channel:dotted}", captureCount: 0, sources: [.origin(isDotted: true)])

    /// Most captures that can be named, as many as a room has segments.
    private static let captureLimit = Room.segmentLimit

    private init(text: String, captureCount: Int, sources: [Source]) {
        self.text = text
        self.captureCount = captureCount
        self.sources = sources
    }

    package init(_ text: String) throws(RoomTemplateError) {
        var sources: [Source] = []
        var captureCount = 0
        var literal = ""
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                literal.append(character)
                rest.removeFirst()
            case "}": throw .strayBrace
            case "{":
                guard let end = rest.firstIndex(of: "}") else { throw .unclosedBrace }
                if !literal.isEmpty { sources.append(.literal(literal)) }
                literal = ""
                let source = try Self.source(rest[..<end])
                if case .capture(let number, _) = source {
                    captureCount = max(captureCount, number)
                }
                sources.append(source)
                rest = rest[rest.index(after: end)...]
            case "%":
                let digits = rest.prefix(2)
                guard digits.count == 2, digits.allSatisfy({ $0.isASCII && $0.isHexDigit })
                else { throw .invalidEscape }
                literal.append(character)
            default: literal.append(character)
            }
        }
        if !literal.isEmpty { sources.append(.literal(literal)) }
        self.init(text: text, captureCount: captureCount, sources: sources)
    }

    private static func source(_ name: Substring) throws(RoomTemplateError) -> Source {
        let suffix = ":dotted"
        let isDotted = name.hasSuffix(suffix)
        let word = isDotted ? name.dropLast(suffix.count) : name
        if word == "channel" || word == "routing_key" { return .origin(isDotted: isDotted) }
        guard word.allSatisfy(\.isASCII), word.first != "+", let number = Int(word), number >= 1,
            number <= captureLimit
        else { throw .unknownName(String(name)) }
        return .capture(number, isDotted: isDotted)
    }

    /// The room of a message.
    ///
    /// - Returns: `nil` when the pattern that matched has fewer wildcards than the template names.
    /// - Throws: What is put in makes the room longer than a room may be.
    package func room(origin: [UInt8], captures: [[UInt8]]) throws(RoomError) -> Room? {
        var text = ""
        for source in sources {
            switch source {
            case .literal(let part): text += part
            case .origin(let isDotted): text += try Self.form(origin, isDotted)
            case .capture(let number, let isDotted):
                guard number <= captures.count else { return nil }
                text += try Self.form(captures[number - 1], isDotted)
            }
        }
        return try Room(text: text)
    }

    /// The text form of `part`, escaped where it would mean something.
    private static func form(_ part: [UInt8], _ isDotted: Bool) throws(RoomError) -> String {
        let octets = part.span
        let raw = unsafe octets.bytes
        if isDotted { return try Room(dotted: raw).text }
        var room = Room()
        try room.append(raw)
        return room.text
    }
}
