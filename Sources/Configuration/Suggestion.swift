// Suggestion — "did you mean …?" for a name that nobody knows.
//
// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours,
// which is what fingers do. Suggests only what is close; a far guess helps less than none.

package enum Suggestion {
    /// The candidate closest to `name`, if any is close.
    package static func closest(to name: String, among candidates: [String]) -> String? {
        let limit = Swift.max(1, Swift.min(3, name.count / 3))
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(name, candidate)
            if distance <= limit, distance < best?.distance ?? Int.max {
                best = (candidate, distance)
            }
        }
        return best?.candidate
    }

    /// How many edits lie between two names. O(product of their sizes); names longer than 100
    /// characters count as far from everything.
    package static func distance(_ source: String, _ target: String) -> Int {
        let source = Array(source.lowercased().unicodeScalars)
        let target = Array(target.lowercased().unicodeScalars)
        guard source.count <= 100, target.count <= 100 else { return Int.max }
        var beforeLast: [Int] = []
        var last = Array(0...target.count)
        for row in 0..<source.count {
            var current = [row + 1]
            current.reserveCapacity(target.count + 1)
            for column in 0..<target.count {
                let substitution = last[column] + (source[row] == target[column] ? 0 : 1)
                var least = Swift.min(substitution, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, source[row] == target[column - 1],
                    source[row - 1] == target[column]
                {
                    least = Swift.min(least, beforeLast[column - 1] + 1)
                }
                current.append(least)
            }
            beforeLast = last
            last = current
        }
        return last[target.count]
    }
}
