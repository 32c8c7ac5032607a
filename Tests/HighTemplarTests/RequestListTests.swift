import Bytes
import Rooms
import Testing

@testable import HighTemplar

@Suite("high-templar request list")
struct RequestListTests {
    private func insert(
        _ list: inout RequestList, _ identity: [UInt8], _ pattern: Pattern, raw: [UInt8]
    ) -> Bool {
        let key = RequestList.Key(identity: identity, pattern: pattern)
        return list.insert(key, requestID: unsafe raw.span.bytes)
    }

    @Test("agrees with a list of subscriptions")
    func naive() throws {
        let identities = ["", "1", "\"1\"", "null", "\"\"", String(repeating: "9", count: 4000)]
            .map { Array($0.utf8) }
        var patterns: [Pattern] = [.wildcard([[0x61], nil])]
        for text in ["a", "a.", "a.b", "a.b.c", String(repeating: "x", count: 255)] {
            patterns.append(.exact(try Room(text: text)))
        }
        patterns.append(.wildcard([[0x61], nil, [0x63]]))
        for seed in UInt64(1)...50 {
            var random = SplitMix64(seed: seed)
            var list = RequestList()
            var naive: [(identity: [UInt8], pattern: Pattern, raw: [UInt8])] = []
            for step in 0..<60 {
                let identity = identities.randomElement(using: &random)!
                let pattern = patterns.randomElement(using: &random)!
                let key = RequestList.Key(identity: identity, pattern: pattern)
                let place = naive.firstIndex {
                    $0.identity == identity && $0.pattern == pattern
                }
                #expect(list.contains(key) == (place != nil))
                switch Int.random(in: 0..<5, using: &random) {
                case 0:
                    let removed = list.removeAll(identity: identity)
                    let expected = naive.filter { $0.identity == identity }
                    naive.removeAll { $0.identity == identity }
                    #expect(removed.map(\.requestID) == expected.map(\.raw), "seed \(seed)")
                    #expect(removed.map(\.pattern) == expected.map(\.pattern), "seed \(seed)")
                case 1:
                    #expect(list.remove(key) == (place != nil), "seed \(seed)")
                    if let place { naive.remove(at: place) }
                default:
                    let raw = Array("raw \(step)".utf8)
                    #expect(insert(&list, identity, pattern, raw: raw) == (place == nil))
                    if place == nil { naive.append((identity, pattern, raw)) }
                }
                #expect(list.count == naive.count)
            }
        }
    }
}
