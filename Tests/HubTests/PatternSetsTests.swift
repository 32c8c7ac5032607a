import Rooms
import Testing

@testable import Hub

@Suite("patterns as sets")
struct PatternSetsTests {
    private static let world = SmallWorld()

    /// Of every pair: does one hold the other, do they meet, in the small world?
    @Test("holding and meeting are what they are in a world of all small rooms")
    func agreement() {
        let outer = SmallWorld.rulePatterns.map { ($0, Self.world.extent(of: $0)) }
        let inner = SmallWorld.asked.map { ($0, Self.world.extent(of: $0)) }
        for (pattern, extent) in outer {
            for (other, otherExtent) in inner {
                guard let set = pattern.simplified, let otherSet = other.simplified else {
                    Issue.record("\(pattern) or \(other) is said to be empty")
                    continue
                }
                let holds = zip(extent, otherExtent).allSatisfy { $0 || !$1 }
                let meets = zip(extent, otherExtent).contains { $0 && $1 }
                if case .glob = otherSet {
                    // Globs are judged by their beginnings: on the safe side, not exactly.
                    if set.contains(otherSet) && !holds { Issue.record("\(pattern) ⊉ \(other)") }
                    if !set.overlaps(otherSet) && meets {
                        Issue.record("\(pattern) meets \(other)")
                    }
                } else {
                    if set.contains(otherSet) != holds { Issue.record("\(pattern) ⊇ \(other)") }
                    if set.overlaps(otherSet) != meets { Issue.record("\(pattern) ∩ \(other)") }
                }
                if set.overlaps(otherSet) != otherSet.overlaps(set) {
                    Issue.record("\(pattern) meets \(other) from one side only")
                }
            }
        }
    }

    @Test("a simplified pattern matches the same rooms")
    func simplified() {
        for pattern in SmallWorld.asked {
            let simplified = pattern.simplified
            #expect(simplified.map { Self.world.extent(of: $0) } == Self.world.extent(of: pattern))
        }
        #expect(wildcard("a.b").simplified == exact("a.b"))
        #expect(
            Pattern.glob(parent: room("a"), try! Glob(text: "b\\*")).simplified == exact("a.b*"))
    }

    @Test("a pattern that is too long for any room is empty")
    func tooLong() {
        let long = [UInt8](repeating: 0x61, count: 256)
        #expect(Pattern.exact(Room()).simplified == nil)
        #expect(Pattern.prefix(long).simplified == nil)
        #expect(Pattern.prefix(Array(long.dropLast())).simplified != nil)
        #expect(Pattern.wildcard([]).simplified == nil)
        #expect(Pattern.wildcard(.init(repeating: nil, count: 32)).simplified != nil)
        #expect(Pattern.wildcard(.init(repeating: nil, count: 33)).simplified == nil)
        #expect(Pattern.wildcard([long, nil]).simplified == nil)
        let deep = room(Array(repeating: "a", count: 32).joined(separator: "."))
        #expect(Pattern.glob(parent: deep, try! Glob(text: "b")).simplified == nil)
    }

    @Test("a plain beginning decides which globs a prefix holds")
    func globs() throws {
        func glob(_ text: String) -> Pattern {
            .glob(parent: room("orders"), try! Glob(text: text))
        }
        #expect(prefix("orders.").contains(glob("fill*")))
        #expect(prefix("orders.fi").contains(glob("fill*")))
        #expect(!prefix("orders.fills").contains(glob("fill*")))
        // The star alone takes the room `orders`, too.
        #expect(!prefix("orders.").contains(glob("*")))
        #expect(prefix("orders").contains(glob("*")))
        #expect(!wildcard("orders.").contains(glob("*")))
        #expect(wildcard("orders.").contains(glob("?*")))
        #expect(prefix("orders.fills").overlaps(glob("fill*")))
        #expect(!prefix("orders.pay").overlaps(glob("fill*")))
    }

    @Test("names stand in octet order to prefixes, dots and empty segments included")
    func order() {
        let texts = ["", "a", "a.", "a.b", "a-b", "ab", ".", "..", ".a", "b", "a/", "b.."]
        for name in texts {
            for text in texts {
                let octets = Array(text.utf8)
                let order = room(name).order(after: octets)
                let expected: NameOrder =
                    name.utf8.starts(with: octets)
                    ? .begins : name.utf8.lexicographicallyPrecedes(octets) ? .before : .after
                if order != expected { Issue.record("\(name) to \(text): \(order)") }
            }
        }
    }
}
