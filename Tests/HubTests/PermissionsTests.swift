import Bytes
import Rooms
import Testing

@testable import Hub

private typealias Rule = Permissions.Rule

extension Permissions {
    /// A table of one role.
    fileprivate init(_ rules: [Rule]) { self.init(roles: [Role(name: "user", rules: rules)]) }

    fileprivate func grant(_ action: Action, _ pattern: Pattern) -> Grant? {
        role(named: "user").flatMap { grant(action, on: pattern, to: $0) }
    }

    fileprivate func allows(_ action: Action, _ pattern: Pattern) -> Bool {
        grant(action, pattern) != nil
    }
}

@Suite("permissions of a role")
struct PermissionsTests {
    @Test("no rule and no role are denials")
    func nothing() {
        #expect(!Permissions([]).allows(.call, exact("a")))
        #expect(Permissions(roles: []).role(named: "user") == nil)
        let unknown = Permissions.RoleID(rawValue: 7)
        #expect(Permissions([]).grant(.call, on: room("a"), to: unknown) == nil)
        #expect(Permissions([]).grant(.call, on: prefix("a"), to: unknown) == nil)
    }

    @Test("an open table lets every role do everything")
    func open() throws {
        for name in ["anonymous", "", "whoever"] {
            let role = try #require(Permissions.open.role(named: name))
            for action in Permissions.Action.allCases {
                for pattern in SmallWorld.asked {
                    let grant = Permissions.open.grant(action, on: pattern, to: role)
                    #expect(grant == .init(disclosure: .onRequest, mayTakeOver: true))
                }
                #expect(Permissions.open.grant(action, on: room("a.b"), to: role) != nil)
                #expect(Permissions.open.grant(action, on: Room(), to: role) == nil)
            }
        }
    }

    @Test("roles are told apart, and the later of two with one name counts")
    func roles() throws {
        let table = Permissions(roles: [
            .init(name: "a", rules: [Rule(prefix(""), allows: .call)]),
            .init(name: "b", rules: [Rule(prefix(""), allows: .publish)]),
            .init(name: "a", rules: [Rule(prefix(""), allows: .subscribe)]),
        ])
        let first = try #require(table.role(named: "a"))
        let second = try #require(table.role(named: "b"))
        #expect(table.grant(.call, on: room("x"), to: first) == nil)
        #expect(table.grant(.subscribe, on: room("x"), to: first) != nil)
        #expect(table.grant(.publish, on: room("x"), to: second) != nil)
        #expect(table.grant(.subscribe, on: room("x"), to: second) == nil)
    }

    @Test("the most specific rule decides alone: exact, longest prefix, wildcard from the left")
    func specificity() {
        let table = Permissions([
            Rule(wildcard("com..x"), allows: .call),
            Rule(wildcard("com.a."), allows: .register),
            Rule(wildcard("..x"), allows: .all),
            Rule(prefix("com.app"), allows: .publish),
            Rule(prefix("com.app.s"), allows: .subscribe),
            Rule(exact("com.app.secret"), allows: []),
        ])
        #expect(table.allows(.call, exact("com.b.x")))
        #expect(!table.allows(.call, exact("com.a.x")))
        #expect(table.allows(.register, exact("com.a.x")))
        #expect(table.allows(.publish, exact("org.a.x")))
        // The prefix comes before every wildcard, also where only a wildcard allows.
        #expect(!table.allows(.call, exact("com.app.x")))
        #expect(table.allows(.publish, exact("com.application")))
        #expect(!table.allows(.publish, exact("com.app.shop")))
        #expect(table.allows(.subscribe, exact("com.app.shop")))
        #expect(!table.allows(.subscribe, exact("com.app.secret")))
    }

