// IndexScale — the index beside many patterns and many rooms (RoomIndex).
//
// One item is one match, or one subscription for the octets. The patterns are mixed as a server
// with several dialects has them; the rooms asked for meet none to four of them. The rooms lie in
// memory in the order in which they are asked for, as a publication that was just parsed does; what
// the index remembers of them lies in another order, so it pays for its own misses.

import Bytes
import Glibc
import Rooms

/// What is published, as far as the index sees it.
private final class Asked {
    let room: Room

    init(_ room: Room) { self.room = room }
}

/// Safety: `borrowed` are the objects of `asked`, which lives as long.
@safe
struct IndexScale: Work, ~Copyable {
    private var index: RoomIndex
    private let asked: [Asked]
    private let borrowed: [Unmanaged<Asked>]
    private let roundCount: Int

    /// - Parameters:
    ///   - rememberedCount: Rooms the index may remember the matches of. Of four fifths as many it
    ///     keeps nearly all; one in 400 has to go for another, and is looked up when it comes again.
    init(
        patternCount: Int, asking rooms: [Room], of total: Int, rememberedCount: Int,
        roundCount: Int
    ) {
        var limits = IndexLimits()
        limits.rememberedRooms = rememberedCount
        index = RoomIndex(limits: limits)
        for (number, pattern) in scalePatterns(patternCount, of: total).enumerated() {
            index.subscribe(pattern, UInt32(truncatingIfNeeded: number))
        }
        asked = rooms.map { Asked($0) }
        unsafe borrowed = asked.map { unsafe Unmanaged.passUnretained($0) }
        self.roundCount = roundCount
        for place in shuffled(rooms.count) { _ = index.match(rooms[place], in: .standard) }
    }

    var itemCount: Int { asked.count * roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        for _ in 0..<roundCount { unsafe Self.matchAll(borrowed, &index, &sum) }
        return sum.value
    }

    /// The engine is lent a publication and lends the index its room. An array would give out copies.
    @unsafe
    @inline(never)
    private static func matchAll(
        _ borrowed: [Unmanaged<Asked>], _ index: inout RoomIndex, _ sum: inout Checksum
    ) {
        for place in unsafe borrowed.indices {
            let lists = unsafe borrowed[place]._withUnsafeGuaranteedRef {
                index.match($0.room, in: .standard)
            }
            for number in 0..<lists.count { sum.add(UInt64(lists[number].rawValue)) }
        }
    }

    static func measure(in suite: inout Suite) {
        let total = suite.pick(small: 400, real: 1_000_000)
        let few = suite.pick(small: 32, real: 1024)
        let rounds = suite.pick(small: 2, real: 200)
        let memory = suite.pick(small: 16, real: 65_536)
        for patterns in [
            suite.pick(small: 40, real: 10_000), suite.pick(small: 200, real: 100_000),
        ] {
            suite.measure("IndexScale", "\(patterns) patterns, \(few) rooms") {
                IndexScale(
                    patternCount: patterns, asking: scaleRooms(few, of: total), of: total,
                    rememberedCount: few * 2, roundCount: rounds)
            }
            suite.measure("IndexScale", "\(patterns) patterns, \(total) rooms") {
                IndexScale(
                    patternCount: patterns, asking: scaleRooms(total, of: total), of: total,
                    rememberedCount: total / 4 * 5, roundCount: 1)
            }
            suite.measure("IndexScale", "\(patterns) patterns, never seen") {
                IndexScale(
                    patternCount: patterns, asking: scaleRooms(total, of: total), of: total,
                    rememberedCount: memory, roundCount: 1)
            }
        }
        suite.measure("IndexScale", "\(total) rooms, only read") {
            RoomRead(scaleRooms(total, of: total))
        }
        measureBeside(in: &suite)
    }

    /// A remembered room beside wildcards and prefixes that do not match it, and without them.
    private static func measureBeside(in suite: inout Suite) {
        let others = suite.pick(small: 100, real: 10_000)
        let rooms = (0..<suite.pick(small: 8, real: 64)).map { room("market", "eu", "s\($0)") }
        let rounds = suite.pick(small: 4, real: 2000)
        for count in [0, others] {
            suite.measure("IndexScale", "exact beside \(count) + \(count)") {
                var work = IndexScale(
                    patternCount: 0, asking: rooms, of: 1, rememberedCount: 1024,
                    roundCount: rounds)
                work.subscribe(rooms.map { .exact($0) })
                work.subscribe((0..<count).map { .prefix(Array("other.p\($0)".utf8)) })
                work.subscribe(
                    (0..<count).map { .wildcard([Array("w\($0)".utf8), nil, Array("x".utf8)]) })
                return work
            }
        }
    }

    private mutating func subscribe(_ patterns: [Pattern]) {
        for pattern in patterns { index.subscribe(pattern, 1) }
    }
}

/// What of the figures above is the benchmark's own: the rooms asked for are read, in the same order
/// and from the same kind of memory, and nothing is matched.
///
/// Safety: as ``IndexScale``.
@safe
struct RoomRead: Work, ~Copyable {
    private let asked: [Asked]
    private let borrowed: [Unmanaged<Asked>]

    init(_ rooms: [Room]) {
        asked = rooms.map { Asked($0) }
        unsafe borrowed = asked.map { unsafe Unmanaged.passUnretained($0) }
    }

