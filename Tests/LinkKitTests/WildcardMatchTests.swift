import LinkKit
import Testing

@Suite("wildcard match")
struct WildcardMatchTests {
    /// `*` is a run, `?` takes anything, other letters themselves.
    private func match(_ pattern: [Character], _ name: [Character]) -> [Range<Int>]? {
        WildcardMatch.ranges(
            tokenCount: pattern.count, elementCount: name.count, isRun: { pattern[$0] == "*" },
            accepts: { pattern[$0] == "?" || pattern[$0] == name[$1] })
    }

    private func naive(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> Bool {
        guard let token = pattern.first else { return name.isEmpty }
        if token == "*" {
            return naive(pattern.dropFirst(), name)
                || !name.isEmpty && naive(pattern, name.dropFirst())
        }
        return !name.isEmpty && (token == "?" || token == name.first)
            && naive(pattern.dropFirst(), name.dropFirst())
    }

    @Test("agrees with the naive matcher on every small pattern and name, and covers the name")
    func exhaustive() {
        let patterns = words(of: "ab*?", upTo: 4)
        let names = words(of: "ab", upTo: 5)
        for pattern in patterns {
            for name in names {
                let ranges = match(pattern, name)
                #expect((ranges != nil) == naive(pattern[...], name[...]), "\(pattern) \(name)")
                guard let ranges else { continue }
                #expect(ranges.count == pattern.count)
                var end = 0
                for (token, range) in zip(pattern, ranges) {
                    #expect(range.lowerBound == end)
                    if token != "*" { #expect(range.count == 1) }
                    end = range.upperBound
                }
                #expect(end == name.count)
            }
        }
    }

    @Test("makes every run but the last as short as can be")
    func shortest() {
        #expect(match(Array("*a*"), Array("bacac")) == [0..<1, 1..<2, 2..<5])
        #expect(match(Array("**"), Array("ab")) == [0..<0, 0..<2])
    }

    @Test("a hostile pattern costs tokens times elements, not an exponential")
    func hostile() {
        var asked = 0
        let pattern = Array(String(repeating: "*a", count: 200) + "b")
        let name = [Character](repeating: "a", count: 2000)
        let ranges = WildcardMatch.ranges(
            tokenCount: pattern.count, elementCount: name.count, isRun: { pattern[$0] == "*" },
            accepts: {
                asked += 1
                return pattern[$0] == name[$1]
            })
        #expect(ranges == nil)
        #expect(asked <= pattern.count * name.count)
    }

    private func words(of letters: String, upTo length: Int) -> [[Character]] {
        var words: [[Character]] = [[]]
        var longest: [[Character]] = [[]]
        for _ in 0..<length {
            longest = longest.flatMap { word in letters.map { word + [$0] } }
            words += longest
        }
        return words
    }
}
