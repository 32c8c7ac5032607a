import Bytes
import Testing

@testable import Rooms

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
            // At some seeds nearly nothing that reaches three lists is remembered.
            if seed % 4 == 0 { limits.rememberedLists = 4 }
            limits.scannedRoomsPerFamily = scannedRooms
            var run = RandomRun(seed: seed, limits: limits)
            try run.go(steps: 400)
        }
    }

    @Test("gives back everything when everybody has left")
    func quiescent() throws {
        var random = SplitMix64(seed: 5)
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
        var random = SplitMix64(seed: 11)
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