    @Test("a pattern is allowed inside one rule only, whatever its text looks like")
    func containment() {
        let table = Permissions([
            Rule(prefix("com.shop."), allows: .subscribe),
            Rule(wildcard("org..news"), allows: .subscribe),
        ])
        for inside in [
            prefix("com.shop."), prefix("com.shop.order"), wildcard("com.shop."),
            wildcard("com.shop..x"), wildcard("org..news"), wildcard("org.a.news"),
            exact("com.shop.x"), .glob(parent: room("com.shop"), try! Glob(text: "?*")),
        ] { #expect(table.allows(.subscribe, inside)) }
        for outside in [
            prefix("com.shop"), prefix("com."), prefix(""), wildcard("com.."), wildcard("..x"),
            wildcard("org.."), prefix("org."), wildcard("com..x"), exact("com.shop"),
            .glob(parent: room("com.shop"), try! Glob(text: "*")),
        ] { #expect(!table.allows(.subscribe, outside)) }
    }

    @Test("a denial inside denies the whole pattern, and only where the two meet")
    func denialsInside() {
        let table = Permissions([
            Rule(prefix("com."), allows: .all),
            Rule(prefix("com.secret"), allows: .call),
            Rule(exact("com.x.hidden"), allows: []),
        ])
        #expect(!table.allows(.subscribe, prefix("com.")))
        #expect(table.allows(.subscribe, prefix("com.y")))
        #expect(!table.allows(.subscribe, prefix("com.s")))
        #expect(!table.allows(.subscribe, prefix("com.x")))
        #expect(!table.allows(.subscribe, wildcard("com.x.")))
        #expect(!table.allows(.subscribe, wildcard("com..hidden")))
        #expect(table.allows(.subscribe, wildcard("com.y.")))
        #expect(table.allows(.call, prefix("com.s")))
        #expect(table.allows(.subscribe, .glob(parent: room("com.x"), try! Glob(text: "s*"))))
        #expect(!table.allows(.subscribe, .glob(parent: room("com.x"), try! Glob(text: "h*"))))
        #expect(!table.allows(.subscribe, .glob(parent: room("com"), try! Glob(text: "secret*"))))
    }

    @Test(
        "disclosure and taking over come from the deciding rule; all inside must allow taking over")
    func grants() {
        let table = Permissions([
            Rule(prefix("com."), allows: .all, disclosure: .always, mayTakeOver: true),
            Rule(exact("com.a.b"), allows: .all, disclosure: .never),
        ])
        #expect(table.grant(.call, exact("com.x")) == .init(disclosure: .always, mayTakeOver: true))
        #expect(table.grant(.call, exact("com.a.b")) == .init(disclosure: .never))
        #expect(table.grant(.register, prefix("com.a")) == .init(disclosure: .always))
        #expect(table.grant(.register, prefix("com.b"))?.mayTakeOver == true)
    }

    @Test(
        "of two rules with one pattern the later one counts; one that matches nothing is harmless")
    func oddRules() {
        let table = Permissions([
            Rule(prefix("a"), allows: .all), Rule(prefix("a"), allows: .call),
            Rule(.wildcard(.init(repeating: nil, count: 40)), allows: .all),
            Rule(.prefix(.init(repeating: 0x61, count: 300)), allows: []),
            Rule(.exact(Room()), allows: .all), Rule(.wildcard([]), allows: .all),
        ])
        #expect(table.allows(.call, exact("a")))
        #expect(!table.allows(.publish, exact("a")))
        #expect(table.allows(.call, prefix("a")))
        #expect(!table.allows(.call, .wildcard(.init(repeating: nil, count: 40))))
        #expect(!table.allows(.call, .exact(Room())))
    }

    @Test("identity goes along as configured, and asking where it never does is refused")
    func disclosure() {
        let answers = Permissions.Disclosure.allCases.map { disclosure in
            [false, true].map { disclosure.discloses(isRequested: $0) }
        }
        #expect(answers == [[false, true], [true, true], [false, nil]])
    }

    @Test("a rule for a glob stops us")
    func globRule() async {
        await #expect(processExitsWith: .failure) {
            _ = Permissions.Rule(.glob(parent: room("a"), .any), allows: .all)
        }
    }
}

/// The definition, by looking at every room of a small world.
private struct NaivePermissions {
    struct Entry {
        let pattern: Pattern
        let extent: [Bool]
        let allowed: Permissions.Actions
        let mayTakeOver: Bool
    }

    var entries: [Entry] = []

    /// Whether the first is more specific than the second.
    static func precedes(_ first: Pattern, _ second: Pattern) -> Bool {
        switch (first, second) {
        case (.exact, .exact): return false
        case (.exact, _): return true
        case (_, .exact): return false
        case (.prefix(let octets), .prefix(let others)): return octets.count > others.count
        case (.prefix, _): return true
        case (_, .prefix): return false
        case (.wildcard(let components), .wildcard(let others)):
            for (component, other) in zip(components, others) {
                if (component == nil) != (other == nil) { return component != nil }
            }
            return false
        default: return false
        }
    }

    func decider(of room: Int) -> Entry? {
        let matching = entries.filter { $0.extent[room] }
        return matching.first { entry in
            !matching.contains { Self.precedes($0.pattern, entry.pattern) }
        }
    }

