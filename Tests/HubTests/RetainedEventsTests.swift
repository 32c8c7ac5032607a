import Bytes
import Rooms
import Testing

@testable import Hub

/// Retained events that an expectation can ask: `#expect` cannot hold what is not copyable.
private final class Subject {
    private var events: RetainedEvents<String>

    init(limits: RetentionLimits = .standard) { events = RetainedEvents(limits: limits) }

    @discardableResult
    func retain(
        _ event: String, _ room: String, size: Int = 10, _ audience: Audience = .everybody,
        by publisher: UInt64? = nil
    ) -> UInt64 {
        defer { events.checkInvariants() }
        return events.retain(
            event, size: size, audience: audience, publisher: publisher, in: HubTests.room(room))
    }

    /// `room:event` of what a subscriber gets.
    func newest(
        _ pattern: Pattern, session: UInt64 = 1, authID: String = "u", authRole: String = "user",
        limit: Int = .max
    ) -> [String] {
        found(pattern, session: session, authID: authID, authRole: authRole, limit: limit)
            .map { "\($0.room.text):\($0.event)" }
    }

    func found(
        _ pattern: Pattern, session: UInt64 = 1, authID: String = "u", authRole: String = "user",
        limit: Int = .max
    ) -> [RetainedEvents<String>.Found] {
        events.newest(for: pattern, limit: limit) { audience, publisher in
            publisher != session
                && audience.admits(session: session, authID: authID, authRole: authRole)
        }
    }

    var lastOrder: UInt64 { events.lastOrder }
    var remains: [Int] { [events.roomCount, events.eventCount, events.size] }
    var evictedCount: UInt64 { events.evictedCount }
}

extension RetentionLimits {
    fileprivate init(events: Int = .max, size: Int = .max, narrow: Int = 16) {
        self.init()
        self.events = events
        self.size = size
        narrowEventsPerRoom = narrow
    }
}

@Suite("retained events")
struct RetainedEventsTests {
    @Test("a later subscriber gets the last event of the room, and nothing of others")
    func lastWins() {
        // wamp.md §18.7
        let events = Subject()
        events.retain("20.0", "com.app.temp")
        events.retain("21.5", "com.app.temp")
        #expect(events.newest(exact("com.app.temp")) == ["com.app.temp:21.5"])
        #expect(events.newest(exact("com.app")) == [])
        #expect(events.remains[1] == 1)
    }

    @Test("a pattern gets one event for each room, in the order of publication")
    func patterns() {
        let events = Subject()
        for (event, room) in [("1", "a.x"), ("2", "b.x"), ("3", "a.y"), ("4", "a.x"), ("5", "a")] {
            events.retain(event, room)
        }
        #expect(events.newest(prefix("a")) == ["a.y:3", "a.x:4", "a:5"])
        #expect(events.newest(prefix("a.")) == ["a.y:3", "a.x:4"])
        #expect(events.newest(wildcard(".x")) == ["b.x:2", "a.x:4"])
        #expect(events.newest(prefix(""), limit: 2) == ["a.x:4", "a:5"])
        #expect(events.newest(.glob(parent: room("a"), .any)) == ["a.y:3", "a.x:4", "a:5"])
        #expect(events.newest(prefix(""), limit: 0) == [])
    }

    @Test(
        "a narrow event stands beside the one for everybody, until there is a new one for everybody"
    )
    func narrow() {
        let events = Subject()
        events.retain("all", "t")
        events.retain("only 7", "t", Audience(eligible: [7]))
        events.retain("not guests", "t", Audience(excludeAuthRoles: ["guest"]))
        #expect(events.newest(exact("t"), session: 7) == ["t:not guests"])
        #expect(events.newest(exact("t"), session: 7, authRole: "guest") == ["t:only 7"])
        #expect(events.newest(exact("t"), session: 8, authRole: "guest") == ["t:all"])
        events.retain("new", "t")
        #expect(events.newest(exact("t"), session: 7) == ["t:new"])
        #expect(events.remains[1] == 1)
    }

