// GlobProgram — a glob after compilation, and the machine that runs it.
//
// Nearly all globs are `*`, a plain name or a plain beginning with `*`; those are decided at
// compile time and matched by comparing octets. The rest runs as a set of places in the pattern
// that the text read so far may have reached: one bit per place, no backtracking at all.
//
// Why not two pointers and the last star: that is right only while whatever a star must not cross
// can never be matched by anything else. Here a star stops at line feeds and `[^a]` takes them:
// `*[ab][^c]*` matches "ab\n" with the star on "a", which the last-star rule never tries again.

internal import Bytes

/// Immutable, shared by every copy of a glob.
final class GlobProgram: Sendable {
    enum Form {
        case everything  // `*`
        case literal([UInt8])
        case beginning([UInt8])  // a plain text, then `*`
        case steps
    }

    enum Step {
        case sequence  // `*`
        case one  // `?`
        case scalar(UInt32)
        case set(ScalarSet)
    }

    let form: Form
    let steps: [Step]
    let matchesEmpty: Bool

    init(compiling text: [UInt8]) throws(GlobError) {
        guard text.count <= Glob.sizeLimit else { throw .tooLong(limit: Glob.sizeLimit) }
        var compiler = GlobCompiler()
        try compiler.compile(text.raw)
        steps = compiler.steps
        form = compiler.form
        matchesEmpty = steps.allSatisfy { if case .sequence = $0 { true } else { false } }
    }

    func matches(_ text: RawSpan) -> Bool {
        switch form {
        case .everything: return text.firstIndex(of: lineFeed) == nil
        case .literal(let literal): return text.equals(literal.raw)
        case .beginning(let beginning):
            return text.byteCount >= beginning.count
                && text.extracting(first: beginning.count).equals(beginning.raw)
                && text.firstIndex(of: lineFeed, from: beginning.count) == nil
        case .steps: return run(over: text)
        }
    }

    /// Follows every way through the steps at once.
    private func run(over text: RawSpan) -> Bool {
        var places = PlaceSet()
        enter(0, of: &places)
        var offset = 0
        while offset < text.byteCount {
            let scalar = text.scalar(at: offset)
            offset += scalar.size
            var next = PlaceSet()
            places.forEach { place in
                guard place < steps.count else { return }  // the end, with text left over
                switch steps[place] {
                case .sequence: if scalar.value != lineFeed { enter(place, of: &next) }
                case .one: if scalar.value != lineFeed { enter(place + 1, of: &next) }
                case .scalar(let value):
                    if scalar.value == value { enter(place + 1, of: &next) }
                case .set(let set):
                    if set.contains(scalar.value) { enter(place + 1, of: &next) }
                }
            }
            if next.isEmpty { return false }
            places = next
        }
        return places.contains(steps.count)
    }

    /// Marks `place` as reached, and those behind stars, which may stand for nothing.
    private func enter(_ place: Int, of places: inout PlaceSet) {
        var place = place
        places.insert(place)
        while place < steps.count, case .sequence = steps[place] {
            place += 1
            places.insert(place)
        }
    }
}

private let lineFeed: UInt8 = 0x0A

private func != (value: UInt32, octet: UInt8) -> Bool { value != UInt32(octet) }

/// A set of characters: `[…]` or `[^…]`.
struct ScalarSet: Sendable {
    var isNegated: Bool
    var ranges: [ClosedRange<UInt32>]

    func contains(_ value: UInt32) -> Bool {
        for range in ranges where range.contains(value) { return !isNegated }
        return isNegated
    }
}

/// Places in a pattern: 0 to 255 steps and the end behind them.
private struct PlaceSet {
    private var words = InlineArray<4, UInt64>(repeating: 0)

    var isEmpty: Bool { words[0] | words[1] | words[2] | words[3] == 0 }

    mutating func insert(_ place: Int) { words[place >> 6] |= 1 << UInt64(place & 63) }

    func contains(_ place: Int) -> Bool { words[place >> 6] >> UInt64(place & 63) & 1 == 1 }

    func forEach(_ body: (Int) -> Void) {
        for index in words.indices {
            var word = words[index]
            while word != 0 {
                body(index << 6 | word.trailingZeroBitCount)
                word &= word - 1
            }
        }
    }
}
