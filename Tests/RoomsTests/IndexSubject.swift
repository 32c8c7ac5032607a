// IndexSubject — the index under test: asked in one line, and held against the naive one by seeds.

import Bytes
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

/// One seeded sequence of changes and publications, compared step by step.
struct RandomRun {
    private let seed: UInt64
    private var random: SplitMix64
    private let index: Subject
    private var naive = NaiveIndex()
    private var entries: [EntryID] = []

    init(seed: UInt64, limits: IndexLimits) {
        self.seed = seed
        random = SplitMix64(seed: seed)
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
func literal(_ components: [[UInt8]?]) -> Room {
    var room = Room()
    for component in components {
        let segment = component ?? [0x2A]
        // Longer than any room: it matches nothing, and neither does what it stands for.
        guard (try? room.append(segment.raw)) != nil else { return Room() }
    }
    return room
}
