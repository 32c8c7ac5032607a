// PathExpressionError — where a text stops being an expression, in a sentence for people.

package struct PathExpressionError: Error, Equatable, CustomStringConvertible {
    package let text: String
    /// Characters in front of the place.
    package let position: Int
    /// What PCRE2 says.
    package let problem: String

    package var description: String {
        "the path expression '\(text)' is not valid at character \(position + 1): \(problem)"
    }
}
