import Testing

@testable import Hub

@Suite("audiences")
struct AudienceTests {
    private func admitted(_ audience: Audience, _ sessions: [UInt64]) -> [UInt64] {
        sessions.filter { audience.admits(session: $0, authID: "u\($0)", authRole: "user") }
    }

    @Test("the transcript of filters: eligible without the excluded, and nobody at all")
    func transcript() {
        // wamp.md §18.8
        #expect(
            admitted(Audience(eligible: [100, 200], exclude: [200]), [100, 200, 300]) == [100])
        #expect(admitted(Audience(eligible: []), [100, 200, 300]) == [])
    }

    @Test("without lists, and with empty lists of excluded ones, it is everybody")
    func everybody() {
        let audiences: [Audience] = [
            .everybody, Audience(), Audience(exclude: [], excludeAuthIDs: [], excludeAuthRoles: []),
        ]
        for audience in audiences {
            #expect(audience.isEverybody)
            #expect(!audience.namesSessions)
            #expect(audience.admitsUnidentified)
            #expect(audience.size == 0)
            #expect(admitted(audience, [1, 2]) == [1, 2])
        }
    }

    @Test("sessions are named by either of their lists, not by the others")
    func namesSessions() {
        #expect(Audience(eligible: []).namesSessions)
        #expect(Audience(exclude: [1]).namesSessions)
        #expect(!Audience(eligibleAuthIDs: ["a"], excludeAuthRoles: ["b"]).namesSessions)
    }

    @Test("subscribers without identity pass unless somebody is eligible")
    func unidentified() {
        #expect(
            Audience(exclude: [1], excludeAuthIDs: ["a"], excludeAuthRoles: ["r"])
                .admitsUnidentified)
        #expect(!Audience(eligible: [1]).admitsUnidentified)
        #expect(!Audience(eligibleAuthIDs: []).admitsUnidentified)
        #expect(!Audience(eligibleAuthRoles: ["r"], exclude: [1]).admitsUnidentified)
    }

    @Test("a name is its octets, however it may be spelled otherwise")
    func spelling() {
        // Equal to Swift; and what peers send must not be sorted for being compared.
        let (composed, apart) = ("caf\u{E9}", "cafe\u{301}")
        let marks = "a" + String(repeating: "\u{301}\u{323}", count: 250_000)
        let others = (0..<20).map { "\($0)" } + [marks]
        for more in [[], [marks], others] {
            let named = [composed] + more
            let eligible = Audience(eligibleAuthIDs: named)
            let eligibleRoles = Audience(eligibleAuthRoles: named)
            let excluded = Audience(excludeAuthIDs: named)
            let excludedRoles = Audience(excludeAuthRoles: named)
            for (name, isNamed) in [(composed, true), (apart, false)] {
                #expect(eligible.admits(session: 1, authID: name, authRole: "") == isNamed)
                #expect(eligibleRoles.admits(session: 1, authID: "", authRole: name) == isNamed)
                #expect(excluded.admits(session: 1, authID: name, authRole: "") != isNamed)
                #expect(excludedRoles.admits(session: 1, authID: "", authRole: name) != isNamed)
            }
        }
    }

    @Test("its size grows with its lists")
    func size() {
        let few = Audience(eligible: [1], excludeAuthIDs: ["abc"])
        let many = Audience(eligible: Array(1...1000), excludeAuthIDs: ["abc"])
        #expect(few.size >= 11)
        #expect(many.size >= few.size + 8 * 999)
    }

    @Test("every combination of lists, short and long, admits what the table of §7.5 says")
    func model() {
        for seed: UInt64 in 1...400 {
            var random = SeededRandom(seed: seed)
            func list() -> [Int]? {
                switch Int.random(in: 0..<4, using: &random) {
                case 0, 1: return nil
                case 2:
                    return (0..<Int.random(in: 0...4, using: &random)).map { _ in
                        Int.random(in: 0..<6, using: &random)
                    }
                // Past eight elements it is a set.
                default: return (0..<20).map { _ in Int.random(in: 0..<16, using: &random) }
                }
            }
            let lists = (0..<6).map { _ in list() }
            func names(_ index: Int) -> [String]? { lists[index].map { $0.map(String.init) } }
            let audience = Audience(
                eligible: lists[0].map { $0.map(UInt64.init) }, eligibleAuthIDs: names(1),
                eligibleAuthRoles: names(2), exclude: lists[3].map { $0.map(UInt64.init) },
                excludeAuthIDs: names(4), excludeAuthRoles: names(5))
            var all = true
            for _ in 0..<60 {
                let values = (0..<3).map { _ in Int.random(in: 0..<16, using: &random) }
                let expected = (0..<3).allSatisfy {
                    lists[$0]?.contains(values[$0]) ?? true
                        && !(lists[$0 + 3]?.contains(values[$0]) ?? false)
                }
                let isAdmitted = audience.admits(
                    session: UInt64(values[0]), authID: String(values[1]),
                    authRole: String(values[2]))
                if isAdmitted != expected { Issue.record("seed \(seed): \(values)") }
                all = all && isAdmitted
            }
            if audience.isEverybody && !all { Issue.record("seed \(seed): not everybody") }
        }
    }
}
