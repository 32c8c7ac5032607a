// TOMLDocument — a configuration file as plain values with the lines they stand in.
//
// TOML 1.0.0 (https://toml.io/en/v1.0.0), read by hand because every value's line is wanted and
// because no text may stop the process; see the module's notes for the library this replaced.
// Dates are recognised but not read: no setting takes one.

/// A parsed file.
package struct TOMLDocument {
    /// Why a text is not TOML, with the line of the first mistake.
    package struct Failure: Error, Equatable {
        package let line: Int
        package let message: String
    }

    /// The most octets of a file.
    package static let sizeLimit = 1_048_576

    package let root: [String: RawValue]
    private let tree: TOMLTree

    package init(_ text: String) throws(Failure) {
        guard text.utf8.count <= Self.sizeLimit else {
            throw Failure(line: 1, message: "larger than \(SizeText.text(Self.sizeLimit))")
        }
        var reader = TOMLReader(text)
        tree = try reader.document()
        root = tree.values
    }

    /// The line of a key or, when that is unknown, of what surrounds it. The second `[[realm]]`'s
    /// first `[[realm.role]]` is `["realm", "1", "role", "0"]`.
    package func line(of path: [String]) -> Int? { tree.line(of: path[...]) }
}
