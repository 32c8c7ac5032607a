// Identifiers — ids from 1 to 2^53 (reference §2.1), so that every float64 can hold them.
//
// Pure: randomness comes in as a word, and a counter is a value. Who owns the generator and who
// checks a session id against the live sessions is decided elsewhere.

/// Ids of the scopes of WAMP.
package enum Identifier {
    /// The largest id.
    package static let limit: UInt64 = 1 << 53

    /// An id of global scope out of a random word: uniform over 1 to 2^53 when the word is uniform.
    package static func random(_ word: UInt64) -> UInt64 { word >> 11 &+ 1 }
}

/// Ids of session scope: 1, 2, 3 and so on, and 1 again after 2^53.
package struct RequestCounter: Sendable {
    /// The id that was handed out last; 0 before the first.
    package private(set) var last: UInt64

    /// Begins behind `last`.
    package init(after last: UInt64 = 0) {
        precondition(last <= Identifier.limit)
        self.last = last
    }

    /// The next id.
    package mutating func next() -> UInt64 {
        last = last == Identifier.limit ? 1 : last &+ 1
        return last
    }
}
