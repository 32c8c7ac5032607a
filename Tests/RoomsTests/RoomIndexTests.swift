import Testing

@testable import Rooms

/// An index that an expectation can ask: `#expect` cannot hold what is not copyable.
final class Subject {
    private var index: RoomIndex

    init(limits: IndexLimits = .standard) { index = RoomIndex(limits: limits) }

    var subscriptionCount: Int { index.subscriptionCount }
    var patternCount: Int { index.patternCount }
    var cutMatchCount: UInt64 { index.cutMatchCount }

    func add(
        _ pattern: Pattern, _ connection: UInt32, class envelopeClass: UInt64 = 0,
        in realm: Realm = .standard
    ) throws(IndexError) -> EntryID {
        try index.add(
            pattern, in: realm, class: EnvelopeClass(rawValue: envelopeClass),
            connection: connection)
    }

    func remove(_ entry: EntryID) { index.remove(entry) }

    func checkInvariants() { index.checkInvariants() }

    func matchCount(_ room: Room) -> Int { index.match(room, in: .standard).count }

    func patterns(matching room: Room) -> [Pattern] {
        let lists = index.match(room, in: .standard)
        return (0..<lists.count).map { index.pattern(of: lists[$0]) }
    }

    func deliveries(to room: Room, in realm: Realm = .standard) -> [NaiveIndex.Delivery] {
        deliveries(index.match(room, in: realm))
    }

    func deliveries(
        covering pattern: [[UInt8]?], in realm: Realm = .standard
    ) -> [NaiveIndex.Delivery] {
        deliveries(index.match(covering: pattern, literal(pattern), in: realm))
    }

    private func deliveries(_ lists: MatchedLists) -> [NaiveIndex.Delivery] {
        var found: [NaiveIndex.Delivery] = []
        for place in 0..<lists.count {
            let envelopeClass = index.envelopeClass(of: lists[place]).rawValue
            let members = index.members(of: lists[place])
            for position in members.indices {
                found.append(
                    .init(connection: members[position].connection, envelopeClass: envelopeClass))
            }
        }
        return found.sorted()
    }
}

@Suite("room index")
struct RoomIndexTests {
    @Test("agrees with the naive one about every pattern and room of a small world")
    func exhaustive() throws {
        let rooms = sequences(of: ["", "a", "b"], counts: 1...3).map { room($0) }
        for pattern in smallPatterns(["", "a", "b"], length: 3) {
            let index = Subject()
            let entry = try index.add(pattern, 7)
            for room in rooms {
                let expected = naiveMatches(pattern, room.segments)
                let actual = index.matchCount(room) == 1
                if actual != expected { Issue.record("\(pattern) \(room.text): \(actual)") }
                if pattern.matches(room) != expected { Issue.record("\(pattern) \(room.text)") }
            }
            index.remove(entry)
            for room in rooms { #expect(index.matchCount(room) == 0) }
            index.checkInvariants()
            #expect(index.patternCount == 0)
        }
    }

    @Test("agrees with it when a whole small world is subscribed at once")
    func crowded() throws {
        var limits = IndexLimits()
        limits.nodesPerMatch = 4096
        let index = Subject(limits: limits)
        var naive = NaiveIndex()
        let patterns = smallPatterns(["", "a", "b"], length: 3)
        for (number, pattern) in patterns.enumerated() {
            let connection = UInt32(number)
            let entry = try index.add(pattern, connection)
            naive.subscriptions[entry.rawValue] = .init(
                pattern: pattern, realm: .standard, envelopeClass: .init(rawValue: 0),
                connection: connection)
        }
        for segments in sequences(of: ["", "a", "b"], counts: 1...3) {
            let room = room(segments)
            #expect(index.deliveries(to: room) == naive.match(room, in: .standard))
        }
        for pattern in sequences(of: [[], [0x61], [0x62], nil] as [[UInt8]?], counts: 1...3) {
            #expect(
                index.deliveries(covering: pattern)
                    == naive.match(covering: pattern, literal(pattern), in: .standard))
        }
        index.checkInvariants()
    }

    @Test(
        "agrees with it through random comings and goings", arguments: [1, 16, 65_536],
        [0, 3, 64])
    func random(rememberedRooms: Int, scannedRooms: Int) throws {
        for seed in UInt64(1)...40 {
            var limits = IndexLimits()
            limits.rememberedRooms = rememberedRooms
            limits.scannedRoomsPerFamily = scannedRooms
            var run = RandomRun(seed: seed, limits: limits)
            try run.go(steps: 400)
        }
    }

