// SequenceCheck — what a receiver is still owed of one stream.
//
// Exact: a gap is remembered as a range until what is missing comes late (reordered, not lost) or
// the run ends (lost). Most streams never have a gap, and then this is one number.

/// What a message's number says about what came before it.
enum Arrival: Equatable {
    case inOrder
    /// Sent before the first that is owed, and so many from it on up to that.
    case early(UInt64)
    /// So many before it have not come.
    case gap(UInt64)
    /// It had been missed, and comes after later ones.
    case late
    /// It has come before.
    case duplicate
}

/// Numbers of a stream that were skipped: ascending ranges that do not touch.
struct MissingNumbers: Equatable {
    private(set) var ranges: [Range<UInt32>] = []

    /// Beyond this many gaps the oldest are taken for lost, whatever still comes.
    static let limit = 4096
    /// Numbers in gaps that were given up.
    private(set) var abandoned: UInt64 = 0

    var count: UInt64 { ranges.reduce(abandoned) { $0 + UInt64($1.count) } }

    /// Remembers a gap behind all others.
    mutating func append(_ gap: Range<UInt32>) {
        if ranges.count == Self.limit {
            abandoned += UInt64(ranges.removeFirst().count)
        }
        ranges.append(gap)
    }

    /// Takes `number` out; `false` when it is not missing.
    mutating func remove(_ number: UInt32) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= number { low = middle + 1 } else { high = middle }
        }
        guard low < ranges.count, ranges[low].contains(number) else { return false }
        let gap = ranges[low]
        let parts = [gap.lowerBound..<number, number + 1..<gap.upperBound]
        ranges.replaceSubrange(low...low, with: parts.filter { !$0.isEmpty })
        return true
    }
}

/// The checks of all streams of all clients of a worker, in one run of memory.
///
/// Safety: `next` has `count` elements from `init` on, freed in `deinit`; places are compared with
/// `count` before they are used.
@safe
struct SequenceChecks: ~Copyable {
    /// No number has come yet, and which is the first is not known.
    private static let unknown = UInt32.max

    private let next: UnsafeMutablePointer<UInt32>
    private var missing: [Int: MissingNumbers] = [:]
    /// The first number a stream that began late must have shown by now.
    private var firstOwed: [Int: UInt32] = [:]
    let count: Int

    init(count: Int) {
        self.count = count
        unsafe next = .allocate(capacity: max(count, 1))
        unsafe next.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { unsafe next.deallocate() }

    /// Takes note that `number` has come at `place`.
    @inline(__always)
    mutating func arrived(_ number: UInt32, at place: Int) -> Arrival {
        precondition(place >= 0 && place < count)
        let expected = unsafe next[place]
        if number == expected {
            unsafe next[place] = number &+ 1
            return .inOrder
        }
        return irregular(number, expected, place)
    }

    private mutating func irregular(
        _ number: UInt32, _ expected: UInt32, _ place: Int
    ) -> Arrival {
        if expected == Self.unknown {
            let first = firstOwed.removeValue(forKey: place) ?? 0
            unsafe next[place] = number &+ 1
            if number < first { return .early(UInt64(first - number)) }
            guard number > first else { return .inOrder }
            missing[place, default: MissingNumbers()].append(first..<number)
            return .gap(UInt64(number - first))
        }
        if number > expected {
            missing[place, default: MissingNumbers()].append(expected..<number)
            unsafe next[place] = number &+ 1
            return .gap(UInt64(number - expected))
        }
        return missing[place]?.remove(number) == true ? .late : .duplicate
    }

    /// A stream begins, or begins again: everything from `first` on is owed. What was sent shortly
    /// before may come too, and is no mistake; from the first of it on nothing may be missing.
    mutating func begin(at place: Int, owedFrom first: UInt32) {
        precondition(place >= 0 && place < count)
        missing[place] = nil
        guard first > 0 else {
            unsafe next[place] = 0
            firstOwed[place] = nil
            return
        }
        unsafe next[place] = Self.unknown
        firstOwed[place] = first
    }

    /// How many of the first `published` messages have not come.
    func lost(at place: Int, published: UInt32) -> UInt64 {
        let expected = unsafe next[place]
        let gaps = missing[place]?.count ?? 0
        let seen = expected == Self.unknown ? firstOwed[place] ?? 0 : expected
        return gaps + UInt64(published > seen ? published - seen : 0)
    }
}