    /// The grant of a pattern by the definition, from extents alone.
    func grant(_ action: Permissions.Actions, on extent: [Bool]) -> (Bool, mayTakeOver: Bool) {
        let holding = entries.filter { zip($0.extent, extent).allSatisfy { $0 || !$1 } }
        let decider = holding.first { entry in
            !holding.contains { Self.precedes($0.pattern, entry.pattern) }
        }
        guard let decider else { return (false, false) }
        let inside = entries.filter { entry in
            Self.precedes(entry.pattern, decider.pattern)
                && zip(entry.extent, extent).contains { $0 && $1 }
        }
        let all = inside + [decider]
        return (
            all.allSatisfy { $0.allowed.isSuperset(of: action) }, all.allSatisfy(\.mayTakeOver)
        )
    }
}

@Suite("permissions against a model")
struct PermissionsModelTests {
    @Test("rooms and patterns get what the definition says, in a world of all small rooms")
    func model() throws {
        let world = SmallWorld()
        let extents = SmallWorld.rulePatterns.map { world.extent(of: $0) }
        let asked = SmallWorld.asked.map { ($0, world.extent(of: $0)) }
        var grantCount = 0
        for seed: UInt64 in 1...60 {
            var random = SplitMix64(seed: seed)
            var naive = NaivePermissions()
            var rules: [Rule] = []
            for index in SmallWorld.rulePatterns.indices.shuffled(using: &random).prefix(
                Int.random(in: 1...8, using: &random))
            {
                let pattern = SmallWorld.rulePatterns[index]
                let allowed: Permissions.Actions =
                    Int.random(in: 0..<4, using: &random) == 0 ? .call : [.call, .subscribe]
                let mayTakeOver = Bool.random(using: &random)
                rules.append(Rule(pattern, allows: allowed, mayTakeOver: mayTakeOver))
                naive.entries.append(
                    .init(
                        pattern: pattern, extent: extents[index], allowed: allowed,
                        mayTakeOver: mayTakeOver))
            }
            let table = Permissions(rules)
            let role = try #require(table.role(named: "user"))
            var allowed: [Bool] = []
            for (index, room) in world.rooms.enumerated() {
                let entry = naive.decider(of: index)
                let expected = entry.flatMap {
                    $0.allowed.contains(.subscribe)
                        ? Permissions.Grant(mayTakeOver: $0.mayTakeOver) : nil
                }
                allowed.append(expected != nil)
                if table.grant(.subscribe, on: room, to: role) != expected {
                    Issue.record("seed \(seed): room \(room.text)")
                    return
                }
            }
            for (pattern, extent) in asked {
                let grant = table.grant(.subscribe, on: pattern, to: role)
                if grant != nil { grantCount += 1 }
                // Whatever the table says, no room may slip in that is denied by itself.
                if grant != nil, zip(extent, allowed).contains(where: { $0 && !$1 }) {
                    Issue.record("seed \(seed): \(pattern) lets a denied room in")
                }
                // A single room is decided like a room; globs are judged on the safe side.
                switch pattern.simplified {
                case .exact, .glob, nil: continue
                default: break
                }
                let expected = naive.grant(.subscribe, on: extent)
                if (grant != nil) != expected.0
                    || grant.map({ $0.mayTakeOver != expected.mayTakeOver }) ?? false
                {
                    Issue.record("seed \(seed): \(pattern)")
                }
            }
        }
        #expect(grantCount > 500)
    }

    @Test("the longest of many prefixes decides")
    func manyPrefixes() throws {
        for seed: UInt64 in 1...40 {
            var random = SplitMix64(seed: seed)
            var texts: Set<String> = []
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                let size = Int.random(in: 0...6, using: &random)
                texts.insert(
                    String((0..<size).map { _ in "ab.".randomElement(using: &random)! }))
            }
            let granted = texts.filter { _ in Bool.random(using: &random) }
            let table = Permissions(
                texts.map { Rule(prefix($0), allows: granted.contains($0) ? .all : []) })
            let role = try #require(table.role(named: "user"))
            for _ in 0..<200 {
                let size = Int.random(in: 0...8, using: &random)
                let name = String((0..<size).map { _ in "ab.".randomElement(using: &random)! })
                let longest = texts.filter { name.hasPrefix($0) }.max { $0.count < $1.count }
                let expected = longest.map { granted.contains($0) } ?? false
                if (table.grant(.call, on: room(name), to: role) != nil) != expected {
                    Issue.record("seed \(seed): \(name)")
                }
            }
        }
    }
}
