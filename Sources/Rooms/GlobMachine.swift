// GlobMachine — runs the globs that are more than a beginning and a star.
//
// It follows all ways through the pattern at once: one bit per step says whether the text read so
// far may have led there. Characters are sorted into classes when the pattern is compiled; within
// a class no step can tell one from another, so a class has one mask of the steps that take it,
// and reading a character is a search for its class and a few operations on 256 bits. No pattern,
// however nasty, makes that more.
//
// Why not two pointers and the last star: that is right only while whatever a star must not cross
// can never be matched by anything else. Here a star stops at line feeds and `[^a]` takes them:
// `*[ab][^c]*` matches "ab\n" with the star on "a", which the last-star rule never tries again.

internal import Bytes

struct GlobMachine: Sendable {
    /// One past the last step: where a text that matches ends.
    private let end: Int
    /// The steps that are stars.
    private let stars: PlaceSet
    /// Where each class of characters begins; it reaches to the next one. Sorted, from 0.
    private let classes: [UInt32]
    /// The steps other than stars that take a character, by class.
    private let takers: [PlaceSet]
    /// The class of the line feed alone, which stars do not take.
    private let lineFeedClass: Int

    /// - Parameter steps: At most 255, and no two stars in a row.
    init(_ steps: [GlobStep]) {
        precondition(steps.count <= 255)
        var borders: Set<UInt32> = [0, lineFeed, lineFeed + 1]
        for step in steps {
            switch step {
            case .sequence, .one: break
            case .scalar(let value): borders.formUnion([value, value + 1])
            case .set(let set):
                for range in set.ranges {
                    borders.formUnion([range.lowerBound, range.upperBound + 1])
                }
            }
        }
        let classes = borders.sorted()
        var stars = PlaceSet()
        var takers = [PlaceSet](repeating: PlaceSet(), count: classes.count)
        for (place, step) in steps.enumerated() {
            switch step {
            case .sequence: stars.insert(place)
            case .one:
                for index in classes.indices where classes[index] != lineFeed {
                    takers[index].insert(place)
                }
            case .scalar(let value): takers[Self.index(of: value, in: classes)].insert(place)
            case .set(let set):
                for index in classes.indices where set.contains(classes[index]) {
                    takers[index].insert(place)
                }
            }
        }
        end = steps.count
        self.stars = stars
        self.classes = classes
        self.takers = takers
        lineFeedClass = Self.index(of: lineFeed, in: classes)
    }

    /// Whether the whole of `text` matches. O(size of the text), no allocation.
    func matches(_ text: RawSpan) -> Bool {
        var places = PlaceSet()
        places.insert(0)
        // A star may stand for nothing, so whoever reaches it reaches what follows it.
        places.formUnion(places.intersection(stars).advanced())
        var offset = 0
        while offset < text.byteCount {
            let scalar = text.scalar(at: offset)
            offset += scalar.size
            let index = Self.index(of: scalar.value, in: classes)
            var next = places.intersection(takers[index]).advanced()
            if index != lineFeedClass { next.formUnion(places.intersection(stars)) }
            next.formUnion(next.intersection(stars).advanced())
            if next.isEmpty { return false }
            places = next
        }
        return places.contains(end)
    }

    /// The last class that begins at or before `value`.
    private static func index(of value: UInt32, in classes: [UInt32]) -> Int {
        var low = 0
        var high = classes.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if classes[middle] <= value { low = middle } else { high = middle }
        }
        return low
    }
}

private let lineFeed: UInt32 = 0x0A

/// Places in a pattern: 0 to 254 steps and the end behind them.
private struct PlaceSet: Sendable {
    private var words = InlineArray<4, UInt64>(repeating: 0)

    var isEmpty: Bool { words[0] | words[1] | words[2] | words[3] == 0 }

    mutating func insert(_ place: Int) { words[place >> 6] |= 1 << UInt64(place & 63) }

    func contains(_ place: Int) -> Bool { words[place >> 6] >> UInt64(place & 63) & 1 == 1 }

    mutating func formUnion(_ other: PlaceSet) {
        for index in words.indices { words[index] |= other.words[index] }
    }

    func intersection(_ other: PlaceSet) -> PlaceSet {
        var result = self
        for index in words.indices { result.words[index] &= other.words[index] }
        return result
    }

    /// Every place moved to the next one.
    func advanced() -> PlaceSet {
        var result = PlaceSet()
        var carry: UInt64 = 0
        for index in words.indices {
            result.words[index] = words[index] << 1 | carry
            carry = words[index] >> 63
        }
        return result
    }
}
