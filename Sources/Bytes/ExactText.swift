// ExactText — a text that equals others by its octets and by nothing else.
//
// Swift takes two texts for equal that Unicode calls canonically equivalent (The Unicode Standard
// §3.7). To find that out, and to hash a text, it puts the marks that combine with one letter into
// an order, by insertion: a time that grows with the square of their number, minutes for a megabyte
// of them. So whoever chooses a text chooses that time. Nor do protocols mean it: their names are
// octets, and a second spelling of one is somebody else's name. What peers send is compared here.

/// A text as an element of a set or the key of a dictionary.
package struct ExactText: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.isExactly(right.text)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether both are the same octets of UTF-8.
    ///
    /// - Complexity: O(octets); O(1) where the sizes differ.
    package func isExactly(_ other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}
