// PathMatch — the named groups of one match, as octets of the path.

package struct PathMatch: Sendable, Equatable {
    /// In the order of their names; `nil` for a group that took no part. All are UTF-8.
    package let groups: [(name: String, text: [UInt8]?)]

    package init(groups: [(name: String, text: [UInt8]?)]) { self.groups = groups }

    /// The text of a group; `nil` when there is none of that name or it took no part.
    package subscript(name: String) -> [UInt8]? {
        groups.first { $0.name == name }?.text
    }

    package static func == (left: PathMatch, right: PathMatch) -> Bool {
        left.groups.elementsEqual(right.groups) { $0.name == $1.name && $0.text == $1.text }
    }
}