    var itemCount: Int { asked.count }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        for place in unsafe borrowed.indices {
            unsafe borrowed[place]._withUnsafeGuaranteedRef { asked in
                asked.room.withSegment(asked.room.segmentCount - 1) { last in
                    sum.add(UInt64(last[octet: last.byteCount - 1]))
                }
            }
        }
        return sum.value
    }
}

/// A subscription added and removed again while `patternCount` other patterns stay.
struct IndexChange: Work, ~Copyable {
    private var index = RoomIndex()
    private let patterns: [Pattern]
    private var entries: [EntryID] = []

    init(patternCount: Int, _ patterns: [Pattern]) {
        for pattern in scalePatterns(patternCount, of: patternCount * 2) {
            index.subscribe(pattern, 1)
        }
        self.patterns = patterns
        entries.reserveCapacity(patterns.count)
    }

    var itemCount: Int { patterns.count }

    mutating func pass() -> UInt64 {
        for pattern in patterns { entries.append(index.subscribe(pattern, 2)) }
        let count = index.subscriptionCount
        for entry in entries { index.remove(entry) }
        entries.removeAll(keepingCapacity: true)
        return UInt64(count)
    }

    static func measure(in suite: inout Suite) {
        let number = suite.pick(small: 20, real: 1000)
        for count in [suite.pick(small: 40, real: 10_000), suite.pick(small: 80, real: 100_000)] {
            suite.measure("IndexChange", "beside \(count) patterns") {
                IndexChange(
                    patternCount: count, scalePatterns(number, of: number * 2, first: count * 3))
            }
        }
    }
}

/// How many octets subscriptions take. The figures go to the standard error stream; what the table
/// shows is the time of a look at the count.
struct IndexMemory: Work, ~Copyable {
    private var index = RoomIndex()

    init(_ name: String, _ patterns: [Pattern], subscribersEach: Int) {
        let before = residentSize()
        for pattern in patterns {
            for connection in 0..<subscribersEach {
                index.subscribe(pattern, UInt32(truncatingIfNeeded: connection))
            }
        }
        let count = index.subscriptionCount
        let octets = (residentSize() - before) / count
        let text = Array("\(name): \(octets) octets per subscription, of \(count)\n".utf8)
        _ = unsafe text.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
    }

    var itemCount: Int { 1 }

    mutating func pass() -> UInt64 { UInt64(index.subscriptionCount) }

    static func measure(in suite: inout Suite) {
        let count = suite.pick(small: 100, real: 100_000)
        suite.measure("IndexMemoryMixed", "mixed") {
            IndexMemory("mixed", scalePatterns(count, of: count * 2), subscribersEach: 1)
        }
        suite.measure("IndexMemoryExact", "exact") {
            let rooms = scaleRooms(count, of: count)
            return IndexMemory("exact", rooms.map { .exact($0) }, subscribersEach: 1)
        }
        suite.measure("IndexMemoryShared", "shared") {
            let rooms = scaleRooms(count / 10, of: count / 10)
            return IndexMemory(
                "exact, shared by 10", rooms.map { .exact($0) }, subscribersEach: 10)
        }
    }
}

/// Octets of this process that are in memory. Patterns were made before, so what comes between two
/// looks is the index; what earlier cases gave back to malloc must not be there to be taken again,
/// so the figures count when nothing else ran in the process.
private func residentSize() -> Int {
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { unsafe fclose(file) }
    var pages = [0, 0]
    for place in pages.indices {
        var digit = unsafe getc(file)
        while digit >= 0x30 {
            pages[place] = pages[place] * 10 + Int(digit - 0x30)
            digit = unsafe getc(file)
        }
    }
    return pages[1] * sysconf(Int32(_SC_PAGESIZE))
}

/// `count` of `total` rooms of three segments, evenly taken.
private func scaleRooms(_ count: Int, of total: Int) -> [Room] {
    let step = max(1, total / count)
    return (0..<count).map { scaleRoom($0 * step) }
}

private func scaleRoom(_ number: Int) -> Room {
    room("market", "r\(number % 100)", "s\(number)")
}

/// Of twenty patterns fourteen rooms, three wildcards of four shapes, two prefixes and one channel
/// with any event; spread over rooms `first` to `first + total`.
private func scalePatterns(_ count: Int, of total: Int, first: Int = 0) -> [Pattern] {
    let step = max(1, total / max(1, count))
    return (0..<count).map { place in
        let number = first + place * step
        let last = Array("s\(number)".utf8)
        switch place % 20 {
        case 0..<14: return .exact(scaleRoom(number))
        case 14: return .wildcard([Array("market".utf8), nil, last])
        case 15: return .wildcard([nil, Array("r\(number % 100)".utf8), last])
        case 16:
            let middle = Array("x\(number)".utf8)
            let market = Array("market".utf8)
            return place % 40 < 20
                ? .wildcard([market, middle, nil]) : .wildcard([middle, nil, nil])
        case 17, 18: return .prefix(Array("market.r\(number % 100).s\(number / 10)".utf8))
        default: return .glob(parent: scaleRoom(number), .any)
        }
    }
}

/// The numbers below `count` in an order that is not theirs, the same in every run.
private func shuffled(_ count: Int) -> [Int] {
    var numbers = Array(0..<count)
    var state: UInt64 = 0x2545_F491_4F6C_DD1D
    for place in stride(from: count - 1, to: 0, by: -1) {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        numbers.swapAt(place, Int(state >> 33) % (place + 1))
    }
    return numbers
}
