// RoleRules — the rules of one role, arranged for the question "which of you decides here?"
//
// For a room: exact rules are a hash table. Prefixes are sorted; the last one that is not behind
// the room's name begins with the longest prefix of that name, so that one is found by following
// links from each prefix to the longest one that it begins with itself. Wildcards stand by their
// length, best first. For patterns, which are asked for when somebody subscribes or registers, all
// rules are walked from the most specific one down.

internal import Rooms

/// Immutable; a class, because a structure would be copied out of its array for every question,
/// with one shared reference count for each of its parts.
final class RoleRules: Sendable {
    /// A rule without its pattern.
    struct Verdict: Sendable {
        let allowed: Permissions.Actions
        let grant: Permissions.Grant

        func grant(_ action: Permissions.Action) -> Permissions.Grant? {
            allowed.contains(Permissions.Actions(action)) ? grant : nil
        }
    }

    private struct Prefix: Sendable {
        let octets: [UInt8]
        let verdict: Verdict
        /// The longest other one that this one begins with, or -1.
        var next = -1
    }

    private struct Ranked: Sendable {
        let pattern: Pattern
        let rank: UInt64
        let verdict: Verdict
    }

    /// The verdict everywhere, if there is but one rule and that is the empty prefix.
    let blanket: Verdict?
    private let exact: [Room: Verdict]
    /// In octet order.
    private let prefixes: [Prefix]
    /// By number of segments, best first; empty or one place for each possible number.
    private let wildcards: [[Ranked]]
    /// All rules, most specific first, their patterns simplified.
    private let ranked: [Ranked]

    init(_ rules: [Permissions.Rule]) {
        var latest: [Pattern: Int] = [:]
        for index in rules.indices { latest[rules[index].pattern] = index }
        var exact: [Room: Verdict] = [:]
        var prefixes: [Prefix] = []
        var wildcards: [[Ranked]] = []
        var ranked: [Ranked] = []
        for (index, rule) in rules.enumerated() where latest[rule.pattern] == index {
            // A pattern that no room matches also is one that has no rank.
            guard let simplified = rule.pattern.simplified else { continue }
            let verdict = Verdict(
                allowed: rule.allowed,
                grant: .init(disclosure: rule.disclosure, mayTakeOver: rule.mayTakeOver))
            let rank = Registration.rank(of: rule.pattern)
            ranked.append(Ranked(pattern: simplified, rank: rank, verdict: verdict))
            switch rule.pattern {
            case .exact(let room): exact[room] = verdict
            case .prefix(let octets): prefixes.append(Prefix(octets: octets, verdict: verdict))
            case .wildcard(let components):
                if wildcards.isEmpty {
                    wildcards = .init(repeating: [], count: Room.segmentLimit + 1)
                }
                wildcards[components.count].append(
                    Ranked(pattern: rule.pattern, rank: rank, verdict: verdict))
            case .glob: preconditionFailure("a rule refuses globs")
            }
        }
        ranked.sort { $0.rank > $1.rank }
        for count in wildcards.indices { wildcards[count].sort { $0.rank > $1.rank } }
        self.ranked = ranked
        self.exact = exact
        self.prefixes = Self.linked(prefixes)
        self.wildcards = wildcards
        if ranked.count == 1, case .prefix([]) = ranked[0].pattern {
            blanket = ranked[0].verdict
        } else {
            blanket = nil
        }
    }

    private static func linked(_ unsorted: [Prefix]) -> [Prefix] {
        var prefixes = unsorted.sorted { $0.octets.lexicographicallyPrecedes($1.octets) }
        for index in prefixes.indices.dropFirst() {
            // Whatever this one begins with, the one before it begins with, too, or is it.
            var next = index - 1
            while next >= 0, !prefixes[index].octets.starts(with: prefixes[next].octets) {
                next = prefixes[next].next
            }
            prefixes[index].next = next
        }
        return prefixes
    }

    // MARK: Deciding

    /// For a room that has a segment.
    func grant(_ action: Permissions.Action, on room: Room) -> Permissions.Grant? {
        verdict(on: room)?.grant(action)
    }

    private func verdict(on room: Room) -> Verdict? {
        if !exact.isEmpty, let verdict = exact[room] { return verdict }
        if let verdict = longestPrefix(of: room) { return verdict }
        if wildcards.isEmpty { return nil }
        return wildcards[room.segmentCount].first { $0.pattern.matches(room) }?.verdict
    }

    private func longestPrefix(of room: Room) -> Verdict? {
        // The first prefix behind the name, and how the name stands to the one before it.
        var low = 0
        var high = prefixes.count
        var order = NameOrder.after
        while low < high {
            let middle = (low + high) / 2
            let middleOrder = room.order(after: prefixes[middle].octets)
            if middleOrder == .before {
                high = middle
            } else {
                low = middle + 1
                order = middleOrder
            }
        }
        var place = low - 1
        while place >= 0 {
            if order == .begins { return prefixes[place].verdict }
            place = prefixes[place].next
            if place >= 0 { order = room.order(after: prefixes[place].octets) }
        }
        return nil
    }

    func grant(_ action: Permissions.Action, on pattern: Pattern) -> Permissions.Grant? {
        guard let asked = pattern.simplified else { return nil }
        if case .exact(let room) = asked { return grant(action, on: room) }
        if let blanket { return blanket.grant(action) }
        var mayTakeOver = true
        // Rules of one rank have no room in common, so one before the deciding rule that shares a
        // room with what was asked for really is more specific.
        for rule in ranked {
            if rule.pattern.contains(asked) {
                guard let grant = rule.verdict.grant(action) else { return nil }
                return .init(
                    disclosure: grant.disclosure, mayTakeOver: grant.mayTakeOver && mayTakeOver)
            }
            guard rule.pattern.overlaps(asked) else { continue }
            guard let grant = rule.verdict.grant(action) else { return nil }
            mayTakeOver = mayTakeOver && grant.mayTakeOver
        }
        return nil
    }
}
