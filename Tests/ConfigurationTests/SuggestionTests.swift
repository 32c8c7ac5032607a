import Configuration
import Testing

@Suite("suggestions")
struct SuggestionTests {
    @Test("edits are counted, swaps as one")
    func distances() {
        for (source, target, distance) in [
            ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "abd", 1),
            ("abc", "acb", 1), ("abc", "ab", 1), ("abc", "xabc", 1), ("kitten", "sitting", 3),
            ("ABC", "abc", 0), ("ca", "abc", 3),
        ] {
            #expect(Suggestion.distance(source, target) == distance, "\(source) \(target)")
            #expect(Suggestion.distance(target, source) == distance)
        }
    }

    @Test("only a close name is suggested, and the closest one")
    func closest() {
        let names = ["listen", "control", "cores", "echo"]
        #expect(Suggestion.closest(to: "lisen", among: names) == "listen")
        #expect(Suggestion.closest(to: "core", among: names) == "cores")
        #expect(Suggestion.closest(to: "zzz", among: names) == nil)
        #expect(Suggestion.closest(to: "", among: names) == nil)
        #expect(Suggestion.closest(to: String(repeating: "x", count: 5000), among: names) == nil)
    }
}