    @Test("of narrow events the newest sixteen are kept; the one for everybody is not counted")
    func narrowLimit() {
        let events = Subject()
        events.retain("all", "t")
        for session: UInt64 in 1...20 {
            events.retain("\(session)", "t", Audience(eligible: [session]))
        }
        #expect(events.newest(exact("t"), session: 4) == ["t:all"])
        #expect(events.newest(exact("t"), session: 5) == ["t:5"])
        #expect(events.remains[1] == 17)
        #expect(events.evictedCount == 4)
    }

    @Test("the publishing session does not get its own event, a new session does")
    func publisher() {
        let events = Subject()
        events.retain("mine", "t", by: 1)
        #expect(events.newest(exact("t"), session: 1) == [])
        #expect(events.newest(exact("t"), session: 2) == ["t:mine"])
        events.retain("exclude_me:false", "t", by: nil)
        #expect(events.newest(exact("t"), session: 1) == ["t:exclude_me:false"])
    }

    @Test("the order counts up over all rooms, and what is found lies at or below the last one")
    func order() {
        let events = Subject()
        #expect(events.lastOrder == 0)
        #expect(["a", "b", "a"].map { events.retain("x", $0) } == [1, 2, 3])
        #expect(events.found(prefix("")).map(\.order) == [2, 3])
        #expect(events.lastOrder == 3)
    }

    @Test("a subscriber filled up to the last order that ignores what is live below gets all, once")
    func filling() {
        for seed: UInt64 in 1...100 {
            var random = SplitMix64(seed: seed)
            let events = Subject()
            var live: [(order: UInt64, text: String)] = []
            var got: [(order: UInt64, text: String)] = []
            let entered = Int.random(in: 0..<20, using: &random)
            let filled = Int.random(in: entered..<30, using: &random)
            var noted: UInt64 = 0
            var last: [String: String] = [:]
            for step in 0..<40 {
                let name = ["a", "b", "c"].randomElement(using: &random)!
                let order = events.retain("\(step)", name)
                last[name] = "\(name):\(step)"
                // What is posted from now on waits until the subscriber has been filled.
                if step >= entered { live.append((order, "\(name):\(step)")) }
                if step == filled {
                    got = events.found(prefix("")).map { ($0.order, "\($0.room.text):\($0.event)") }
                    noted = events.lastOrder
                }
            }
            got += live.filter { $0.order > noted }
            let orders = got.map(\.order)
            let isAscending = zip(orders, orders.dropFirst()).allSatisfy { $0 < $1 }
            let holdsLast = last.values.allSatisfy { text in got.contains { $0.text == text } }
            let holdsRest = orders.filter { $0 > noted }.count == 39 - filled
            if !isAscending || !holdsLast || !holdsRest { Issue.record("seed \(seed)") }
        }
    }

    @Test("too many events or octets cost the room that was quiet longest everything it had")
    func eviction() {
        let count = Subject(limits: .init(events: 3))
        for name in ["a", "b", "a", "c"] { count.retain(name, name) }
        count.retain("narrow", "a", Audience(eligible: [1]))
        #expect(count.newest(prefix(""), session: 2) == ["a:a", "c:c"])
        #expect(count.evictedCount == 1)
        // An event takes its octets and those of its room's name.
        let size = Subject(limits: .init(size: 33))
        for name in ["a", "b", "c"] { size.retain(name, name, size: 10) }
        #expect(size.remains == [3, 3, 33])
        size.retain("d", "d", size: 11)
        #expect(size.newest(prefix("")) == ["c:c", "d:d"])
    }

    @Test("a single room gives up its own oldest events")
    func evictionWithin() {
        let events = Subject(limits: .init(events: 2))
        events.retain("all", "t")
        events.retain("1", "t", Audience(eligible: [1]))
        events.retain("2", "t", Audience(eligible: [2]))
        #expect(events.newest(exact("t"), session: 1) == ["t:1"])
        #expect(events.newest(exact("t"), session: 3) == [])
    }

    @Test("an event larger than the limit is not kept, but ends what everybody would have got")
    func oversized() {
        let events = Subject(limits: .init(size: 50))
        events.retain("old", "t")
        #expect(events.retain("big", "t", size: 100, Audience(excludeAuthIDs: ["x"])) == 2)
        #expect(events.newest(exact("t")) == ["t:old"])
        #expect(events.retain("big", "t", size: 100) == 3)
        #expect(events.newest(exact("t")) == [])
        #expect(events.remains == [0, 0, 0])
        let none = Subject(limits: .init(events: 0))
        none.retain("x", "t")
        #expect(none.remains == [0, 0, 0])
    }
}