    @Test("gives back everything when everybody has left")
    func quiescent() throws {
        var random = SeededRandom(seed: 5)
        let index = Subject()
        for _ in 0..<3 {
            var entries: [EntryID] = []
            for pattern in smallPatterns(["", "a", "b"], length: 3) {
                for connection in UInt32(0)..<5 {
                    entries.append(
                        try index.add(pattern, connection, class: UInt64(connection & 1)))
                }
            }
            index.checkInvariants()
            #expect(index.subscriptionCount == entries.count)
            entries.shuffle(using: &random)
            for entry in entries { index.remove(entry) }
            index.checkInvariants()
            #expect(index.subscriptionCount == 0)
            #expect(index.patternCount == 0)
        }
    }

    @Test("keeps members dense while a big room fills and empties in any order")
    func bigRoom() throws {
        var random = SeededRandom(seed: 11)
        let index = Subject()
        let big = room("big")
        var entries: [(EntryID, UInt32)] = []
        for connection in UInt32(0)..<5000 {
            entries.append((try index.add(.exact(big), connection), connection))
        }
        entries.shuffle(using: &random)
        while entries.count > 3 { index.remove(entries.removeLast().0) }
        index.checkInvariants()
        #expect(index.deliveries(to: big).map(\.connection) == entries.map(\.1).sorted())
    }

    @Test("delivers once per subscription, equal ones too")
    func duplicates() throws {
        let index = Subject()
        let first = try index.add(.exact(room("a")), 1)
        _ = try index.add(.exact(room("a")), 1)
        #expect(index.deliveries(to: room("a")).count == 2)
        index.remove(first)
        #expect(index.deliveries(to: room("a")).count == 1)
    }

