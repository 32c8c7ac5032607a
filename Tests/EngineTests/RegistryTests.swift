import DialectKit
import Rooms
import Synchronization
import Testing

@testable import Engine

@Suite("registry")
struct RegistryTests {
    private static let dialect = DialectID(rawValue: 1)
    private static let other = DialectID(rawValue: 2)

    private static func room(_ name: String) -> Room {
        let octets = Array(name.utf8)
        return try! Room(dotted: unsafe octets.span.bytes)
    }

    private static func glob(_ parent: String, _ text: String) -> Pattern {
        .glob(parent: room(parent), try! Glob(text: text))
    }

    @Test("a server may announce as often as it likes")
    func announcements() {
        // Each call wrapped the announcer twice more, until one overflowed the stack.
        let registry = Registry()
        let count = Atomic<Int>(0)
        registry.attach { _ in count.wrappingAdd(1, ordering: .relaxed) }
        let publication = Publication(
            realm: .standard, room: Self.room("a"), payload: .value(Array("1".utf8)))
        for _ in 0..<200_000 { registry.announce(publication) }
        #expect(count.load(ordering: .relaxed) == 200_000)
    }

    @Test("sessions are counted by dialect and realm")
    func sessions() {
        let registry = Registry()
        let realm = Realm(rawValue: 7)
        registry.opened(Self.dialect, in: .standard)
        registry.opened(Self.dialect, in: .standard)
        registry.opened(Self.dialect, in: realm)
        registry.opened(Self.other, in: .standard)
        registry.closed(Self.dialect, in: .standard)
        #expect(registry.connectionCount(of: Self.dialect, in: .standard) == 1)
        #expect(registry.connectionCount(of: Self.dialect, in: realm) == 1)
        #expect(registry.connectionCount(of: Self.other, in: .standard) == 1)
        #expect(registry.connectionCount(of: Self.other, in: realm) == 0)
    }

    @Test("subscriptions are listed in the order in which they came to be")
    func order() {
        let registry = Registry()
        let patterns = ["b", "a", "c", "d", "e"].map { Self.glob($0, "*") }
        for pattern in patterns { registry.subscribed(pattern, Self.dialect, in: .standard) }
        registry.subscribed(patterns[3], Self.dialect, in: .standard)
        registry.unsubscribed(patterns[1], Self.dialect, in: .standard)
        registry.subscribed(patterns[1], Self.dialect, in: .standard)
        let listed = registry.subscriptions(of: Self.dialect, in: .standard)
        #expect(listed.map(\.pattern) == [0, 2, 3, 4, 1].map { patterns[$0] })
        #expect(listed.map(\.subscriberCount) == [1, 1, 2, 1, 1])
        #expect(registry.subscriptions(of: Self.other, in: .standard).isEmpty)
    }

    @Test("whether anybody subscribes under a parent is known until the last one goes")
    func parents() {
        let registry = Registry()
        let (first, second) = (Self.glob("a.b", "*"), Self.glob("a.b", "x*"))
        registry.subscribed(first, Self.dialect, in: .standard)
        registry.subscribed(second, Self.dialect, in: .standard)
        func isHeld(_ name: String, _ dialect: DialectID = Self.dialect) -> Bool {
            registry.hasSubscribers(under: Self.room(name), of: dialect, in: .standard)
        }
        #expect(isHeld("a.b"))
        #expect(!isHeld("a") && !isHeld("a.b.c") && !isHeld("a.b", Self.other))
        registry.unsubscribed(first, Self.dialect, in: .standard)
        #expect(isHeld("a.b"))
        registry.unsubscribed(second, Self.dialect, in: .standard)
        #expect(!isHeld("a.b"))
    }

    @Test("interest in a room is that of a pattern which may match it, not of a room in its bucket")
    func interest() {
        let registry = Registry()
        var core = CoreInterest(registry.interest, core: 0)
        func set(_ pattern: Pattern, _ isHeld: Bool, in realm: Realm = .standard) {
            if isHeld {
                core.add(pattern, in: realm)
                registry.subscribed(pattern, Self.other, in: realm)
            } else {
                core.remove(pattern, in: realm)
                registry.unsubscribed(pattern, Self.other, in: realm)
            }
        }
        func isWanted() -> Bool {
            registry.hasInterest(in: Self.room("a.b.c"), of: .standard)
        }
        #expect(!isWanted())
        // So many that the summary has a bit in every bucket.
        for number in 0..<(10 * InterestSummary.bucketCount) {
            set(.exact(Self.room("x.\(number)")), true)
        }
        #expect(registry.interest.cores(for: Self.room("a.b.c"), in: .standard) != 0)
        #expect(!isWanted())
        let matching: [Pattern] = [
            .exact(Self.room("a.b.c")), Self.glob("a.b", "*"), Self.glob("a.b.c", "*"),
            .prefix(Array("a.".utf8)), .wildcard([nil, Array("b".utf8), nil]),
        ]
        for pattern in matching {
            set(pattern, true)
            #expect(isWanted(), "\(pattern)")
            set(pattern, false)
            #expect(!isWanted(), "\(pattern)")
        }
        set(matching[0], true, in: Realm(rawValue: 1))
        set(Self.glob("a", "*"), true)
        #expect(!isWanted())
    }

    @Test("ending what does not exist changes nothing")
    func unknown() {
        let registry = Registry()
        registry.unsubscribed(Self.glob("a", "*"), Self.dialect, in: .standard)
        #expect(registry.subscriptions(of: Self.dialect, in: .standard).isEmpty)
    }

    @Test("counts the patterns of each dialect, however many subscribe to them")
    func patternCounts() {
        let registry = Registry()
        registry.subscribed(Self.glob("a", "*"), Self.dialect, in: .standard)
        registry.subscribed(Self.glob("a", "*"), Self.dialect, in: .standard)
        registry.subscribed(Self.glob("b", "*"), Self.dialect, in: .standard)
        #expect(registry.subscribedPatternCount(of: Self.dialect, in: .standard) == 2)
        registry.unsubscribed(Self.glob("a", "*"), Self.dialect, in: .standard)
        #expect(registry.subscribedPatternCount(of: Self.dialect, in: .standard) == 2)
        registry.unsubscribed(Self.glob("a", "*"), Self.dialect, in: .standard)
        #expect(registry.subscribedPatternCount(of: Self.dialect, in: .standard) == 1)
    }
}
