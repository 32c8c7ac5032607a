// WildcardMatch — which part of a name each token of a pattern stands for.
//
// Redis globs are tokens over octets, AMQP topic keys tokens over words; in both a token takes one
// element or any run of them. One walk with one place to come back to serves both: when something
// does not fit, only the last run is made longer, because a longer earlier run could not help
// where the shorter one sufficed. Time is elements times tokens at worst, never exponential.

package enum WildcardMatch {
    /// Matches `tokenCount` tokens against all of `elementCount` elements.
    ///
    /// - Parameters:
    ///   - isRun: Whether a token takes any number of elements, none included. Others take one.
    ///   - accepts: Whether a token that is no run takes an element.
    /// - Returns: For each token the elements it took, every run but the last as short as can be;
    ///   `nil` when the pattern does not match.
    package static func ranges(
        tokenCount: Int, elementCount: Int, isRun: (Int) -> Bool, accepts: (Int, Int) -> Bool
    ) -> [Range<Int>]? {
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(tokenCount)
        var element = 0
        var lastRun: Int?
        while true {
            let token = ranges.count
            if token == tokenCount {
                if element == elementCount { return ranges }
            } else if isRun(token) {
                lastRun = token
                ranges.append(element..<element)
                continue
            } else if element < elementCount, accepts(token, element) {
                ranges.append(element..<element + 1)
                element += 1
                continue
            }
            // Nothing fits here: the last run takes one element more, and all after it again.
            guard let lastRun, ranges[lastRun].upperBound < elementCount else { return nil }
            let run = ranges[lastRun]
            ranges.removeSubrange((lastRun + 1)...)
            ranges[lastRun] = run.lowerBound..<run.upperBound + 1
            element = run.upperBound + 1
        }
    }
}