    @Test("keeps classes of one pattern in lists of their own")
    func classes() throws {
        let index = Subject()
        let plain = try index.add(.exact(room("a")), 1, class: 1)
        _ = try index.add(.exact(room("a")), 2, class: 2)
        _ = try index.add(.exact(room("a")), 3, class: 1)
        #expect(index.matchCount(room("a")) == 2)
        #expect(index.patternCount == 1)
        #expect(index.patterns(matching: room("a")) == [.exact(room("a")), .exact(room("a"))])
        index.remove(plain)
        #expect(
            index.deliveries(to: room("a")) == [
                .init(connection: 2, envelopeClass: 2), .init(connection: 3, envelopeClass: 1),
            ])
    }

    @Test("keeps realms apart")
    func realms() throws {
        let index = Subject()
        let other = Realm(rawValue: 9)
        for pattern in [.exact(room("a")), prefix(""), wildcard(nil), glob(room("a"), "*")] {
            _ = try index.add(pattern, 1, in: other)
        }
        #expect(index.deliveries(to: room("a")).isEmpty)
        #expect(index.deliveries(to: room("a"), in: other).count == 4)
        #expect(index.deliveries(covering: [[0x61]]).isEmpty)
        #expect(index.deliveries(covering: [[0x61]], in: other).count == 4)
    }

    @Test("says which limit a pattern meets, and changes nothing then")
    func limits() throws {
        var limits = IndexLimits()
        limits.shapesPerLength = 2
        limits.globsPerParent = 2
        let index = Subject(limits: limits)
        func refuses(_ pattern: Pattern, _ error: IndexError) {
            #expect(throws: error) { try index.add(pattern, 1) }
        }
        _ = try index.add(wildcard("a", nil), 1)
        _ = try index.add(wildcard(nil, "a"), 1)
        _ = try index.add(wildcard(nil, "b"), 1)
        _ = try index.add(wildcard(nil), 1)
        refuses(wildcard(nil, nil), .tooManyShapes(limit: 2))
        _ = try index.add(glob(room("a"), "*"), 1)
        _ = try index.add(glob(room("a"), "?"), 1)
        _ = try index.add(glob(room("a"), "?"), 2)
        refuses(glob(room("a"), "x"), .tooManyGlobs(limit: 2))
        refuses(.wildcard([[UInt8]?](repeating: nil, count: 9)), .tooManyWildcards(limit: 8))
        refuses(.wildcard([]), .emptyPattern)
        refuses(.exact(Room()), .emptyPattern)
        refuses(
            .wildcard([[UInt8]?](repeating: [], count: 33)), .tooManySegments(limit: 32))
        refuses(
            .wildcard([[UInt8](repeating: 0, count: 200), [UInt8](repeating: 0, count: 55)]),
            .tooLong(limit: 255))
        refuses(.prefix([UInt8](repeating: 0x61, count: 256)), .tooLong(limit: 255))
        index.checkInvariants()
        #expect(index.subscriptionCount == 7)
    }

    @Test("leaves out and counts what one publication may not meet any more")
    func cutMatches() throws {
        var limits = IndexLimits()
        limits.nodesPerMatch = 2
        let index = Subject(limits: limits)
        for pattern in [.exact(room("a")), prefix(""), wildcard(nil)] {
            _ = try index.add(pattern, 1)
        }
        #expect(index.deliveries(to: room("a")).count == 2)
        #expect(index.cutMatchCount == 1)
    }

    @Test("covers nothing without a family, and nothing at all when told not to keep postings")
    func coveringLimits() throws {
        let index = Subject()
        _ = try index.add(.exact(room("k", "1")), 1)
        #expect(index.deliveries(covering: [nil, nil]).isEmpty)
        #expect(index.deliveries(covering: []).isEmpty)
        #expect(index.deliveries(covering: [[0x6B], nil]).count == 1)
        let endless: [[UInt8]?] = [[0x6B]] + [[UInt8]?](repeating: nil, count: 40)
        #expect(index.deliveries(covering: endless).isEmpty)
        var limits = IndexLimits()
        limits.answersCoveringPublishes = false
        let lean = Subject(limits: limits)
        let entry = try lean.add(.exact(room("k", "1")), 1)
        #expect(lean.deliveries(covering: [[0x6B], nil]).isEmpty)
        lean.remove(entry)
        lean.checkInvariants()
    }

    @Test("makes posting lists of a family that came before its first covering publish")
    func latePostings() throws {
        let index = Subject()
        var entries: [EntryID] = []
        for number in UInt32(0)..<300 {
            entries.append(try index.add(.exact(room("k", "\(number % 3)", "\(number)")), number))
        }
        for number in UInt32(300)..<400 {
            let parent = room("k", "\(number % 3)", "\(number)")
            entries.append(try index.add(glob(parent, "*"), number))
        }
        index.checkInvariants()
        let covered = index.deliveries(covering: [Array("k".utf8), Array("1".utf8), nil])
        #expect(covered.map(\.connection) == (0..<400).filter { $0 % 3 == 1 })
        index.checkInvariants()
        // Who comes now is posted at once.
        entries.append(try index.add(.exact(room("k", "1", "x")), 400))
        index.checkInvariants()
        #expect(index.deliveries(covering: [Array("k".utf8), nil, Array("x".utf8)]).count == 1)
        for entry in entries { index.remove(entry) }
        index.checkInvariants()
        #expect(index.deliveries(covering: [Array("k".utf8), nil, nil]).isEmpty)
    }

    @Test("covers those who are posted and those who are not yet, while both come and go")
    func partlyPosted() throws {
        for seed in UInt64(1)...10 {
            var random = SeededRandom(seed: seed)
            var limits = IndexLimits()
            limits.scannedRoomsPerFamily = 0
            let index = Subject(limits: limits)
            var entries: [(entry: EntryID, number: UInt32)] = []
            var next: UInt32 = 0
            func add() throws {
                let pattern: Pattern =
                    next % 5 == 0
                    ? wildcard("k", next % 2 == 0 ? nil : "\(next % 3)", "\(next)")
                    : .exact(room("k", "\(next % 3)", "\(next)"))
                entries.append((try index.add(pattern, next), next))
                next += 1
            }
            for _ in 0..<100 { try add() }
            // Every publication posts some; the family is empty and begins anew in between.
            for step in 0..<120 {
                let covered = index.deliveries(covering: [Array("k".utf8), Array("1".utf8), nil])
                var expected: [UInt32] = []
                for (_, number) in entries where number % 3 == 1 || number % 10 == 0 {
                    expected.append(number)
                }
                #expect(covered.map(\.connection) == expected.sorted(), "seed \(seed)")
                let everybody = index.deliveries(covering: [Array("k".utf8), nil, nil])
                #expect(everybody.count == entries.count, "seed \(seed)")
                index.checkInvariants()
                for _ in 0..<Int.random(in: 0..<4, using: &random) { try add() }
                for _ in 0..<Int.random(in: 0..<4, using: &random) where !entries.isEmpty {
                    let place = Int.random(in: 0..<entries.count, using: &random)
                    index.remove(entries.remove(at: place).entry)
                }
                if step == 60 {
                    while let last = entries.popLast() { index.remove(last.entry) }
                    for _ in 0..<50 { try add() }
                }
            }
        }
    }

    @Test("finds names that are too long to be kept inside a node or a remembered room")
    func longNames() throws {
        let index = Subject()
        let names = [20, 30, 31, 32, 33, 70, 71, 72, 73, 120].map {
            String(repeating: "n", count: $0)
        }
        var entries: [EntryID] = []
        for (number, name) in names.enumerated() {
            let connection = UInt32(number)
            for pattern in [
                .exact(room(name, "a")), wildcard(name, nil), prefix("\(name).a"),
                glob(room(name), "[a]"), glob(room(name, "a"), name + "*"),
            ] {
                entries.append(try index.add(pattern, connection))
                #expect(
                    index.patterns(matching: room(name, "a")).contains(pattern)
                        || index.patterns(matching: room(name, "a", name)).contains(pattern))
            }
        }
        for _ in 0..<2 {
            for (number, name) in names.enumerated() {
                let connections = index.deliveries(to: room(name, "a")).map(\.connection)
                #expect(connections == [UInt32](repeating: UInt32(number), count: 4))
            }
        }
        index.checkInvariants()
        for entry in entries { index.remove(entry) }
        index.checkInvariants()
        #expect(index.patternCount == 0)
    }

    @Test("stops when a subscription is removed twice")
    func removedTwice() async {
        await #expect(processExitsWith: .failure) {
            let index = Subject()
            let entry = try index.add(.exact(room("a")), 1)
            index.remove(entry)
            index.remove(entry)
        }
    }
}