/// The same, as a list of everything that was retained and not given up.
private struct NaiveRetention {
    struct Item {
        let room: String
        let event: String
        let audience: Audience
        let publisher: UInt64?
        let size: Int
        let order: UInt64
    }

    let limits: RetentionLimits
    var items: [Item] = []
    var order: UInt64 = 0

    mutating func retain(
        _ event: String, _ room: String, _ size: Int, _ audience: Audience, _ publisher: UInt64?
    ) {
        order += 1
        if audience.isEverybody { items.removeAll { $0.room == room } }
        let item = Item(
            room: room, event: event, audience: audience, publisher: publisher,
            size: size + audience.size + room.utf8.count, order: order)
        guard item.size <= limits.size else { return }
        items.append(item)
        let narrow = items.filter { $0.room == room && !$0.audience.isEverybody }
        if narrow.count > limits.narrowEventsPerRoom {
            items.removeAll { $0.order == narrow[0].order }
        }
        while items.count > limits.events || items.reduce(0, { $0 + $1.size }) > limits.size {
            let last = Dictionary(items.map { ($0.room, $0.order) }, uniquingKeysWith: max)
            let quietest = last.min { $0.value < $1.value }!.key
            if quietest == room {
                items.removeFirst()
            } else {
                items.removeAll { $0.room == quietest }
            }
        }
    }

    func newest(_ pattern: Pattern, session: UInt64, _ authID: String, _ authRole: String)
        -> [String]
    {
        let admitted = items.filter {
            pattern.matches(HubTests.room($0.room)) && $0.publisher != session
                && $0.audience.admits(session: session, authID: authID, authRole: authRole)
        }
        let last = Dictionary(admitted.map { ($0.room, $0.order) }, uniquingKeysWith: max)
        return admitted.filter { last[$0.room] == $0.order }.map { "\($0.room):\($0.event)" }
    }
}

@Suite("retained events against a model")
struct RetainedEventsModelTests {
    @Test("every subscriber finds what the definition gives, under tight limits")
    func model() {
        let names = ["a", "b", "a.a", "a.b", "b.a", "b.b", "a.b.a"]
        let patterns =
            names.map { exact($0) } + ["", "a", "a.", "b"].map { prefix($0) }
            + ["", ".", "a.", ".b"].map { wildcard($0) }
        for seed: UInt64 in 1...150 {
            var random = SplitMix64(seed: seed)
            let limits = RetentionLimits(
                events: Int.random(in: 1...12, using: &random),
                size: Int.random(in: 30...800, using: &random),
                narrow: Int.random(in: 1...4, using: &random))
            let subject = Subject(limits: limits)
            var naive = NaiveRetention(limits: limits)
            for step in 0..<80 {
                let name = names.randomElement(using: &random)!
                let session = UInt64.random(in: 1...3, using: &random)
                let audience =
                    switch Int.random(in: 0..<6, using: &random) {
                    case 0: Audience(eligible: [session])
                    case 1: Audience(excludeAuthIDs: ["u\(session)"])
                    case 2: Audience(eligibleAuthRoles: ["user"])
                    default: Audience.everybody
                    }
                let publisher =
                    Bool.random(using: &random) ? UInt64.random(in: 1...3, using: &random) : nil
                let size = Int.random(in: 0...120, using: &random)
                subject.retain("\(step)", name, size: size, audience, by: publisher)
                naive.retain("\(step)", name, size, audience, publisher)
                let pattern = patterns.randomElement(using: &random)!
                let reader = UInt64.random(in: 1...3, using: &random)
                let role = Bool.random(using: &random) ? "user" : "guest"
                let found = subject.newest(
                    pattern, session: reader, authID: "u\(reader)", authRole: role)
                let expected = naive.newest(pattern, session: reader, "u\(reader)", role)
                let total = [naive.items.count, naive.items.reduce(0) { $0 + $1.size }]
                if found != expected || Array(subject.remains.dropFirst()) != total {
                    Issue.record("seed \(seed), step \(step): \(found), not \(expected)")
                    return
                }
            }
            if subject.lastOrder != naive.order { Issue.record("seed \(seed): order") }
        }
    }
}
