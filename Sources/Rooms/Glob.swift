// Glob — the event pattern language of openapi-ws (its specification, §4.1).
//
//     *       any sequence, possibly empty, not across a line feed
//     ?       exactly one character that is not a line feed
//     [a-z]   one character of the set; [^…] one that is not in it
//     \x      the character x
//     else    itself, `.` too
//
// A pattern is compiled once, when somebody subscribes; matching allocates nothing and takes time
// bounded by the size of the text. Two globs are equal when their texts are: unsubscribing
// compares what the subscriber wrote, not what it means.

internal import Bytes

/// What can be wrong with a glob. openapi-ws answers `Invalid pattern` to each of them.
package enum GlobError: Error, Equatable {
    case tooLong(limit: Int)  // octets
    case tooManyWildcards(limit: Int)  // `*`, as written
    case unclosedSet  // `[` without its `]`
    case reversedRange  // `[z-a]`
    case danglingEscape  // `\` at the end
}

/// A compiled glob and its text.
package struct Glob: Hashable, Sendable {
    /// Octets of a pattern.
    package static let sizeLimit = 255
    /// `*` in one pattern.
    package static let wildcardLimit = 8

    /// The pattern as written.
    package let text: [UInt8]
    private let program: GlobProgram

    /// Compiles `text`.
    package init(text: [UInt8]) throws(GlobError) {
        program = try GlobProgram(compiling: text)
        self.text = text
    }

    /// Compiles `text`.
    package init(text: String) throws(GlobError) { try self.init(text: Array(text.utf8)) }

    /// `*`: everything without a line feed.
    package static let any: Glob = try! Glob(text: [0x2A])

    /// Whether the whole of `octets` matches. O(size of the text), no allocation.
    package func matches(_ octets: RawSpan) -> Bool { program.matches(octets) }

    /// Whether the empty text matches, known since compilation.
    package var matchesEmpty: Bool { program.matchesEmpty }

    package static func == (left: Glob, right: Glob) -> Bool { left.text == right.text }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