/// One seeded sequence of changes and publications, compared step by step.
struct RandomRun {
    private let seed: UInt64
    private var random: SeededRandom
    private let index: Subject
    private var naive = NaiveIndex()
    private var entries: [EntryID] = []

    init(seed: UInt64, limits: IndexLimits) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        index = Subject(limits: limits)
    }

    mutating func go(steps: Int) throws {
        for step in 0..<steps {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4: try add()
            case 4..<6: remove()
            case 6: compareCovering(step)
            default: compareMatch(step)
            }
            if step % 97 == 0 { index.checkInvariants() }
        }
        #expect(index.subscriptionCount == entries.count, "seed \(seed)")
        while !entries.isEmpty { remove() }
        index.checkInvariants()
    }

    private mutating func add() throws {
        let pattern = anyPattern()
        let realm = anyRealm()
        let envelopeClass = EnvelopeClass(rawValue: .random(in: 0..<3, using: &random))
        let connection = UInt32.random(in: 0..<50, using: &random)
        let entry = try index.add(
            pattern, connection, class: envelopeClass.rawValue, in: realm)
        #expect(naive.subscriptions[entry.rawValue] == nil, "seed \(seed): an entry in use")
        naive.subscriptions[entry.rawValue] = .init(
            pattern: pattern, realm: realm, envelopeClass: envelopeClass, connection: connection)
        entries.append(entry)
    }

    private mutating func remove() {
        guard let place = entries.indices.randomElement(using: &random) else { return }
        let entry = entries.remove(at: place)
        index.remove(entry)
        naive.subscriptions[entry.rawValue] = nil
    }

    private mutating func compareMatch(_ step: Int) {
        let room = anyRoom()
        let realm = anyRealm()
        let expected = naive.match(room, in: realm)
        if index.deliveries(to: room, in: realm) != expected {
            Issue.record("seed \(seed), step \(step): \(room.text)")
        }
    }

    private mutating func compareCovering(_ step: Int) {
        let realm = anyRealm()
        let components = anyComponents()
        let expected = naive.match(covering: components, literal(components), in: realm)
        if index.deliveries(covering: components, in: realm) != expected {
            Issue.record("seed \(seed), step \(step): \(components)")
        }
    }

    private mutating func anyRealm() -> Realm {
        Realm(rawValue: .random(in: 0..<2, using: &random))
    }

    private mutating func anySegment() -> String {
        ["", "a", "b", "ab", "a.b"].randomElement(using: &random)!
    }

    private mutating func anyRoom() -> Room {
        var segments: [String] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) { segments.append(anySegment()) }
        return room(segments)
    }

    private mutating func anyComponents() -> [[UInt8]?] {
        var components: [[UInt8]?] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            components.append(Bool.random(using: &random) ? nil : Array(anySegment().utf8))
        }
        return components
    }

    private mutating func anyPattern() -> Pattern {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return .exact(anyRoom())
        case 1:
            var dotted = Array(anyRoom().segments.joined(separator: [0x2E]))
            dotted.removeLast(Int.random(in: 0...dotted.count, using: &random))
            return .prefix(dotted)
        case 2: return .wildcard(anyComponents())
        default:
            let text = ["*", "?", "a*", "[ab]*", "", "*b", "a.b"].randomElement(using: &random)!
            return glob(anyRoom(), text)
        }
    }
}

/// The room that stands for all that a publication covers.
private func literal(_ components: [[UInt8]?]) -> Room {
    var room = Room()
    for component in components {
        let segment = component ?? [0x2A]
        // Longer than any room: it matches nothing, and neither does what it stands for.
        guard (try? room.append(segment.raw)) != nil else { return Room() }
    }
    return room
}
