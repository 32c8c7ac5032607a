import Bytes
import Testing

@Suite("texts compared by octets")
struct ExactTextTests {
    @Test("what is only equivalent is another text, for comparing and for looking up")
    func equivalence() {
        let spellings = [
            "caf\u{E9}", "cafe\u{301}", "cafe", "caf\u{E9}\u{323}", "cafe\u{323}\u{301}",
        ]
        for (place, one) in spellings.enumerated() {
            for (other, two) in spellings.enumerated() {
                #expect(one.isExactly(two) == (place == other))
            }
        }
        #expect(Set(spellings.map(ExactText.init)).count == spellings.count)
        #expect("".isExactly("") && !"".isExactly("a") && !"a".isExactly("b"))
        let places = Dictionary(
            uniqueKeysWithValues: spellings.enumerated().map { (ExactText($1), $0) })
        for (place, text) in spellings.enumerated() { #expect(places[ExactText(text)] == place) }
        #expect(places[ExactText("CAF\u{C9}")] == nil)
    }

    @Test("a megabyte of marks that are out of order is a text like any other")
    func marks() {
        // `==` and `Set<String>` take minutes for these.
        let long = "a" + String(repeating: "\u{301}\u{323}", count: 250_000)
        let other = "a" + String(repeating: "\u{323}\u{301}", count: 250_000)
        #expect(long.isExactly(long) && !long.isExactly(other) && !long.isExactly("a"))
        #expect(Set([long, other, long].map(ExactText.init)).count == 2)
    }
}
